/* As programs are compiled that ask for no large files: on 32-bit CPUs, offsets of folders have 32 bits there. */
#undef _FILE_OFFSET_BITS
#undef _TIME_BITS
#include "check.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

void check_readdir_small(void) {
    enum { COUNT = 50 };
    char name[32];
    int count = 0;
    CALL(mkdir("small", 0700));
    for (int index = 0; index < COUNT; index++) {
        snprintf(name, sizeof name, "small/file-%d", index);
        close((int)CALL(open(name, O_WRONLY | O_CREAT, 0600)));
    }
    DIR *folder = opendir("small");
    CHECK(folder != NULL);
    errno = 0;
    while (readdir(folder)) count++;
    if (errno != 0) FAIL("readdir: %s after %d names", strerror(errno), count);
    EQUAL(count, COUNT + 2);
}

void check_stat_small(void) {
    struct stat state;
    int file = CALL(open("plain", O_RDWR | O_CREAT | O_TRUNC, 0600));
    EQUAL(write(file, "1234567", 7), 7);
    CALL(fstat(file, &state));
    EQUAL(state.st_size, 7);
    EQUAL(lseek(file, 0, SEEK_CUR), 7);
    CALL(stat("plain", &state));
    EQUAL(state.st_nlink, 1);
}
