/* What every check has: a name, a function, and words for what went wrong. */
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Ends the process as failed, with what was expected and what was got. Of printf(3). */
void fail(const char *file, int line, const char *format, ...) __attribute__((noreturn, format(printf, 3, 4)));

/* Ends the process as absent: the system call is not there (ENOSYS), for which C libraries are prepared. */
void absent(const char *what) __attribute__((noreturn));

#define FAIL(...) fail(__FILE__, __LINE__, __VA_ARGS__)

#define CHECK(condition)                                                                                      \
    do {                                                                                                      \
        if (!(condition)) FAIL("expected %s", #condition);                                                    \
    } while (0)

/* For calls that give a negative number and errno. */
#define CALL(call)                                                                                            \
    ({                                                                                                        \
        long result_ = (long)(call);                                                                          \
        if (result_ < 0) FAIL("%s: got %ld, %s", #call, result_, strerror(errno));                            \
        result_;                                                                                              \
    })

/* For calls that give an error number, as those of pthreads. */
#define ZERO(call)                                                                                            \
    do {                                                                                                      \
        int result_ = (call);                                                                                 \
        if (result_ != 0) FAIL("%s: got %d, %s", #call, result_, strerror(result_));                          \
    } while (0)

#define EQUAL(got, expected)                                                                                  \
    do {                                                                                                      \
        long long got_ = (long long)(got), expected_ = (long long)(expected);                                 \
        if (got_ != expected_) FAIL("%s: got %lld, expected %lld", #got, got_, expected_);                    \
    } while (0)

/* For calls that have to fail. */
#define REFUSED(call, number)                                                                                 \
    do {                                                                                                      \
        errno = 0;                                                                                            \
        long result_ = (long)(call);                                                                          \
        if (result_ != -1 || errno != (number))                                                               \
            FAIL("%s: got %ld, %s, expected -1, %s", #call, result_, strerror(errno), strerror(number));      \
    } while (0)

/* The path of this program, as it was started. */
extern const char *own_path;

/* Runs a function in a child, and gives what waitpid(2) gives. */
int in_child(void (*work)(void));

/* Seconds of the monotonic clock. */
double seconds(void);

#endif
