/* Work that is measured: a fixed amount of each kind, whose result is checked as well. */
#include "check.h"
#include <math.h>
#include <pthread.h>
#include <sys/wait.h>
#include <fcntl.h>

void work_integers(void) {
    uint32_t state = 1, sum = 0;
    for (int round = 0; round < 8000000; round++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        sum += state & 0xff;
    }
    CHECK(sum > 0);
}

void work_floats(void) {
    volatile double step = 1.0 / 1048576;
    double x = 0, sum = 0;
    for (int round = 0; round < 3000000; round++) {
        x += step;
        sum += x * x - x / 3.0;
    }
    CHECK(isfinite(sum) && sum > 0);
}

void work_memory(void) {
    size_t size = 16 << 20;
    char *from = malloc(size), *to = malloc(size);
    CHECK(from && to);
    for (int round = 0; round < 12; round++) {
        memset(from, round, size);
        memcpy(to, from, size);
        CHECK(memcmp(from, to, size) == 0 && memchr(to, round + 1, size) == NULL);
    }
}

static int by_text(const void *one, const void *other) { return strcmp(*(char *const *)one, *(char *const *)other); }

void work_text(void) {
    enum { COUNT = 40000 };
    static char *words[COUNT], text[COUNT][16];
    uint32_t state = 7;
    for (int index = 0; index < COUNT; index++) {
        state = state * 1664525u + 1013904223u;
        snprintf(text[index], sizeof text[index], "%08x-%d", state, index % 10);
        words[index] = text[index];
    }
    qsort(words, COUNT, sizeof *words, by_text);
    for (int index = 1; index < COUNT; index++) CHECK(strcmp(words[index - 1], words[index]) <= 0);
}

void work_calls(void) {
    char byte;
    int zero = CALL(open("/dev/zero", O_RDONLY));
    for (int round = 0; round < 200000; round++) EQUAL(read(zero, &byte, 1), 1);
}

static unsigned counter;

static void *count_up(void *unused) {
    for (int round = 0; round < 500000; round++) __atomic_fetch_add(&counter, 1, __ATOMIC_SEQ_CST);
    return unused;
}

void work_threads(void) {
    pthread_t thread[4];
    for (int index = 0; index < 4; index++) ZERO(pthread_create(&thread[index], NULL, count_up, NULL));
    for (int index = 0; index < 4; index++) ZERO(pthread_join(thread[index], NULL));
    EQUAL(counter, 2000000);
}

void work_programs(void) {
    for (int round = 0; round < 20; round++) {
        int status = 0;
        pid_t child = CALL(fork());
        if (child == 0) {
            execl(own_path, own_path, "@status", "0", (char *)NULL);
            _exit(98);
        }
        CALL(waitpid(child, &status, 0));
        EQUAL(status, 0);
    }
}
