/*
 * Checks for guests that Debian has a compiler for and no C library: a freestanding program (ISO C, 4, Conformance). It runs the check
 * that its first word names. 0: passed; 1: failed, with the reason on stderr; 77: the CPU has nothing to check.
 */
#include "system.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define CASE(name, function, what) static void function(void);
#include "cases.h"
#undef CASE

static const unsigned long *stack_at_start;

/* Functions that a compiler may call by itself. */
__attribute__((used, noinline)) void *memcpy(void *to, const void *from, size_t size) {
    volatile unsigned char *target = to;
    const unsigned char *source = from;
    while (size--) *target++ = *source++;
    return to;
}

__attribute__((used, noinline)) void *memset(void *to, int value, size_t size) {
    volatile unsigned char *target = to;
    while (size--) *target++ = (unsigned char)value;
    return to;
}

static size_t length(const char *text) {
    size_t size = 0;
    while (text[size]) size++;
    return size;
}

static int same(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

static void print(const char *text) {
    call(NR_WRITE, 2, (long)text, (long)length(text));
}

__attribute__((noreturn)) static void leave(int status) {
    for (;;) call(NR_EXIT, status, 0, 0);
}

static void fail(const char *condition) {
    print("expected ");
    print(condition);
    print("\n");
    leave(1);
}

#define CHECK(condition)                                                                                      \
    do {                                                                                                      \
        if (!(condition)) fail(#condition);                                                                   \
    } while (0)

/* Numbers that no compiler knows beforehand. (xorshift32, Marsaglia 2003) */
static uint32_t state = 2463534242u;
static uint32_t number(void) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static void bare_words(void) {
    const char *const *words = (const char *const *)(stack_at_start + 1);
    unsigned long count = stack_at_start[0];
    CHECK(count == 2);
    CHECK(length(words[0]) > 0);
    CHECK(same(words[1], "bare-words"));
    CHECK(words[2] == NULL);
    const unsigned long *next = stack_at_start + 1 + count + 1;
    while (*next) {
        const char *variable = (const char *)*next++;
        while (*variable && *variable != '=') variable++;
        CHECK(*variable == '=');
    }
    /* AT_PAGESZ, AT_ENTRY and AT_RANDOM of getauxval(3) */
    unsigned long page = 0, entry = 0, random = 0;
    for (next++; next[0]; next += 2) {
        if (next[0] == 6) page = next[1];
        if (next[0] == 9) entry = next[1];
        if (next[0] == 25) random = next[1];
    }
    extern const char _start[];
    CHECK(page >= 4096 && (page & (page - 1)) == 0);
    CHECK(entry == (unsigned long)_start);
    const unsigned char *bytes = (const unsigned char *)random;
    unsigned char any = 0;
    CHECK(bytes != NULL);
    for (int index = 0; index < 16; index++) any |= bytes[index];
    CHECK(any != 0);
}

/* Bit by bit, as no compiler does it. */
static uint64_t product(uint32_t a, uint32_t b) {
    uint64_t sum = 0, shifted = a;
    for (; b; b >>= 1, shifted += shifted)
        if (b & 1) sum += shifted;
    return sum;
}

static uint32_t quotient(uint32_t a, uint32_t b, uint32_t *rest) {
    uint32_t result = 0;
    uint64_t left = 0;
    for (uint32_t bit = 1u << 31; bit; bit >>= 1) {
        left = left + left + ((a & bit) != 0);
        if (left >= b) left -= b, result |= bit;
    }
    *rest = (uint32_t)left;
    return result;
}

static void bare_integers(void) {
    for (int round = 0; round < 2000; round++) {
        volatile uint32_t a = number(), b = number() >> (round & 31) | 1;
        uint64_t wide = product(a, b);
        CHECK(a * b == (uint32_t)wide);
#ifdef HAS_WIDE_PRODUCT
        CHECK((uint64_t)a * b == wide);
        int64_t negative = (int64_t)(int32_t)a * (int32_t)b;
        uint64_t expected = wide - ((a >> 31) ? (uint64_t)b << 32 : 0) - ((b >> 31) ? (uint64_t)a << 32 : 0);
        CHECK((uint64_t)negative == expected);
#endif
        uint32_t rest, result = quotient(a, b, &rest);
        CHECK(product(result, b) + rest == a);
#ifdef HAS_DIVISION
        CHECK(a / b == result);
        CHECK(a % b == rest);
#endif
        volatile int amount = round & 31;
        uint32_t doubled = a, halved = a;
        for (int step = 0; step < amount; step++) doubled += doubled, halved = (halved & ~1u) / 2;
        CHECK(a << amount == doubled);
        CHECK(a >> amount == halved);
        CHECK((uint32_t)((int32_t)a >> amount) == (halved | ((a >> 31) && amount ? ~0u << (32 - amount) : 0)));
        uint64_t left = (uint64_t)a << 32 | b, right = (uint64_t)b << 32 | a;
        uint64_t sum = left + right, difference = left - right;
        uint32_t low = b + a;
        CHECK((uint32_t)sum == low);
        CHECK((uint32_t)(sum >> 32) == a + b + (low < b));
        CHECK((uint32_t)(difference >> 32) == a - b - (b < a));
        CHECK((left < right) == (a < b || (a == b && b < a)));
    }
}

static void bare_bytes(void) {
    static volatile unsigned char bytes[32];
    for (int index = 0; index < 32; index++) bytes[index] = (unsigned char)(0x80 + index * 7);
    for (int index = 0; index < 24; index++) {
        struct {
            uint16_t half;
            uint32_t word;
        } __attribute__((packed)) const volatile *at = (const volatile void *)(bytes + index);
        uint32_t b[6];
        for (int place = 0; place < 6; place++) b[place] = bytes[index + place];
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        CHECK(at->half == (b[0] << 8 | b[1]));
        CHECK(at->word == (b[2] << 24 | b[3] << 16 | b[4] << 8 | b[5]));
#else
        CHECK(at->half == (b[1] << 8 | b[0]));
        CHECK(at->word == (b[5] << 24 | b[4] << 16 | b[3] << 8 | b[2]));
#endif
        CHECK(*(volatile signed char *)(bytes + index) == (int)b[0] - (b[0] > 127 ? 256 : 0));
    }
    static volatile union {
        uint64_t wide;
        uint16_t halves[4];
        int16_t signs[4];
    } shared;
    shared.wide = 0x8001c0027ffffffeull;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    const int first = 0, step = 1;
#else
    const int first = 3, step = -1;
#endif
    CHECK(shared.halves[first] == 0x8001 && shared.halves[first + step] == 0xc002);
    CHECK(shared.signs[first] == -0x7fff && shared.signs[first + step] == -0x3ffe);
    CHECK(shared.signs[first + 2 * step] == 0x7fff && shared.signs[first + 3 * step] == -2);
}

static void bare_float(void) {
#ifndef HAS_FLOAT
    print("no floating point\n");
    leave(77);
#else
    for (int round = 1; round < 1000; round++) {
        volatile float one = (float)round, half = 0.5f;
        CHECK((int)(one * 3.0f) == round * 3);
        CHECK((int)(one * half) == round / 2);
        CHECK(one + half > one && one - half < one);
        CHECK((int)(-one * half) == -(round / 2));
#ifdef HAS_DOUBLE
        volatile double wide = round, third = wide / 3.0;
        CHECK((int)(third * 3.0 + 0.5) == round);
        CHECK((double)(float)wide == wide);
        CHECK((int)(wide * 1000001.0 / 1000001.0 + 0.5) == round);
        CHECK((unsigned)(wide * 4000000.0) == (unsigned)round * 4000000u || round > 1073);
#endif
    }
    volatile float zero = 0.0f, infinite = 1e30f;
    infinite *= 1e30f;
    float none = infinite - infinite;
    CHECK(infinite > 3e38f);
    CHECK(none != none);
    CHECK(!(none < zero) && !(none > zero));
    union {
        float value;
        uint32_t bits;
    } shape = {.value = -2.5f};
    CHECK(shape.bits == 0xc0200000u);
#endif
}

struct pair {
    int64_t first;
    int second;
};

__attribute__((noinline)) static struct pair swapped(struct pair one, char a, short b, int64_t c) {
    return (struct pair){.first = one.second + a + c, .second = (int)one.first + b};
}

__attribute__((noinline)) static int sum(int count, ...) {
    va_list values;
    va_start(values, count);
    int total = 0;
    for (int index = 0; index < count; index++) total += va_arg(values, int) * (index + 1);
    va_end(values);
    return total;
}

__attribute__((noinline)) static long ten(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j) {
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j;
}

__attribute__((noinline)) static unsigned fibonacci(unsigned n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

__attribute__((noinline)) static int chosen(int n) {
    switch (n) {
    case 0: return 11;
    case 1: return 7;
    case 2: return 5;
    case 3: return 31;
    case 4: return 2;
    case 5: return 17;
    case 6: return 3;
    case 7: return 23;
    default: return -1;
    }
}

static int plus(int n) { return n + 1; }
static int times(int n) { return n * 3; }
static int minus(int n) { return n - 7; }

static void bare_functions(void) {
    CHECK(fibonacci(22) == 17711);
    struct pair pair = swapped((struct pair){.first = 5, .second = -6}, 'a', -300, 1ll << 40);
    CHECK(pair.first == (1ll << 40) + 91 && pair.second == -295);
    CHECK(sum(12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12) == 650);
    CHECK(ten(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) == 385);
    int found = 0;
    for (volatile int n = -1; n < 9; n++) found = found * 3 + chosen(n);
    CHECK(found == 79691);
    static int (*volatile const functions[])(int) = {plus, times, minus};
    int value = 1;
    for (volatile int n = 0, next = 0; n < 9; n++) {
        value = functions[next](value);
        next = next == 2 ? 0 : next + 1;
    }
    CHECK(value == -25);
}

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turned(uint32_t value, int bits) {
    return value >> bits | value << (32 - bits);
}

/* FIPS 180-4, 6.2.2 */
static void sha256_block(uint32_t hash[8], const unsigned char *block) {
    uint32_t w[64], v[8];
    for (int t = 0; t < 16; t++, block += 4)
        w[t] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 | block[3];
    for (int t = 16; t < 64; t++) {
        uint32_t s0 = turned(w[t - 15], 7) ^ turned(w[t - 15], 18) ^ w[t - 15] >> 3;
        uint32_t s1 = turned(w[t - 2], 17) ^ turned(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    for (int i = 0; i < 8; i++) v[i] = hash[i];
    for (int t = 0; t < 64; t++) {
        uint32_t s1 = turned(v[4], 6) ^ turned(v[4], 11) ^ turned(v[4], 25);
        uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + K[t] + w[t];
        uint32_t s0 = turned(v[0], 2) ^ turned(v[0], 13) ^ turned(v[0], 22);
        uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        for (int i = 7; i > 0; i--) v[i] = v[i - 1];
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) hash[i] += v[i];
}

static void bare_hash(void) {
    uint32_t hash[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    static unsigned char block[64];
    /* A million letters are 15625 blocks; the last block has their length in bits, 8,000,000. */
    memset(block, 'a', 64);
    for (int n = 0; n < 15625; n++) sha256_block(hash, block);
    memset(block, 0, 64);
    block[0] = 0x80;
    block[61] = 0x7a;
    block[62] = 0x12;
    sha256_block(hash, block);
    static const uint32_t expected[8] = {0xcdc76e5c, 0x9914fb92, 0x81a1c7e2, 0x84d73e67,
                                         0xf1809a48, 0xa497200e, 0x046d39cc, 0xc7112cd0};
    for (int i = 0; i < 8; i++) CHECK(hash[i] == expected[i]);

    static uint32_t table[256];
    for (uint32_t n = 0; n < 256; n++) {
        uint32_t value = n;
        for (int bit = 0; bit < 8; bit++) value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
        table[n] = value;
    }
    uint32_t crc = ~0u;
    for (const char *text = "123456789"; *text; text++) crc = table[(crc ^ (unsigned char)*text) & 255] ^ crc >> 8;
    CHECK(~crc == 0xcbf43926u);
}

enum { MANY = 20000 };
static int32_t numbers[MANY];

static void sink(int root, int count) {
    for (int child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && numbers[child + 1] > numbers[child]) child++;
        if (numbers[root] >= numbers[child]) return;
        int32_t kept = numbers[root];
        numbers[root] = numbers[child];
        numbers[child] = kept;
    }
}

static void bare_sort(void) {
    uint32_t before = 0, after = 0;
    for (int index = 0; index < MANY; index++) before ^= (uint32_t)(numbers[index] = (int32_t)number());
    for (int root = MANY / 2; root >= 0; root--) sink(root, MANY);
    for (int end = MANY - 1; end > 0; end--) {
        int32_t kept = numbers[0];
        numbers[0] = numbers[end];
        numbers[end] = kept;
        sink(0, end);
    }
    for (int index = 1; index < MANY; index++) CHECK(numbers[index - 1] <= numbers[index]);
    for (int index = 0; index < MANY; index++) after ^= (uint32_t)numbers[index];
    CHECK(before == after);
    for (int wanted = 0; wanted < MANY; wanted += 97) {
        int low = 0, high = MANY;
        while (low < high) {
            int middle = low + (high - low) / 2;
            if (numbers[middle] < numbers[wanted]) low = middle + 1;
            else high = middle;
        }
        CHECK(numbers[low] == numbers[wanted]);
    }
}

__attribute__((noinline)) static unsigned deep(int level) {
    volatile unsigned char room[1024];
    for (int index = 0; index < 1024; index += 64) room[index] = (unsigned char)level;
    unsigned below = level == 0 ? 0 : deep(level - 1);
    for (int index = 0; index < 1024; index += 64) CHECK(room[index] == (unsigned char)level);
    return below + 1;
}

static void bare_memory(void) {
    static volatile uint32_t given[4] = {1, 20, 300, 4000}, empty[1 << 16];
    CHECK(given[0] + given[1] + given[2] + given[3] == 4321);
    for (int index = 0; index < 1 << 16; index += 1024) CHECK(empty[index] == 0);
    CHECK(deep(1024) == 1025);
    const long size = 1 << 20;
    unsigned long start = (unsigned long)call(NR_BRK, 0, 0, 0);
    CHECK(start != 0);
    CHECK((unsigned long)call(NR_BRK, (long)(start + size), 0, 0) == start + size);
    volatile unsigned char *memory = (volatile unsigned char *)start;
    for (long at = 0; at < size; at += 1021) CHECK(memory[at] == 0);
    for (long at = 0; at < size; at += 1021) memory[at] = (unsigned char)(at >> 8);
    for (long at = 0; at < size; at += 1021) CHECK(memory[at] == (unsigned char)(at >> 8));
    CHECK((unsigned long)call(NR_BRK, (long)start, 0, 0) == start);
}

static void bare_calls(void) {
    int ends[2] = {-1, -1};
    CHECK(call(NR_PIPE2, (long)ends, 0, 0) == 0);
    CHECK(ends[0] > 2 && ends[1] > 2 && ends[0] != ends[1]);
    CHECK(call(NR_WRITE, ends[1], (long)"through a pipe", 14) == 14);
    char text[32];
    memset(text, 0, sizeof text);
    CHECK(call(NR_READ, ends[0], (long)text, sizeof text) == 14);
    CHECK(same(text, "through a pipe"));
    enum { EBADF = 9, EFAULT = 14, FIELD = 65 };
    CHECK(call(NR_WRITE, 12345, (long)text, 1) == -EBADF);
    CHECK(call(NR_WRITE, ends[1], 16, 1) == -EFAULT);
    CHECK(call(NR_GETPID, 0, 0, 0) > 0);
    CHECK(call(NR_GETPID, 0, 0, 0) == call(NR_GETPID, 0, 0, 0));
    /* uname(2): six fields */
    static char names[6 * FIELD];
    CHECK(call(NR_UNAME, (long)names, 0, 0) == 0);
    CHECK(same(names, "Linux"));
    CHECK(length(names + 2 * FIELD) > 0 && length(names + 4 * FIELD) > 0);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
#define CASE(name, function, what) {name, function},
#include "cases.h"
#undef CASE
};

void begin(const unsigned long *stack) {
    const char *const *words = (const char *const *)(stack + 1);
    stack_at_start = stack;
    if (stack[0] < 2) leave(2);
    /* `@status 0`: that a program begins, and ends with a status. */
    if (stack[0] == 3 && same(words[1], "@status")) leave(words[2][0] - '0');
    for (size_t index = 0; index < sizeof cases / sizeof *cases; index++)
        if (same(cases[index].name, words[1])) {
            cases[index].run();
            leave(0);
        }
    print("no such case\n");
    leave(2);
}
