/* Numbers: what every CPU gives the same for, whatever its registers hold. */
#include "check.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>

void check_float(void) {
    volatile double a = 1.5, b = 0.25, zero = 0.0, big = 9007199254740992.0;
    volatile float c = 16777216.0f;
    CHECK(a + b == 1.75 && a - b == 1.25 && a * b == 0.375 && a / b == 6.0);
    CHECK(sqrt(b) == 0.5 && floor(-a) == -2.0 && trunc(-a) == -1.0 && ldexp(a, 10) == 1536.0);
    CHECK(isinf(a / zero) && isnan(zero / zero) && zero / zero != zero / zero);
    CHECK((int64_t)big == INT64_C(9007199254740992) && (double)INT64_C(-9007199254740992) == -big);
    CHECK((float)(c + 2.0f) == 16777218.0f && (double)c == 16777216.0);
    CHECK((unsigned)(volatile double){4000000000.0} == 4000000000u && (int)(volatile double){-7.9} == -7);
    CHECK(fma(a, b, 1.0) == 1.375 && fmod(7.5, 2.0) == 1.5);
}

void check_float_text(void) {
    static const char *const texts[] = {"1.5", "-0.125", "1e+100", "6.25e-20", "123456789.25", "inf"};
    char written[64];
    for (size_t index = 0; index < sizeof texts / sizeof *texts; index++) {
        double value = strtod(texts[index], NULL);
        snprintf(written, sizeof written, "%.17g", value);
        if (strtod(written, NULL) != value) FAIL("%s: got %s", texts[index], written);
    }
    snprintf(written, sizeof written, "%.3f %g %Lg", 2.5, 1e-5, (long double)0.5);
    if (strcmp(written, "2.500 1e-05 0.5") != 0) FAIL("got %s", written);
}

void check_integers(void) {
    volatile uint64_t a = UINT64_C(0xfedcba9876543210), b = UINT64_C(0x123456789);
    volatile int64_t c = INT64_MIN + 1, d = 10;
    EQUAL(a / b, INT64_C(0xe0000000));
    EQUAL(a % b, INT64_C(0x96543210));
    EQUAL(a * b, (int64_t)UINT64_C(0xcccccccce1833a90));
    EQUAL(c / d, INT64_C(-922337203685477580));
    EQUAL(c % d, -7);
    EQUAL(a << 20 >> 40, INT64_C(0xa98765));
    EQUAL(c >> 60, -8);
    volatile int shift = 33;
    EQUAL((UINT64_C(1) << shift) | 1, INT64_C(0x200000001));
    EQUAL(__builtin_popcountll(a), 32);
    EQUAL(__builtin_clzll(b), 31);
    EQUAL(__builtin_bswap64(a), INT64_C(0x1032547698badcfe));
    long long sum;
    CHECK(__builtin_add_overflow(INT64_MAX, (int64_t)d, &sum));
    uint32_t low = (uint32_t)a;
    EQUAL((uint64_t)low * low >> 32, INT64_C(0x36b1b9d7));
}

void check_atomics(void) {
    volatile unsigned char byte = 250;
    volatile unsigned short half = 65530;
    volatile unsigned word = 4294967290u;
    volatile unsigned long wide = 5;
    EQUAL(__atomic_fetch_add(&byte, 10, __ATOMIC_SEQ_CST), 250);
    EQUAL(byte, 4);
    EQUAL(__atomic_add_fetch(&half, 10, __ATOMIC_SEQ_CST), 4);
    EQUAL(__atomic_fetch_or(&word, 15, __ATOMIC_SEQ_CST), 4294967290u);
    EQUAL(__atomic_exchange_n(&wide, 7, __ATOMIC_SEQ_CST), 5);
    unsigned long expected = 7;
    CHECK(__atomic_compare_exchange_n(&wide, &expected, 9, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    CHECK(!__atomic_compare_exchange_n(&wide, &expected, 11, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    EQUAL(expected, 9);
}

void check_unaligned(void) {
    struct __attribute__((packed)) {
        char before;
        uint16_t half;
        uint32_t word;
        uint64_t wide;
        double real;
    } volatile packed = {1, 0x1234, 0x56789abc, UINT64_C(0x123456789abcdef0), 2.5};
    EQUAL(packed.half, 0x1234);
    EQUAL(packed.word, 0x56789abc);
    EQUAL(packed.wide, INT64_C(0x123456789abcdef0));
    CHECK(packed.real == 2.5);
    char bytes[64];
    for (int offset = 0; offset < 16; offset++) {
        uint64_t value = UINT64_C(0x0102030405060708) * (unsigned)offset, read;
        memcpy(bytes + offset, &value, sizeof value);
        memmove(bytes + offset + 3, bytes + offset, sizeof value);
        memcpy(&read, bytes + offset + 3, sizeof read);
        EQUAL(read, value);
    }
}

void check_byte_order(void) {
    static const unsigned char expected[] = {0x12, 0x34, 0x56, 0x78};
    uint32_t sent = htonl(0x12345678), read_back = 0;
    EQUAL(memcmp(&sent, expected, 4), 0);
    union {
        uint16_t number;
        unsigned char bytes[2];
    } order = {0x0102};
    EQUAL(order.bytes[0], __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 1 : 2);
    int file = CALL(open("order", O_RDWR | O_CREAT | O_TRUNC, 0600));
    EQUAL(write(file, &sent, 4), 4);
    EQUAL(pread(file, &read_back, 4, 0), 4);
    EQUAL(ntohl(read_back), 0x12345678);
    unsigned char second = 0;
    EQUAL(pread(file, &second, 1, 1), 1);
    EQUAL(second, 0x34);
}
