/*
 * What a program without a C library needs of its CPU and its kernel: how it begins, and how it makes a system call
 * (syscall(2)). `begin` gets the stack as the kernel left it: the number of words, the words, the variables, the auxiliary vector.
 */
#ifndef SYSTEM_H
#define SYSTEM_H

void begin(const unsigned long *stack) __attribute__((noreturn, used));

/* What some of these CPUs do by functions of a library, which is not there. */
#if !defined(__xtensa__) && !defined(__or1k__)
#define HAS_FLOAT 1
#define HAS_WIDE_PRODUCT 1
#if !defined(__hexagon__)
#define HAS_DOUBLE 1
#endif
#endif
#if !defined(__xtensa__) && !defined(__hexagon__)
#define HAS_DIVISION 1
#endif

#define START(instructions) __asm__(".text\n.globl _start\n_start:\n" instructions)

#if defined(__aarch64__) || (defined(__riscv) && __riscv_xlen == 32) || defined(__or1k__) || defined(__hexagon__)
/* include/uapi/asm-generic/unistd.h of Linux */
enum { NR_PIPE2 = 59, NR_READ = 63, NR_WRITE = 64, NR_EXIT = 93, NR_UNAME = 160, NR_GETPID = 172, NR_BRK = 214 };
#elif defined(__arm__)
enum { NR_PIPE2 = 359, NR_READ = 3, NR_WRITE = 4, NR_EXIT = 1, NR_UNAME = 122, NR_GETPID = 20, NR_BRK = 45 };
#elif defined(__i386__)
enum { NR_PIPE2 = 331, NR_READ = 3, NR_WRITE = 4, NR_EXIT = 1, NR_UNAME = 122, NR_GETPID = 20, NR_BRK = 45 };
#elif defined(__x86_64__)
enum { NR_PIPE2 = 293, NR_READ = 0, NR_WRITE = 1, NR_EXIT = 60, NR_UNAME = 63, NR_GETPID = 39, NR_BRK = 12 };
#elif defined(__sparc__)
enum { NR_PIPE2 = 321, NR_READ = 3, NR_WRITE = 4, NR_EXIT = 1, NR_UNAME = 189, NR_GETPID = 20, NR_BRK = 17 };
#elif defined(__xtensa__)
enum { NR_PIPE2 = 311, NR_READ = 12, NR_WRITE = 13, NR_EXIT = 118, NR_UNAME = 208, NR_GETPID = 120, NR_BRK = 83 };
#endif

/* Gives the negative number of an error where there is one. */
static inline long call(long number, long a, long b, long c) {
#if defined(__aarch64__)
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
#elif defined(__arm__)
    register long r7 __asm__("r7") = number, r0 __asm__("r0") = a, r1 __asm__("r1") = b, r2 __asm__("r2") = c;
    __asm__ volatile("svc #0" : "+r"(r0) : "r"(r7), "r"(r1), "r"(r2) : "memory");
    return r0;
#elif defined(__i386__)
    __asm__ volatile("int $0x80" : "+a"(number) : "b"(a), "c"(b), "d"(c) : "memory");
    return number;
#elif defined(__x86_64__)
    __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return number;
#elif defined(__riscv)
    register long a7 __asm__("a7") = number, a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
    return a0;
#elif defined(__sparc__)
    register long g1 __asm__("g1") = number, o0 __asm__("o0") = a, o1 __asm__("o1") = b, o2 __asm__("o2") = c;
    /* An error sets the carry, and its number is positive. */
    __asm__ volatile("ta 0x10\n bcc 1f\n nop\n neg %0\n1:" : "+r"(o0) : "r"(g1), "r"(o1), "r"(o2) : "cc", "memory");
    return o0;
#elif defined(__or1k__)
    register long r11 __asm__("r11") = number, r3 __asm__("r3") = a, r4 __asm__("r4") = b, r5 __asm__("r5") = c;
    __asm__ volatile("l.sys 1"
                     : "+r"(r11), "+r"(r3), "+r"(r4), "+r"(r5)
                     :
                     : "r6", "r7", "r8", "r12", "r13", "r15", "r17", "r19", "r21", "r23", "r25", "r27", "r29", "r31",
                       "memory");
    return r11;
#elif defined(__hexagon__)
    register long r6 __asm__("r6") = number, r0 __asm__("r0") = a, r1 __asm__("r1") = b, r2 __asm__("r2") = c;
    __asm__ volatile("trap0(#1)" : "+r"(r0) : "r"(r6), "r"(r1), "r"(r2) : "memory");
    return r0;
#elif defined(__xtensa__)
    register long a2 __asm__("a2") = number, a6 __asm__("a6") = a, a3 __asm__("a3") = b, a4 __asm__("a4") = c;
    __asm__ volatile("syscall" : "+r"(a2) : "r"(a6), "r"(a3), "r"(a4) : "memory");
    return a2;
#endif
}

#if defined(__aarch64__)
START("mov x0, sp\n b begin");
#elif defined(__arm__)
START("mov r0, sp\n b begin");
#elif defined(__i386__)
START("mov %esp, %eax\n and $-16, %esp\n sub $12, %esp\n push %eax\n call begin");
#elif defined(__x86_64__)
START("mov %rsp, %rdi\n and $-16, %rsp\n call begin");
#elif defined(__riscv)
START("mv a0, sp\n j begin");
#elif defined(__sparc__)
/* 16 registers of a window come first; below them is room for another window and what a function keeps of its arguments. */
START("add %sp, 64, %o0\n sub %sp, 96, %sp\n call begin\n nop");
#elif defined(__or1k__)
START("l.ori r3, r1, 0\n l.j begin\n l.nop");
#elif defined(__hexagon__)
START("r0 = r29\n jump begin");
#elif defined(__xtensa__)
START("mov a2, a1\n j begin");
#endif

#endif
