/* Signals. */
#include "check.h"
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/wait.h>

static volatile sig_atomic_t caught;
static volatile int caught_value, caught_pid;

static void count(int number) {
    (void)number;
    caught++;
}

static void handle(int number, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    CALL(sigaction(number, &action, NULL));
}

static void note(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)context;
    caught++;
    caught_value = info->si_value.sival_int;
    caught_pid = info->si_pid;
}

static int ends[2];

/* Signals, so many that the reader is in its read at one of them, and then a byte. */
static void signal_then_write(void) {
    for (int round = 0; round < 20; round++) {
        usleep(20000);
        kill(getppid(), SIGUSR1);
    }
    usleep(20000);
    if (write(ends[1], "x", 1) != 1) _exit(1);
}

static int read_while_signalled(void) {
    char byte;
    CALL(pipe(ends));
    pid_t child = CALL(fork());
    if (child == 0) {
        signal_then_write();
        _exit(0);
    }
    ssize_t got = read(ends[0], &byte, 1);
    int error = got < 0 ? errno : 0;
    while (waitpid(child, NULL, 0) < 0) CHECK(errno == EINTR);
    CHECK(caught > 0);
    return error;
}

void check_restart(void) {
    handle(SIGUSR1, count, SA_RESTART);
    EQUAL(read_while_signalled(), 0);
}

void check_interrupted(void) {
    handle(SIGUSR1, count, 0);
    EQUAL(read_while_signalled(), EINTR);
}

static char *stack_start;
static size_t stack_size;
static volatile int on_stack;
static sigjmp_buf back;

static void look_where(int number) {
    (void)number;
    char here;
    on_stack = &here >= stack_start && &here < stack_start + stack_size;
}

static void leave_overflow(int number) {
    look_where(number);
    siglongjmp(back, 1);
}

static void use_other_stack(void) {
    stack_size = 256 << 10;
    CHECK((stack_start = malloc(stack_size)) != NULL);
    stack_t stack = {.ss_sp = stack_start, .ss_size = stack_size}, read_back;
    CALL(sigaltstack(&stack, NULL));
    CALL(sigaltstack(NULL, &read_back));
    CHECK(read_back.ss_sp == stack_start);
}

void check_altstack(void) {
    use_other_stack();
    handle(SIGUSR1, look_where, SA_ONSTACK);
    CALL(raise(SIGUSR1));
    EQUAL(on_stack, 1);
    handle(SIGUSR1, look_where, 0);
    CALL(raise(SIGUSR1));
    EQUAL(on_stack, 0);
}

static int __attribute__((noinline)) without_end(volatile char *above) {
    volatile char frame[4096];
    frame[0] = above ? above[0] : 1;
    /* It never is, which no compiler knows. */
    if (frame[0] == 0) return 0;
    return without_end(frame) + frame[0];
}

void check_stack_overflow(void) {
    use_other_stack();
    handle(SIGSEGV, leave_overflow, SA_ONSTACK);
    if (sigsetjmp(back, 1) == 0) {
        without_end(NULL);
        FAIL("a stack without end");
    }
    EQUAL(on_stack, 1);
}

void check_queue(void) {
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
    union sigval value = {.sival_int = 123456};
    sigset_t set;
    siginfo_t info;
    CALL(sigaction(SIGRTMIN + 2, &action, NULL));
    CALL(sigqueue(getpid(), SIGRTMIN + 2, value));
    EQUAL(caught, 1);
    EQUAL(caught_value, 123456);
    EQUAL(caught_pid, getpid());
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 2);
    CALL(sigprocmask(SIG_BLOCK, &set, NULL));
    for (value.sival_int = 1; value.sival_int <= 3; value.sival_int++) CALL(sigqueue(getpid(), SIGRTMIN + 2, value));
    for (int expected = 1; expected <= 3; expected++) {
        EQUAL(CALL(sigwaitinfo(&set, &info)), SIGRTMIN + 2);
        EQUAL(info.si_value.sival_int, expected);
        EQUAL(info.si_code, SI_QUEUE);
    }
    struct timespec soon = {0, 1000000};
    REFUSED(sigtimedwait(&set, &info, &soon), EAGAIN);
}

void check_mask(void) {
    sigset_t set, before, pending;
    handle(SIGUSR1, count, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CALL(sigprocmask(SIG_BLOCK, &set, &before));
    CALL(raise(SIGUSR1));
    EQUAL(caught, 0);
    CALL(sigpending(&pending));
    EQUAL(sigismember(&pending, SIGUSR1), 1);
    REFUSED(sigsuspend(&before), EINTR);
    EQUAL(caught, 1);
    CALL(raise(SIGUSR1));
    struct timespec long_enough = {10, 0};
    REFUSED(ppoll(NULL, 0, &long_enough, &before), EINTR);
    CALL(sigprocmask(SIG_SETMASK, &before, NULL));
    EQUAL(caught, 2);
}

void check_signalfd(void) {
    struct signalfd_siginfo info;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    CALL(sigprocmask(SIG_BLOCK, &set, NULL));
    int file = CALL(signalfd(-1, &set, SFD_NONBLOCK));
    REFUSED(read(file, &info, sizeof info), EAGAIN);
    CALL(kill(getpid(), SIGUSR2));
    EQUAL(read(file, &info, sizeof info), sizeof info);
    EQUAL(info.ssi_signo, SIGUSR2);
    EQUAL(info.ssi_pid, getpid());
}

static void jump(int number) { siglongjmp(back, number); }

void check_jumps(void) {
    handle(SIGUSR1, jump, 0);
    volatile int rounds = 0;
    if (sigsetjmp(back, 1) != 0) rounds++;
    if (rounds < 1000) {
        raise(SIGUSR1);
        FAIL("the handler came back");
    }
}

/* While this process counts: none is lost that was waited for, and no count goes wrong. */
void check_storm(void) {
    enum { SIGNALS = 500 };
    handle(SIGUSR1, count, SA_RESTART);
    pid_t parent = getpid(), child = CALL(fork());
    if (child == 0) {
        for (int index = 0; index < SIGNALS; index++) {
            kill(parent, SIGUSR1);
            usleep(50);
        }
        _exit(0);
    }
    volatile uint32_t sum = 0;
    volatile double real = 0;
    uint32_t rounds = 0;
    while (waitpid(child, NULL, WNOHANG) == 0)
        for (int index = 0; index < 1000; index++) {
            sum += 3;
            real += 0.5;
            rounds++;
            if (real > 1e6) real = 0;
        }
    EQUAL(sum, (uint32_t)(rounds * 3u));
    CHECK(caught > 0 && caught <= SIGNALS);
}

void check_select(void) {
    int pipes[2];
    fd_set set;
    struct timeval soon = {0, 50000};
    struct timespec later = {5, 0};
    CALL(pipe(pipes));
    FD_ZERO(&set);
    FD_SET(pipes[0], &set);
    double begun = seconds();
    EQUAL(CALL(select(pipes[0] + 1, &set, NULL, NULL, &soon)), 0);
    CHECK(seconds() - begun >= 0.05);
    EQUAL(write(pipes[1], "x", 1), 1);
    FD_SET(pipes[0], &set);
    EQUAL(CALL(pselect(pipes[0] + 1, &set, NULL, NULL, &later, NULL)), 1);
    CHECK(FD_ISSET(pipes[0], &set));
}
