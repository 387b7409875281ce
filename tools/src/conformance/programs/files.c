/* Files and folders, all in the working folder. */
#include "check.h"
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>

static int create(const char *name) { return (int)CALL(open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)); }

void check_big_file(void) {
    const off_t far = (off_t)5 << 30;
    struct stat state;
    char byte = 0;
    int file = create("big");
    unlink("big");
    EQUAL(CALL(pwrite(file, "x", 1, far)), 1);
    CALL(fstat(file, &state));
    EQUAL(state.st_size, far + 1);
    EQUAL(lseek(file, -1, SEEK_END), far);
    EQUAL(CALL(read(file, &byte, 1)), 1);
    EQUAL(byte, 'x');
    CALL(ftruncate(file, far - 100));
    EQUAL(lseek(file, 0, SEEK_END), far - 100);
}

enum { COUNT = 300 };

static DIR *full_folder(void) {
    char name[32];
    CALL(mkdir("folder", 0700));
    for (int index = 0; index < COUNT; index++) {
        snprintf(name, sizeof name, "folder/file-%d", index);
        close(create(name));
    }
    DIR *folder = opendir("folder");
    CHECK(folder != NULL);
    return folder;
}

void check_readdir(void) {
    int seen[COUNT] = {0}, count = 0;
    DIR *folder = full_folder();
    struct dirent *entry;
    errno = 0;
    while ((entry = readdir(folder))) {
        int index;
        if (sscanf(entry->d_name, "file-%d", &index) == 1) seen[index]++;
        count++;
        errno = 0;
    }
    EQUAL(errno, 0);
    EQUAL(count, COUNT + 2);
    for (int index = 0; index < COUNT; index++) EQUAL(seen[index], 1);
}

void check_seekdir(void) {
    int before = 0, behind = 0;
    DIR *folder = full_folder();
    for (; before < 100; before++) CHECK(readdir(folder) != NULL);
    long middle = telldir(folder);
    while (readdir(folder)) {}
    seekdir(folder, middle);
    while (readdir(folder)) behind++;
    EQUAL(before + behind, COUNT + 2);
}

void check_stat(void) {
    struct stat state, other;
    struct statx wide;
    struct timespec times[2] = {{1000000000, 123456789}, {1500000000, 987654321}};
    int file = create("stated");
    EQUAL(write(file, "12345", 5), 5);
    CALL(fchmod(file, 0640));
    CALL(futimens(file, times));
    CALL(fstat(file, &state));
    EQUAL(state.st_size, 5);
    EQUAL(state.st_mode, S_IFREG | 0640);
    EQUAL(state.st_mtim.tv_sec, 1500000000);
    EQUAL(state.st_mtim.tv_nsec, 987654321);
    CALL(symlink("stated", "link"));
    CALL(lstat("link", &other));
    CHECK(S_ISLNK(other.st_mode));
    CALL(fstatat(AT_FDCWD, "link", &other, 0));
    EQUAL(other.st_ino, state.st_ino);
    EQUAL(other.st_dev, state.st_dev);
    CALL(statx(AT_FDCWD, "stated", 0, STATX_BASIC_STATS, &wide));
    EQUAL(wide.stx_size, 5);
    EQUAL(wide.stx_ino, state.st_ino);
    EQUAL(wide.stx_atime.tv_sec, 1000000000);
    EQUAL(wide.stx_mtime.tv_nsec, 987654321);
    struct statvfs system;
    CALL(statvfs(".", &system));
    CHECK(system.f_bsize > 0 && system.f_namemax >= 100);
    REFUSED(stat("missing", &state), ENOENT);
    CALL(access("stated", R_OK | W_OK));
}

void check_inotify(void) {
    char buffer[1024] __attribute__((aligned(8)));
    int watcher = CALL(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    CALL(inotify_add_watch(watcher, ".", IN_CREATE | IN_DELETE));
    close(create("watched"));
    CALL(unlink("watched"));
    ssize_t size = CALL(read(watcher, buffer, sizeof buffer));
    struct inotify_event *event = (struct inotify_event *)buffer;
    EQUAL(event->mask, IN_CREATE);
    EQUAL(strcmp(event->name, "watched"), 0);
    CHECK(size >= (ssize_t)(2 * (sizeof *event + event->len)));
    event = (struct inotify_event *)(buffer + sizeof *event + event->len);
    EQUAL(event->mask, IN_DELETE);
    REFUSED(read(watcher, buffer, sizeof buffer), EAGAIN);
}

void check_close_range(void) {
#ifdef SYS_close_range
    int file = create("ranged");
    for (int other = 100; other < 110; other++) EQUAL(CALL(dup2(file, other)), other);
    long result = syscall(SYS_close_range, 100, 104, 0);
    if (result < 0 && errno == ENOSYS) absent("close_range");
    CALL(result);
    REFUSED(fcntl(104, F_GETFD), EBADF);
    EQUAL(CALL(fcntl(105, F_GETFD)), 0);
    CALL(syscall(SYS_close_range, 105, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */));
    EQUAL(CALL(fcntl(109, F_GETFD)), FD_CLOEXEC);
    EQUAL(write(1, "", 0), 0);
#else
    absent("close_range in this C library");
#endif
}

static int locked_file;

static void try_locks(void) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)3 << 30, .l_len = 10};
    CALL(fcntl(locked_file, F_GETLK, &lock));
    EQUAL(lock.l_type, F_WRLCK);
    EQUAL(lock.l_pid, getppid());
    EQUAL(lock.l_start, ((off_t)3 << 30) + 5);
    lock.l_type = F_WRLCK;
    CHECK(fcntl(locked_file, F_SETLK, &lock) < 0 && (errno == EAGAIN || errno == EACCES));
    int own = CALL(open("locked", O_RDWR));
    REFUSED(flock(own, LOCK_EX | LOCK_NB), EWOULDBLOCK);
}

void check_locks(void) {
    locked_file = create("locked");
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = ((off_t)3 << 30) + 5, .l_len = 100};
    CALL(fcntl(locked_file, F_SETLK, &lock));
    CALL(flock(locked_file, LOCK_EX));
    EQUAL(in_child(try_locks), 0);
    int other = create("described");
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    CALL(fcntl(other, F_OFD_SETLK, &whole));
    int again = CALL(open("described", O_RDWR));
    CHECK(fcntl(again, F_OFD_SETLK, &whole) < 0 && (errno == EAGAIN || errno == EACCES));
}

void check_copies(void) {
    char text[16] = "";
    int from = create("from"), to = create("to"), pipes[2];
    EQUAL(write(from, "0123456789", 10), 10);
    off_t at = 2;
    EQUAL(CALL(sendfile(to, from, &at, 5)), 5);
    EQUAL(at, 7);
    CALL(pipe(pipes));
    off_t start = 7;
    EQUAL(CALL(splice(from, &start, pipes[1], NULL, 3, 0)), 3);
    EQUAL(CALL(splice(pipes[0], NULL, to, NULL, 3, 0)), 3);
    EQUAL(CALL(pread(to, text, 15, 0)), 8);
    EQUAL(strcmp(text, "23456789"), 0);
    off_t first = 0, behind = 8;
    ssize_t copied = copy_file_range(from, &first, to, &behind, 2, 0);
    if (copied < 0) CHECK(errno == ENOSYS || errno == EXDEV || errno == EINVAL);
    else EQUAL(copied, 2);
}

void check_vectors(void) {
    const off_t far = (off_t)3 << 30;
    char one[4] = "", two[8] = "";
    int file = create("vectors");
    struct iovec out[2] = {{"abc", 3}, {"defgh", 5}}, in[2] = {{one, 3}, {two, 5}};
    EQUAL(CALL(writev(file, out, 2)), 8);
    CALL(lseek(file, 0, SEEK_SET));
    EQUAL(CALL(readv(file, in, 2)), 8);
    CHECK(strcmp(one, "abc") == 0 && strcmp(two, "defgh") == 0);
    EQUAL(CALL(pwritev(file, out, 2, far)), 8);
    memset(two, 0, sizeof two);
    EQUAL(CALL(preadv(file, in, 2, far)), 8);
    EQUAL(strcmp(two, "defgh"), 0);
}

void check_random(void) {
    unsigned char first[32] = {0}, second[32] = {0};
    EQUAL(CALL(getrandom(first, sizeof first, 0)), 32);
    EQUAL(CALL(getrandom(second, sizeof second, GRND_NONBLOCK)), 32);
    CHECK(memcmp(first, second, 32) != 0);
    int file = CALL(open("/dev/urandom", O_RDONLY));
    EQUAL(CALL(read(file, first, 32)), 32);
}

void check_terminal(void) {
    struct winsize size = {.ws_row = 33, .ws_col = 99}, read_back;
    struct termios mode;
    int master = CALL(posix_openpt(O_RDWR | O_NOCTTY)), waiting = 0;
    char byte, *name;
    CALL(grantpt(master));
    CALL(unlockpt(master));
    CHECK((name = ptsname(master)) != NULL);
    int terminal = CALL(open(name, O_RDWR | O_NOCTTY));
    CHECK(isatty(terminal));
    CALL(ioctl(master, TIOCSWINSZ, &size));
    CALL(ioctl(terminal, TIOCGWINSZ, &read_back));
    EQUAL(read_back.ws_col, 99);
    CALL(tcgetattr(terminal, &mode));
    cfmakeraw(&mode);
    mode.c_cc[VMIN] = 3;
    CALL(cfsetospeed(&mode, B9600));
    CALL(tcsetattr(terminal, TCSANOW, &mode));
    CALL(tcgetattr(terminal, &mode));
    EQUAL(mode.c_cc[VMIN], 3);
    EQUAL(cfgetospeed(&mode), B9600);
    EQUAL(write(master, "abc", 3), 3);
    /* The kernel hands it over on its own time. */
    struct pollfd wait = {.fd = terminal, .events = POLLIN};
    EQUAL(CALL(poll(&wait, 1, 10000)), 1);
    CALL(ioctl(terminal, FIONREAD, &waiting));
    EQUAL(waiting, 3);
    EQUAL(read(terminal, &byte, 1), 1);
    EQUAL(byte, 'a');
}

void check_names(void) {
    char folder[4096], link[16] = "";
    CALL(mkdirat(AT_FDCWD, "names", 0700));
    int opened = CALL(open("names", O_RDONLY | O_DIRECTORY | O_PATH));
    close((int)CALL(openat(opened, "file", O_CREAT | O_WRONLY, 0600)));
    CALL(renameat(opened, "file", opened, "other"));
    CALL(linkat(opened, "other", opened, "second", 0));
    CALL(symlinkat("other", opened, "link"));
    EQUAL(CALL(readlinkat(opened, "link", link, sizeof link - 1)), 5);
    EQUAL(strcmp(link, "other"), 0);
    CALL(fchmodat(opened, "other", 0400, 0));
    CALL(faccessat(opened, "second", R_OK, 0));
    CALL(chdir("names"));
    CHECK(getcwd(folder, sizeof folder) != NULL);
    EQUAL(strcmp(folder + strlen(folder) - 6, "/names"), 0);
    CALL(unlinkat(opened, "link", 0));
    REFUSED(readlink("link", link, sizeof link), ENOENT);
#ifdef SYS_renameat2
    EQUAL(close((int)CALL(openat(opened, "third", O_CREAT | O_WRONLY, 0600))), 0);
    REFUSED(syscall(SYS_renameat2, opened, "third", opened, "other", 1 /* RENAME_NOREPLACE */), EEXIST);
#endif
}
