/* Processes: how they begin, how they end, and what is known of them. */
#include "check.h"
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>

extern char **environ;

static void end_with_42(void) { _exit(42); }
static void end_by_kill(void) {
    raise(SIGKILL);
}
static void end_by_abort(void) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    abort();
}
static void end_by_segv(void) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    int *volatile nowhere = (int *)16;
    *nowhere = 1;
}

void check_fork(void) {
    int status = in_child(end_with_42);
    CHECK(WIFEXITED(status));
    EQUAL(WEXITSTATUS(status), 42);
    for (int round = 0; round < 50; round++) EQUAL(WEXITSTATUS(in_child(end_with_42)), 42);
}

void check_vfork(void) {
    int status = 0;
    pid_t child = vfork();
    if (child == 0) {
        execl(own_path, own_path, "@status", "23", (char *)NULL);
        _exit(99);
    }
    EQUAL(CALL(waitpid(child, &status, 0)), child);
    EQUAL(WEXITSTATUS(status), 23);
}

void check_death(void) {
    int status = in_child(end_by_kill);
    CHECK(WIFSIGNALED(status));
    EQUAL(WTERMSIG(status), SIGKILL);
    status = in_child(end_by_abort);
    CHECK(WIFSIGNALED(status));
    EQUAL(WTERMSIG(status), SIGABRT);
}

void check_death_by_segv(void) {
    int status = in_child(end_by_segv);
    CHECK(WIFSIGNALED(status));
    EQUAL(WTERMSIG(status), SIGSEGV);
}

void check_spawn(void) {
    posix_spawn_file_actions_t actions;
    char *words[] = {(char *)own_path, "@print", "spawned", NULL};
    pid_t child;
    int status = 0;
    ZERO(posix_spawn_file_actions_init(&actions));
    ZERO(posix_spawn_file_actions_addopen(&actions, 1, "spawned", O_WRONLY | O_CREAT | O_TRUNC, 0600));
    ZERO(posix_spawn(&child, own_path, &actions, NULL, words, environ));
    EQUAL(CALL(waitpid(child, &status, 0)), child);
    EQUAL(status, 0);
    char text[16] = "";
    int file = CALL(open("spawned", O_RDONLY));
    EQUAL(read(file, text, 8), 8);
    EQUAL(strcmp(text, "spawned\n"), 0);
}

/* The caller learns that there is no such program, as shells and build tools expect. */
void check_spawn_missing(void) {
    char *words[] = {"missing", NULL};
    pid_t child;
    EQUAL(posix_spawn(&child, "./missing", NULL, NULL, words, environ), ENOENT);
}

static void exec_renamed(void) {
    execl(own_path, "another name", "@called", "another name", (char *)NULL);
    _exit(98);
}
static void exec_self(void) {
    execl("/proc/self/exe", own_path, "@status", "7", (char *)NULL);
    _exit(98);
}
static void exec_with_variable(void) {
    char *words[] = {(char *)own_path, "@variable", "a value = with all\tof it", NULL};
    char *variables[] = {"CHECK=a value = with all\tof it", NULL, NULL}, prefix[4096];
    /* Where a program that is not static has its C library, see QEMU's documentation. */
    if (getenv("QEMU_LD_PREFIX")) {
        snprintf(prefix, sizeof prefix, "QEMU_LD_PREFIX=%s", getenv("QEMU_LD_PREFIX"));
        variables[1] = prefix;
    }
    execve(own_path, words, variables);
    _exit(98);
}
static void exec_opened(int flags) {
    char *words[] = {(char *)own_path, "@status", "9", NULL};
    fexecve(open(own_path, O_RDONLY | flags), words, environ);
    _exit(errno == ENOENT ? 97 : 98);
}
static void exec_by_descriptor(void) { exec_opened(0); }
static void exec_by_closed(void) { exec_opened(O_CLOEXEC); }
static void exec_many(void) {
    enum { COUNT = 5000 };
    static char *words[COUNT + 4];
    words[0] = (char *)own_path;
    words[1] = "@status";
    words[2] = "5";
    for (int index = 3; index < COUNT; index++) words[index] = "one of many words of a long command";
    execv(own_path, words);
    _exit(98);
}

void check_exec(void) {
    EQUAL(WEXITSTATUS(in_child(exec_with_variable)), 0);
    EQUAL(WEXITSTATUS(in_child(exec_many)), 5);
}
void check_exec_self(void) { EQUAL(WEXITSTATUS(in_child(exec_self)), 7); }
void check_exec_descriptor(void) { EQUAL(WEXITSTATUS(in_child(exec_by_descriptor)), 9); }
void check_exec_closed(void) { EQUAL(WEXITSTATUS(in_child(exec_by_closed)), 9); }
void check_argv0(void) { EQUAL(WEXITSTATUS(in_child(exec_renamed)), 0); }

void check_proc_exe(void) {
    char link[PATH_MAX] = "", real[PATH_MAX] = "";
    CALL(readlink("/proc/self/exe", link, sizeof link - 1));
    CHECK(realpath(own_path, real) != NULL);
    if (strcmp(link, real) != 0) FAIL("/proc/self/exe: got %s, expected %s", link, real);
}

void check_proc_files(void) {
    char line[512];
    uintptr_t from, to, function = (uintptr_t)&check_proc_files, variable = (uintptr_t)line;
    int found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    while (fgets(line, sizeof line, maps)) {
        unsigned long long first, last;
        if (sscanf(line, "%llx-%llx", &first, &last) != 2) FAIL("/proc/self/maps has %s", line);
        from = (uintptr_t)first;
        to = (uintptr_t)last;
        if (function >= from && function < to) found |= 1;
        if (variable >= from && variable < to) found |= 2;
    }
    EQUAL(found & 2, 2);
#if !defined(__hppa__) && !(defined(__powerpc64__) && _CALL_ELF == 1)
    /* There, the address of a function is not that of its code. */
    EQUAL(found & 1, 1);
#endif
    char words[4096] = "";
    int file = CALL(open("/proc/self/cmdline", O_RDONLY));
    CHECK(CALL(read(file, words, sizeof words - 1)) > 0);
    EQUAL(strcmp(words + strlen(words) + 1, "proc-files"), 0);
    CHECK(getauxval(AT_PAGESZ) == (unsigned long)sysconf(_SC_PAGESIZE));
    CHECK(getauxval(AT_RANDOM) != 0);
}

void check_wait(void) {
    int status = 0;
    siginfo_t info;
    struct rusage usage;
    REFUSED(waitpid(-1, &status, WNOHANG), ECHILD);
    pid_t child = CALL(fork());
    if (child == 0) _exit(3);
    memset(&info, 0, sizeof info);
    CALL(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT));
    EQUAL(info.si_pid, child);
    EQUAL(info.si_code, CLD_EXITED);
    EQUAL(info.si_status, 3);
    EQUAL(CALL(wait4(child, &status, 0, &usage)), child);
    CHECK(usage.ru_maxrss > 0);
}

void check_stopped(void) {
    int status = 0;
    pid_t child = CALL(fork());
    if (child == 0) {
        raise(SIGSTOP);
        _exit(4);
    }
    EQUAL(CALL(waitpid(child, &status, WUNTRACED)), child);
    CHECK(WIFSTOPPED(status));
    EQUAL(WSTOPSIG(status), SIGSTOP);
    CALL(kill(child, SIGCONT));
    EQUAL(CALL(waitpid(child, &status, 0)), child);
    EQUAL(WEXITSTATUS(status), 4);
}

void check_groups(void) {
    int status = 0, ready[2];
    char byte = 0;
    CALL(pipe(ready));
    pid_t child = CALL(fork());
    if (child == 0) {
        CALL(setsid());
        EQUAL(getpgrp(), getpid());
        EQUAL(getsid(0), getpid());
        EQUAL(write(ready[1], "r", 1), 1);
        for (;;) pause();
    }
    EQUAL(read(ready[0], &byte, 1), 1);
    CALL(kill(-child, SIGTERM));
    EQUAL(CALL(waitpid(child, &status, 0)), child);
    EQUAL(WTERMSIG(status), SIGTERM);
}

void check_limits(void) {
    struct rlimit limit, read_back;
    CALL(getrlimit(RLIMIT_NOFILE, &limit));
    CHECK(limit.rlim_cur > 10);
    limit.rlim_cur = 64;
    CALL(setrlimit(RLIMIT_NOFILE, &limit));
    CALL(getrlimit(RLIMIT_NOFILE, &read_back));
    EQUAL(read_back.rlim_cur, 64);
    int last = 0;
    while (last >= 0 && last < 100) last = open("/dev/null", O_RDONLY);
    EQUAL(errno, EMFILE);
    CALL(getrlimit(RLIMIT_STACK, &limit));
    CHECK(limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= 65536);
}

void check_system(void) {
    struct utsname name;
    struct sysinfo state;
    cpu_set_t cpus;
    CALL(uname(&name));
    EQUAL(strcmp(name.sysname, "Linux"), 0);
    CHECK(strlen(name.machine) > 0);
    CALL(sysinfo(&state));
    CHECK(state.totalram > 0 && state.mem_unit > 0 && state.procs > 0);
    CALL(sched_getaffinity(0, sizeof cpus, &cpus));
    CHECK(CPU_COUNT(&cpus) > 0);
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) > 0);
    EQUAL(getpriority(PRIO_PROCESS, 0), nice(0));
}

/* A child by the call that new C libraries begin threads and processes with. */
void check_clone3(void) {
#ifdef SYS_clone3
    struct {
        uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    } arguments = {.exit_signal = SIGCHLD};
    int status = 0;
    long child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child < 0 && errno == ENOSYS) absent("clone3");
    CALL(child);
    if (child == 0) _exit(6);
    EQUAL(CALL(waitpid((pid_t)child, &status, 0)), child);
    EQUAL(WEXITSTATUS(status), 6);
#else
    absent("clone3 in this C library");
#endif
}

void check_pidfd(void) {
#ifdef SYS_pidfd_open
    siginfo_t info;
    pid_t child = CALL(fork());
    if (child == 0)
        for (;;) pause();
    int process = (int)syscall(SYS_pidfd_open, child, 0);
    if (process < 0 && errno == ENOSYS) {
        kill(child, SIGKILL);
        absent("pidfd_open");
    }
    CALL(process);
    CALL(syscall(SYS_pidfd_send_signal, process, SIGTERM, NULL, 0));
    memset(&info, 0, sizeof info);
    CALL(waitid((idtype_t)3 /* P_PIDFD */, (id_t)process, &info, WEXITED));
    EQUAL(info.si_status, SIGTERM);
#else
    absent("pidfd_open in this C library");
#endif
}

void check_setuid(void) {
    /* Beside this program, by the runner: a copy with the set-user-ID bit, owned by root, which this user is not. */
    char *words[] = {"./setuid", "@euid", "0", NULL};
    int status = 0;
    pid_t child = CALL(fork());
    if (child == 0) {
        execv(words[0], words);
        _exit(98);
    }
    EQUAL(CALL(waitpid(child, &status, 0)), child);
    EQUAL(WEXITSTATUS(status), 0);
}
