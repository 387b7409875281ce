/* Clocks and timers. Every wait has a lower bound only: a busy machine is no fault of an emulator. */
#include "check.h"
#include <poll.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>

void check_clocks(void) {
    struct timespec first, second, resolution;
    struct timeval day;
    CALL(clock_gettime(CLOCK_MONOTONIC, &first));
    for (int round = 0; round < 10000; round++) {
        CALL(clock_gettime(CLOCK_MONOTONIC, &second));
        CHECK(second.tv_nsec >= 0 && second.tv_nsec < 1000000000);
        CHECK(second.tv_sec > first.tv_sec || (second.tv_sec == first.tv_sec && second.tv_nsec >= first.tv_nsec));
        first = second;
    }
    CALL(clock_gettime(CLOCK_REALTIME, &first));
    CALL(gettimeofday(&day, NULL));
    CHECK(day.tv_sec - first.tv_sec <= 5 && day.tv_sec >= first.tv_sec);
    CHECK(time(NULL) - first.tv_sec <= 5);
    CHECK(first.tv_sec > 1700000000);
    CALL(clock_getres(CLOCK_MONOTONIC, &resolution));
    CHECK(resolution.tv_sec == 0 && resolution.tv_nsec > 0);
    CALL(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &first));
    CALL(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &first));
}

/* The C library's clock, which may be read without the kernel, beside the kernel's. */
void check_vdso(void) {
    struct timespec library;
    /* As the call without 64-bit time has it. */
    struct {
        long seconds, nanoseconds;
    } kernel = {0, 0};
    CALL(clock_gettime(CLOCK_REALTIME, &library));
#ifdef SYS_clock_gettime
    CALL(syscall(SYS_clock_gettime, CLOCK_REALTIME, &kernel));
    CHECK(kernel.seconds - (long)library.tv_sec >= 0 && kernel.seconds - (long)library.tv_sec <= 5);
#endif
#ifdef SYS_clock_gettime64
    struct {
        int64_t seconds, nanoseconds;
    } wide = {0, 0};
    CALL(syscall(SYS_clock_gettime64, CLOCK_REALTIME, &wide));
    CHECK(wide.seconds - library.tv_sec >= 0 && wide.seconds - library.tv_sec <= 5);
#endif
    unsigned long vdso = getauxval(AT_SYSINFO_EHDR);
    if (vdso != 0) EQUAL(memcmp((const void *)vdso, "\177ELF", 4), 0);
}

void check_sleep(void) {
    double begun = seconds();
    struct timespec quarter = {0, 250000000}, rest, until;
    CALL(nanosleep(&quarter, &rest));
    CHECK(seconds() - begun >= 0.25);
    CALL(clock_gettime(CLOCK_MONOTONIC, &until));
    until.tv_sec += 1;
    ZERO(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL));
    CHECK(seconds() >= until.tv_sec + until.tv_nsec / 1e9);
}

static volatile sig_atomic_t alarms;
static volatile int alarm_value;

static void on_alarm(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)context;
    alarm_value = info->si_value.sival_int;
    alarms++;
}

static void catch_alarm(void) {
    struct sigaction action = {.sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO};
    CALL(sigaction(SIGALRM, &action, NULL));
}

void check_alarm(void) {
    catch_alarm();
    EQUAL(alarm(1), 0);
    while (alarms == 0) pause();
    struct itimerval every = {{0, 20000}, {0, 20000}}, none = {{0, 0}, {0, 0}}, left;
    CALL(setitimer(ITIMER_REAL, &every, NULL));
    while (alarms < 4) pause();
    CALL(setitimer(ITIMER_REAL, &none, &left));
    EQUAL(left.it_interval.tv_usec, 20000);
}

void check_posix_timer(void) {
    catch_alarm();
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    event.sigev_value.sival_int = 4711;
    timer_t timer;
    CALL(timer_create(CLOCK_MONOTONIC, &event, &timer));
    struct itimerspec soon = {{0, 0}, {0, 50000000}}, left;
    CALL(timer_settime(timer, 0, &soon, NULL));
    while (alarms == 0) pause();
    EQUAL(alarm_value, 4711);
    CALL(timer_gettime(timer, &left));
    EQUAL(left.it_value.tv_nsec, 0);
    CALL(timer_delete(timer));
}

void check_timerfd(void) {
    int timer = CALL(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    struct itimerspec every = {{0, 20000000}, {0, 20000000}};
    uint64_t count = 0;
    REFUSED(read(timer, &count, sizeof count), EAGAIN);
    CALL(timerfd_settime(timer, 0, &every, NULL));
    struct pollfd wait = {.fd = timer, .events = POLLIN};
    EQUAL(CALL(poll(&wait, 1, 10000)), 1);
    EQUAL(read(timer, &count, sizeof count), 8);
    CHECK(count >= 1 && count < 100000);
}
