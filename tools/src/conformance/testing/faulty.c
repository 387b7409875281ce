/*
 * An emulator with a fault put in by hand: whatever sendfile(2) copied, it reports one byte less. It runs its words under
 * ptrace(2): the emulator REAL with them, or, compiled without REAL, the program that they name. For amd64.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **words) {
    int status, inside = 0;
    pid_t child = fork();
    if (count < 2 || child < 0) return 125;
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
#ifdef REAL
        execv(REAL, words);
#else
        execv(words[1], words + 1);
#endif
        _exit(126);
    }
    waitpid(child, &status, 0);
    ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
    for (int signal = 0;;) {
        if (ptrace(PTRACE_SYSCALL, child, 0, signal) < 0) return 125;
        signal = 0;
        if (waitpid(child, &status, 0) < 0) return 125;
        if (WIFEXITED(status)) return WEXITSTATUS(status);
        if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
        if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
            signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
            continue;
        }
        inside = !inside;
        struct user_regs_struct registers;
        if (inside || ptrace(PTRACE_GETREGS, child, 0, &registers) < 0) continue;
        if (registers.orig_rax == SYS_sendfile && (long)registers.rax > 0) {
            registers.rax -= 1;
            ptrace(PTRACE_SETREGS, child, 0, &registers);
        }
    }
}
