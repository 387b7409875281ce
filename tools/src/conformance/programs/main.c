/* Runs one check of cases.h, by its name. 0: passed; 1: failed, with the reason on stderr; 77: the kernel call is absent. */
#include "check.h"
#include <stdarg.h>
#include <sys/wait.h>
#include <time.h>

#define CASE(name, function, what) void function(void);
#include "cases.h"
#undef CASE

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
#define CASE(name, function, what) {name, function},
#include "cases.h"
#undef CASE
};

const char *own_path;

void fail(const char *file, int line, const char *format, ...) {
    va_list values;
    const char *base = strrchr(file, '/');
    fprintf(stderr, "%s:%d: ", base ? base + 1 : file, line);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
    _exit(1);
}

void absent(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(ENOSYS));
    _exit(77);
}

int in_child(void (*work)(void)) {
    int status = 0;
    pid_t child = CALL(fork());
    if (child == 0) {
        work();
        _exit(0);
    }
    EQUAL(CALL(waitpid(child, &status, 0)), child);
    return status;
}

double seconds(void) {
    struct timespec now;
    CALL(clock_gettime(CLOCK_MONOTONIC, &now));
    return now.tv_sec + now.tv_nsec / 1e9;
}

/* What programs that were begun by a check do: their exit status says what they found. */
static int as_child(int count, char **words) {
    const char *role = words[1] + 1;
    if (strcmp(role, "status") == 0) return atoi(words[2]);
    if (strcmp(role, "called") == 0) return count == 3 && strcmp(words[0], words[2]) == 0 ? 0 : 1;
    if (strcmp(role, "variable") == 0) return getenv("CHECK") && strcmp(getenv("CHECK"), words[2]) == 0 ? 0 : 1;
    if (strcmp(role, "print") == 0) return puts(words[2]) < 0;
    if (strcmp(role, "euid") == 0) return geteuid() == (uid_t)atoi(words[2]) ? 0 : 1;
    return 2;
}

int main(int count, char **words) {
    if (count < 2) return 2;
    own_path = words[0];
    if (words[1][0] == '@') return as_child(count, words);
    for (size_t index = 0; index < sizeof cases / sizeof *cases; index++)
        if (strcmp(cases[index].name, words[1]) == 0) {
            cases[index].run();
            return 0;
        }
    fprintf(stderr, "no case %s\n", words[1]);
    return 2;
}
