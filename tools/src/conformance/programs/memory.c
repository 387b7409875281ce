/* Memory: mappings, their protection, and what other processes see of them. */
#include "check.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>

static size_t page(void) { return (size_t)sysconf(_SC_PAGESIZE); }

static char *anonymous(size_t size) {
    void *start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) FAIL("mmap of %zu: %s", size, strerror(errno));
    return start;
}

void check_mmap(void) {
    size_t size = 4 * page();
    int file = CALL(open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0600));
    CALL(ftruncate(file, (off_t)size));
    char *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    CHECK(shared != MAP_FAILED);
    strcpy(shared + size - 8, "shared");
    CALL(msync(shared, size, MS_SYNC));
    char read_back[8] = "";
    EQUAL(pread(file, read_back, 7, (off_t)size - 8), 7);
    EQUAL(strcmp(read_back, "shared"), 0);
    char *private = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, (off_t)(2 * page()));
    CHECK(private != MAP_FAILED);
    strcpy(private, "private");
    EQUAL(shared[2 * page()], 0);
    CALL(munmap(shared, size));
    char *memory = anonymous(64 << 20);
    for (size_t at = 0; at < 64u << 20; at += 1u << 20) memory[at] = 1;
    CALL(munmap(memory + (16 << 20), 16 << 20));
    EQUAL(memory[48 << 20], 1);
}

void check_mremap(void) {
    size_t size = 2 * page();
    char *start = anonymous(size);
    memset(start, 7, size);
    char *grown = mremap(start, size, 64 * size, MREMAP_MAYMOVE);
    CHECK(grown != MAP_FAILED);
    EQUAL(grown[size - 1], 7);
    EQUAL(grown[size], 0);
    grown[64 * size - 1] = 9;
    char *shrunk = mremap(grown, 64 * size, size, 0);
    CHECK(shrunk == grown);
}

static sigjmp_buf back;
static void *volatile fault_address;
static volatile int fault_code;

#ifdef __s390x__
#define FAULT_UNIT page()
#else
#define FAULT_UNIT 4
#endif

static void on_fault(int number, siginfo_t *info, void *context) {
    (void)context;
    fault_address = info->si_addr;
    fault_code = info->si_code;
    siglongjmp(back, number);
}

/* The kernel of s390x names the page, others the byte; some compilers write words of four bytes. */
static int is_at(volatile void *address) {
    uintptr_t unit = FAULT_UNIT;
    return (uintptr_t)fault_address / unit == (uintptr_t)address / unit;
}

static void catch_faults(void) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    CALL(sigaction(SIGSEGV, &action, NULL));
    CALL(sigaction(SIGBUS, &action, NULL));
}

void check_mprotect(void) {
    catch_faults();
    volatile char *start = anonymous(2 * page());
    start[page() + 5] = 3;
    CALL(mprotect((char *)start + page(), page(), PROT_READ));
    EQUAL(start[page() + 5], 3);
    int number = sigsetjmp(back, 1);
    if (number == 0) {
        start[page() + 8] = 4;
        FAIL("a write to a page that can only be read gave no signal");
    }
    EQUAL(number, SIGSEGV);
    EQUAL(fault_code, SEGV_ACCERR);
    CHECK(is_at(start + page() + 8));
    CALL(mprotect((char *)start + page(), page(), PROT_READ | PROT_WRITE));
    start[page() + 8] = 4;
}

void check_segv(void) {
    catch_faults();
    volatile char *start = anonymous(2 * page());
    CALL(munmap((char *)start, 2 * page()));
    for (int round = 0; round < 100; round++) {
        if (sigsetjmp(back, 1) == 0) {
            start[16] = 1;
            FAIL("a write to no memory gave no signal");
        }
        EQUAL(fault_code, SEGV_MAPERR);
        CHECK(is_at(start + 16));
    }
}

/* Of a file that ends before its mapping does. (mmap(2), SIGBUS) */
void check_bus(void) {
    catch_faults();
    int file = CALL(open("short", O_RDWR | O_CREAT | O_TRUNC, 0600));
    volatile char *start = mmap(NULL, 2 * page(), PROT_READ, MAP_SHARED, file, 0);
    CHECK(start != MAP_FAILED);
    int number = sigsetjmp(back, 1);
    if (number == 0) FAIL("a read behind the end of a file gave %d", start[page()]);
    EQUAL(number, SIGBUS);
}

void check_fixed_noreplace(void) {
    char *start = anonymous(4 * page());
    start[0] = 1;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    CHECK(mmap(start, page(), PROT_READ, flags, -1, 0) == MAP_FAILED);
    EQUAL(errno, EEXIST);
    EQUAL(start[0], 1);
    CALL(munmap(start + page(), page()));
    CHECK(mmap(start + page(), page(), PROT_READ, flags, -1, 0) == start + page());
}

void check_heap(void) {
    enum { COUNT = 200 };
    char *blocks[COUNT];
    for (size_t index = 0; index < COUNT; index++) {
        size_t size = (index * 7919) % 300000 + 1;
        CHECK((blocks[index] = malloc(size)) != NULL);
        memset(blocks[index], (int)index, size);
    }
    for (size_t index = 0; index < COUNT; index += 2) free(blocks[index]);
    for (size_t index = 1; index < COUNT; index += 2) {
        CHECK((blocks[index] = realloc(blocks[index], 400000)) != NULL);
        EQUAL((unsigned char)blocks[index][0], index);
    }
    void *aligned = NULL;
    ZERO(posix_memalign(&aligned, 65536, 100));
    EQUAL((uintptr_t)aligned % 65536, 0);
    CHECK(sbrk(0) != (void *)-1);
}

static int __attribute__((noinline)) descend(int depth) {
    volatile char frame[1024];
    frame[0] = (char)depth;
    if (depth == 0) return 0;
    return descend(depth - 1) + 1 - frame[0] + (char)depth;
}

/* 5 MiB of the 8 that a process has by default. */
void check_deep_stack(void) { EQUAL(descend(5 << 10), 5 << 10); }

void check_memfd(void) {
    int file = memfd_create("check", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0 && errno == ENOSYS) absent("memfd_create");
    CALL(file);
    CALL(ftruncate(file, (off_t)page()));
    char *start = mmap(NULL, page(), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    CHECK(start != MAP_FAILED);
    strcpy(start, "memory");
    char read_back[8] = "";
    EQUAL(pread(file, read_back, 7, 0), 7);
    EQUAL(strcmp(read_back, "memory"), 0);
    CALL(fcntl(file, F_ADD_SEALS, F_SEAL_GROW));
    EQUAL(fcntl(file, F_GET_SEALS), F_SEAL_GROW);
    REFUSED(ftruncate(file, (off_t)(2 * page())), EPERM);
}

void check_madvise(void) {
    char *start = anonymous(4 * page());
    memset(start, 5, 4 * page());
    CALL(madvise(start + page(), page(), MADV_DONTNEED));
    EQUAL(start[page() - 1], 5);
    EQUAL(start[page()], 0);
    EQUAL(start[2 * page()], 5);
}

static int segment;

static void write_segment(void) {
    char *start = shmat(segment, NULL, 0);
    CHECK(start != (void *)-1);
    strcpy(start + 100, "child");
    CALL(shmdt(start));
}

void check_shared_memory(void) {
    segment = (int)CALL(shmget(IPC_PRIVATE, 65536, IPC_CREAT | 0600));
    char *start = shmat(segment, NULL, 0);
    CALL(shmctl(segment, IPC_RMID, NULL));
    CHECK(start != (void *)-1);
    EQUAL(in_child(write_segment), 0);
    EQUAL(strcmp(start + 100, "child"), 0);
    struct shmid_ds state;
    CALL(shmctl(segment, IPC_STAT, &state));
    EQUAL(state.shm_segsz, 65536);
    EQUAL(state.shm_nattch, 1);
    CALL(shmdt(start));
}

void check_mincore(void) {
    unsigned char resident[4] = {0};
    char *start = anonymous(4 * page());
    start[0] = start[3 * page()] = 1;
    CALL(mincore(start, 4 * page(), resident));
    EQUAL(resident[0] & 1, 1);
    EQUAL(resident[3] & 1, 1);
}
