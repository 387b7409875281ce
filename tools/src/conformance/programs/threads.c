/* Threads, and what they wait for each other with. */
#include "check.h"
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define MANY 128

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static unsigned atomic_sum;
static unsigned long plain_sum;
static __thread unsigned own_sum = 1;

static void begin(pthread_t *thread, void *(*work)(void *), void *argument) {
    pthread_attr_t attributes;
    ZERO(pthread_attr_init(&attributes));
    ZERO(pthread_attr_setstacksize(&attributes, 256 << 10));
    ZERO(pthread_create(thread, &attributes, work, argument));
}

/* A moment of the clock that condition variables use. */
static struct timespec after(double wait) {
    struct timespec moment;
    CALL(clock_gettime(CLOCK_REALTIME, &moment));
    moment.tv_nsec += (long)(wait * 1e9) % 1000000000;
    moment.tv_sec += (time_t)wait + moment.tv_nsec / 1000000000;
    moment.tv_nsec %= 1000000000;
    return moment;
}

static void *add(void *rounds) {
    for (unsigned round = 0; round < (unsigned)(uintptr_t)rounds; round++) {
        __atomic_fetch_add(&atomic_sum, 1, __ATOMIC_RELAXED);
        own_sum++;
        pthread_mutex_lock(&mutex);
        plain_sum++;
        pthread_mutex_unlock(&mutex);
    }
    return (void *)(uintptr_t)own_sum;
}

static void add_by(int threads, unsigned rounds) {
    pthread_t thread[MANY];
    for (int index = 0; index < threads; index++) begin(&thread[index], add, (void *)(uintptr_t)rounds);
    for (int index = 0; index < threads; index++) {
        void *result;
        ZERO(pthread_join(thread[index], &result));
        EQUAL((uintptr_t)result, rounds + 1);
    }
    EQUAL(atomic_sum, threads * rounds);
    EQUAL(plain_sum, threads * rounds);
    EQUAL(own_sum, 1);
}

void check_threads(void) { add_by(8, 20000); }
void check_many_threads(void) { add_by(MANY, 200); }

/* One after the other: a thread's memory is given back. */
void check_thread_ends(void) {
    for (int round = 0; round < 300; round++) {
        pthread_t thread;
        begin(&thread, add, (void *)1);
        ZERO(pthread_join(thread, NULL));
    }
    EQUAL(plain_sum, 300);
}

void check_timed_wait(void) {
    double begun = seconds();
    struct timespec until = after(0.3);
    ZERO(pthread_mutex_lock(&mutex));
    int result = 0;
    while (result == 0) result = pthread_cond_timedwait(&condition, &mutex, &until);
    EQUAL(result, ETIMEDOUT);
    CHECK(seconds() - begun >= 0.29);
    ZERO(pthread_mutex_unlock(&mutex));
    sem_t semaphore;
    CALL(sem_init(&semaphore, 0, 1));
    CALL(sem_wait(&semaphore));
    until = after(0.1);
    REFUSED(sem_timedwait(&semaphore, &until), ETIMEDOUT);
}

static int turn;

static void *take_turns(void *own) {
    for (int round = 0; round < 500; round++) {
        ZERO(pthread_mutex_lock(&mutex));
        while (turn % 4 != (int)(intptr_t)own) ZERO(pthread_cond_wait(&condition, &mutex));
        turn++;
        ZERO(pthread_cond_broadcast(&condition));
        ZERO(pthread_mutex_unlock(&mutex));
    }
    return NULL;
}

void check_condition(void) {
    pthread_t thread[4];
    for (intptr_t index = 0; index < 4; index++) begin(&thread[index], take_turns, (void *)index);
    for (int index = 0; index < 4; index++) ZERO(pthread_join(thread[index], NULL));
    EQUAL(turn, 2000);
}

static pthread_barrier_t barrier;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static unsigned long serials;

static void *pass_barrier(void *unused) {
    for (int round = 0; round < 100; round++) {
        int result = pthread_barrier_wait(&barrier);
        ZERO(pthread_rwlock_wrlock(&rwlock));
        if (result == PTHREAD_BARRIER_SERIAL_THREAD) serials++;
        ZERO(pthread_rwlock_unlock(&rwlock));
        ZERO(pthread_rwlock_rdlock(&rwlock));
        CHECK(serials <= 100);
        ZERO(pthread_rwlock_unlock(&rwlock));
    }
    return unused;
}

void check_barrier(void) {
    pthread_t thread[6];
    ZERO(pthread_barrier_init(&barrier, NULL, 6));
    for (int index = 0; index < 6; index++) begin(&thread[index], pass_barrier, NULL);
    for (int index = 0; index < 6; index++) ZERO(pthread_join(thread[index], NULL));
    EQUAL(serials, 100);
}

/* The call under the C library's locks, with the kernel's own names. (futex(2)) */
static long futex(volatile uint32_t *word, int operation, uint32_t value, uintptr_t timeout, volatile uint32_t *other, uint32_t expected) {
#ifdef SYS_futex
    return syscall(SYS_futex, word, operation, value, timeout, other, expected);
#else
    return syscall(SYS_futex_time64, word, operation, value, timeout, other, expected);
#endif
}

static volatile uint32_t first_word, second_word;
static volatile int awake;

static void *wait_for_first(void *unused) {
    while (first_word == 0 && futex(&first_word, FUTEX_WAIT_PRIVATE, 0, 0, NULL, 0) < 0)
        CHECK(errno == EINTR || errno == EAGAIN);
    __atomic_fetch_add(&awake, 1, __ATOMIC_SEQ_CST);
    return unused;
}

void check_requeue(void) {
    pthread_t thread[4];
    for (int index = 0; index < 4; index++) begin(&thread[index], wait_for_first, NULL);
    /* Until all four sleep: a requeue of none of them, that says how many there would be, is not to be had. */
    usleep(300000);
    REFUSED(futex(&first_word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 10, &second_word, 99), EAGAIN);
    first_word = 1;
    EQUAL(CALL(futex(&first_word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 10, &second_word, 1)), 4);
    double begun = seconds();
    while (awake < 1 && seconds() - begun < 10) usleep(1000);
    usleep(100000);
    EQUAL(awake, 1);
    EQUAL(CALL(futex(&second_word, FUTEX_WAKE_PRIVATE, 10, 0, NULL, 0)), 3);
    for (int index = 0; index < 4; index++) ZERO(pthread_join(thread[index], NULL));
}

/* What processes share. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    int value;
} *shared;

static void share(int robust, int inherit) {
    pthread_mutexattr_t attributes;
    pthread_condattr_t condition_attributes;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    ZERO(pthread_mutexattr_init(&attributes));
    ZERO(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED));
    if (robust) ZERO(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST));
    if (inherit) ZERO(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT));
    ZERO(pthread_mutex_init(&shared->mutex, &attributes));
    ZERO(pthread_condattr_init(&condition_attributes));
    ZERO(pthread_condattr_setpshared(&condition_attributes, PTHREAD_PROCESS_SHARED));
    ZERO(pthread_cond_init(&shared->condition, &condition_attributes));
}

static void answer(void) {
    ZERO(pthread_mutex_lock(&shared->mutex));
    while (shared->value != 1) ZERO(pthread_cond_wait(&shared->condition, &shared->mutex));
    shared->value = 2;
    ZERO(pthread_cond_signal(&shared->condition));
    ZERO(pthread_mutex_unlock(&shared->mutex));
}

void check_shared_locks(void) {
    share(0, 0);
    pid_t child = CALL(fork());
    if (child == 0) {
        answer();
        _exit(0);
    }
    ZERO(pthread_mutex_lock(&shared->mutex));
    shared->value = 1;
    ZERO(pthread_cond_signal(&shared->condition));
    struct timespec until = after(10);
    while (shared->value != 2) ZERO(pthread_cond_timedwait(&shared->condition, &shared->mutex, &until));
    ZERO(pthread_mutex_unlock(&shared->mutex));
    CALL(waitpid(child, NULL, 0));
}

static void lock_and_die(void) {
    ZERO(pthread_mutex_lock(&shared->mutex));
    raise(SIGKILL);
}

/* The kernel gives the mutex of a killed process to the next. (get_robust_list(2)) */
void check_robust(void) {
    share(1, 0);
    EQUAL(WTERMSIG(in_child(lock_and_die)), SIGKILL);
    struct timespec until = after(3);
    EQUAL(pthread_mutex_timedlock(&shared->mutex, &until), EOWNERDEAD);
    ZERO(pthread_mutex_consistent(&shared->mutex));
    ZERO(pthread_mutex_unlock(&shared->mutex));
}

static void *lock_for_a_while(void *locked) {
    ZERO(pthread_mutex_lock(&shared->mutex));
    CALL(sem_post(locked));
    usleep(100000);
    shared->value = 1;
    ZERO(pthread_mutex_unlock(&shared->mutex));
    return NULL;
}

void check_inherit(void) {
    pthread_t thread;
    sem_t locked;
    share(0, 1);
    CALL(sem_init(&locked, 0, 0));
    begin(&thread, lock_for_a_while, &locked);
    CALL(sem_wait(&locked));
    ZERO(pthread_mutex_lock(&shared->mutex));
    EQUAL(shared->value, 1);
    ZERO(pthread_mutex_unlock(&shared->mutex));
    ZERO(pthread_join(thread, NULL));
}

static int pipe_ends[2];
static volatile int cleaned;

static void clean(void *unused) {
    (void)unused;
    cleaned = 1;
}

static void *read_for_ever(void *unused) {
    char byte;
    pthread_cleanup_push(clean, NULL);
    while (read(pipe_ends[0], &byte, 1) >= 0) {}
    pthread_cleanup_pop(0);
    return unused;
}

void check_cancel(void) {
    pthread_t thread;
    void *result;
    CALL(pipe(pipe_ends));
    begin(&thread, read_for_ever, NULL);
    usleep(100000);
    ZERO(pthread_cancel(thread));
    ZERO(pthread_join(thread, &result));
    CHECK(result == PTHREAD_CANCELED);
    EQUAL(cleaned, 1);
}

static volatile int signalled;
static pthread_t signalled_thread;

static void on_signal(int number) {
    (void)number;
    signalled_thread = pthread_self();
    signalled = 1;
}

static void *wait_for_signal(void *unused) {
    while (!signalled) usleep(1000);
    return unused;
}

void check_thread_signal(void) {
    struct sigaction action = {.sa_handler = on_signal};
    pthread_t thread[3];
    CALL(sigaction(SIGUSR1, &action, NULL));
    for (int index = 0; index < 3; index++) begin(&thread[index], wait_for_signal, NULL);
    ZERO(pthread_kill(thread[1], SIGUSR1));
    for (int index = 0; index < 3; index++) ZERO(pthread_join(thread[index], NULL));
    CHECK(pthread_equal(signalled_thread, thread[1]));
}

static volatile int stop;

static void *use_memory(void *unused) {
    while (!stop) {
        void *block = malloc(1000 + atomic_sum % 1000);
        CHECK(block != NULL);
        free(block);
        __atomic_fetch_add(&atomic_sum, 1, __ATOMIC_RELAXED);
    }
    return unused;
}

static void use_memory_once(void) {
    free(malloc(100000));
    _exit(8);
}

void check_fork_with_threads(void) {
    pthread_t thread[4];
    for (int index = 0; index < 4; index++) begin(&thread[index], use_memory, NULL);
    for (int round = 0; round < 40; round++) EQUAL(WEXITSTATUS(in_child(use_memory_once)), 8);
    stop = 1;
    for (int index = 0; index < 4; index++) ZERO(pthread_join(thread[index], NULL));
}

static void *exec_from_thread(void *unused) {
    execl(own_path, own_path, "@status", "11", (char *)NULL);
    return unused;
}

static void exec_in_thread(void) {
    pthread_t thread;
    begin(&thread, use_memory, NULL);
    begin(&thread, exec_from_thread, NULL);
    pthread_join(thread, NULL);
    _exit(98);
}

void check_exec_from_thread(void) { EQUAL(WEXITSTATUS(in_child(exec_in_thread)), 11); }

static void *end_process(void *unused) {
    exit(12);
    return unused;
}

static void end_in_thread(void) {
    pthread_t thread;
    begin(&thread, use_memory, NULL);
    begin(&thread, end_process, NULL);
    for (;;) pause();
}

void check_exit_from_thread(void) { EQUAL(WEXITSTATUS(in_child(end_in_thread)), 12); }

/* C libraries register it for each thread; the kernel answers a second one with an error. */
void check_rseq(void) {
#ifdef SYS_rseq
    static char area[64] __attribute__((aligned(64)));
    long result = syscall(SYS_rseq, area, 32, 0, 0x53053053);
    if (result < 0 && errno == ENOSYS) absent("rseq");
    CHECK(result == 0 || errno == EINVAL || errno == EBUSY || errno == EPERM);
#else
    absent("rseq in this C library");
#endif
}
