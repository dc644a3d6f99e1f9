/* A file layer that records, and that fails when told to: preloaded under Python and its SQLite (LD_PRELOAD).
 *
 * The shipped SQLite reaches the disk through libc (its aSyscall table holds libc's addresses), so libc's names are
 * what is stood in for. Two jobs, each asked for by a variable of the environment:
 *
 *   FAULTS_LOG      RECORD. What happens to files under FAULTS_ROOT is appended to this file, in its order. One record:
 *                   u8 kind, u16 length of the path, u32 length of the data, u64 offset, path, data (little endian).
 *                   C create, W write, T truncate (offset is the size), U unlink, R rename (data is the new path),
 *                   S fsync or fdatasync of a file or directory. Others may append records of their own (M: a mark).
 *   FAULTS_CONTROL  LIVE. A file of this shape, mapped and looked at before every call under FAULTS_ROOT:
 *                   eight times {i32 errno, i32 calls that pass first, i32 calls that fail then (-1: all), i32 calls
 *                   seen}: for writes, syncs, opening for writing, truncating, unlinking and renaming, for the log
 *                   of SQLite (-wal) alone its writes, then the syncs of the book (ledger.db) and of its log alone.
 *   FAULTS_DISK     LOSE. A folder outside FAULTS_ROOT that holds, of each file, what the disk has. A sync that succeeds
 *                   brings it there. One that is told to fail loses what waited for it, as Linux does on most file
 *                   systems: those pages count as written, readers see them, the next sync succeeds, and once they
 *                   are evicted from memory (posix_fadvise DONTNEED, or faults_evict), the disk's old content is back.
 *                   Names are sure at once. It is all in files: it outlives processes, and several may share it.
 *
 * What is written through shared memory (SQLite's -shm) is not recorded: it is rebuilt after a power cut. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITES, SYNCS, OPENS, TRUNCATES, NAMES, LOG_WRITES, BOOK_SYNCS, LOG_SYNCS, JOBS };
enum { MOST = 4096, PAGE = 4096 };
enum { CLEAN, DIRTY, LOST }; /* of a page in memory: as the disk has it, waiting for a sync, never to be written */

struct fault { int32_t error, pass, fail, seen; };

static struct fault *live;
static int log_fd = -1;
static const char *disk;
static char root[PATH_MAX];
static size_t root_length;
static char *path_of[MOST]; /* of descriptors under the root, as they were opened */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

/* The kernel is called directly: whatever libc's own functions do inside must not come back here. */
static ssize_t k_pwrite(int fd, const void *data, size_t size, off64_t at) { return syscall(SYS_pwrite64, fd, data, size, at); }
static ssize_t k_write(int fd, const void *data, size_t size) { return syscall(SYS_write, fd, data, size); }

__attribute__((constructor)) static void begin(void) {
    const char *under = getenv("FAULTS_ROOT"), *log = getenv("FAULTS_LOG"), *control = getenv("FAULTS_CONTROL");
    if (under == NULL || realpath(under, root) == NULL) return;
    root_length = strlen(root);
    disk = getenv("FAULTS_DISK");
    if (log != NULL) log_fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (control != NULL) {
        int fd = syscall(SYS_openat, AT_FDCWD, control, O_RDWR | O_CLOEXEC, 0);
        void *at = mmap(NULL, sizeof(struct fault) * JOBS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (at != MAP_FAILED) live = at;
    }
}

/* The absolute path of a name, when it lies under the root; into `full`. The last part need not exist. */
static int ours(int folder, const char *name, char *full) {
    char joined[PATH_MAX], parent[PATH_MAX];
    if (root_length == 0 || name == NULL) return 0;
    if (name[0] == '/') {
        snprintf(joined, sizeof joined, "%s", name);
    } else {
        char link[64], base[PATH_MAX / 2];
        snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
        ssize_t size = readlink(link, base, sizeof base - 1);
        if (size < 0) return 0;
        base[size] = 0;
        if (strlen(base) + strlen(name) + 2 > sizeof joined) return 0;
        strcpy(joined, base);
        strcat(joined, "/");
        strcat(joined, name);
    }
    if (strncmp(joined, root, root_length) == 0 && joined[root_length] == 0) {
        strcpy(full, root);
        return 1;
    }
    char *last = strrchr(joined, '/');
    if (last == NULL) return 0;
    *last = 0;
    if (realpath(joined[0] ? joined : "/", parent) == NULL) return 0;
    if (strlen(parent) + strlen(last + 1) + 2 > PATH_MAX) return 0;
    strcpy(full, parent);
    strcat(full, "/");
    strcat(full, last + 1);
    return strncmp(full, root, root_length) == 0 && (full[root_length] == '/' || full[root_length] == 0);
}

static int ends(const char *path, const char *with) {
    size_t a = strlen(path), b = strlen(with);
    return a >= b && strcmp(path + a - b, with) == 0;
}

/* Whether this call must fail now; then errno says how. */
static int fails(int job) {
    if (live == NULL) return 0;
    struct fault *fault = &live[job];
    __sync_fetch_and_add(&fault->seen, 1);
    if (fault->error == 0) return 0;
    if (fault->pass > 0) { __sync_fetch_and_sub(&fault->pass, 1); return 0; }
    if (fault->fail == 0) return 0;
    if (fault->fail > 0) __sync_fetch_and_sub(&fault->fail, 1);
    errno = fault->error;
    return 1;
}

static void record(char kind, const char *path, uint64_t at, const void *data, size_t size) {
    if (log_fd < 0 || ends(path, "-shm")) return;
    const char *inside = path + root_length;
    uint16_t path_size = strlen(inside);
    uint32_t data_size = size;
    char head[15];
    head[0] = kind;
    memcpy(head + 1, &path_size, 2);
    memcpy(head + 3, &data_size, 4);
    memcpy(head + 7, &at, 8);
    struct iovec parts[3] = {{head, 15}, {(void *)inside, path_size}, {(void *)data, size}};
    ssize_t want = 15 + path_size + size;
    if (syscall(SYS_writev, log_fd, parts, 3) != want) abort(); /* a log with a hole would prove nothing */
}

/* ------------------------------------------------------------------------- what the disk has of each file */

/* The file that keeps it (`more` empty), or the state of its pages (".pages"), a byte each. */
static int kept_at(const char *path, const char *more, int create) {
    char name[2 * PATH_MAX];
    snprintf(name, sizeof name, "%s/", disk);
    size_t at = strlen(name);
    for (const char *c = path + root_length; *c; c++) name[at++] = *c == '/' ? '%' : *c;
    strcpy(name + at, more);
    return syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
}

static int disk_turn(void) {
    int fd = syscall(SYS_openat, AT_FDCWD, disk, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0 || flock(fd, LOCK_EX) != 0) abort();
    return fd;
}

static off_t size_of(int fd) {
    struct stat now;
    if (fstat(fd, &now) != 0) abort();
    return now.st_size;
}

static void copy_page(int from, int to, off_t page, off_t end) {
    char data[PAGE] = {0};
    off_t at = page * PAGE, size = end - at < PAGE ? end - at : PAGE;
    if (size <= 0) return;
    if (syscall(SYS_pread64, from, data, size, at) < 0 || k_pwrite(to, data, size, at) != size) abort();
}

/* The file `fd` is about to be changed between two places: until a sync the disk does not have it. */
static void waits(const char *path, int fd, off_t at, off_t end) {
    if (disk == NULL || ends(path, "-shm")) return;
    int turn_fd = disk_turn(), sure = kept_at(path, "", 0);
    if (sure < 0) { /* what is there now was there before all this */
        sure = kept_at(path, "", 1);
        for (off_t page = 0; page * PAGE < size_of(fd); page++) copy_page(fd, sure, page, size_of(fd));
    }
    int pages = kept_at(path, ".pages", 1);
    for (off_t page = at / PAGE; page * PAGE < end; page++) k_pwrite(pages, (char[]){DIRTY}, 1, page);
    syscall(SYS_close, pages);
    syscall(SYS_close, sure);
    syscall(SYS_close, turn_fd);
}

/* All pages of a file in one state come into another: DIRTY ones to the disk or lost, LOST ones back from it. */
static void pages_become(const char *path, int fd, char from, char to) {
    if (disk == NULL || ends(path, "-shm")) return;
    int turn_fd = disk_turn(), sure = kept_at(path, "", 0), pages = kept_at(path, ".pages", 0);
    if (sure >= 0 && pages >= 0) {
        off_t end = size_of(fd), last = size_of(pages);
        for (off_t page = 0; page < last; page++) {
            char state = CLEAN;
            if (syscall(SYS_pread64, pages, &state, 1, page) != 1 || state != from) continue;
            if (from == DIRTY && to == CLEAN) copy_page(fd, sure, page, end);
            if (from == LOST && to == CLEAN) copy_page(sure, fd, page, end);
            k_pwrite(pages, &to, 1, page);
        }
        if (from == DIRTY && to == CLEAN && syscall(SYS_ftruncate, sure, end) != 0) abort();
    }
    if (sure >= 0) syscall(SYS_close, sure);
    if (pages >= 0) syscall(SYS_close, pages);
    syscall(SYS_close, turn_fd);
}

/* For tests: let the lost pages of a file go from memory. Not in a process that has locks on it: closing drops them. */
int faults_evict(const char *path) {
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) return -1;
    pages_become(path, fd, LOST, CLEAN);
    return syscall(SYS_close, fd);
}

static void names_change(const char *old, const char *new) {
    if (disk == NULL) return;
    for (int more = 0; more < 2; more++) {
        char from[2 * PATH_MAX], to[2 * PATH_MAX], *names[2] = {from, to};
        for (int which = 0; which < 2; which++) {
            const char *path = which ? new : old;
            if (path == NULL) continue;
            snprintf(names[which], sizeof from, "%s/", disk);
            size_t at = strlen(names[which]);
            for (const char *c = path + root_length; *c; c++) names[which][at++] = *c == '/' ? '%' : *c;
            strcpy(names[which] + at, more ? ".pages" : "");
        }
        if (new == NULL) syscall(SYS_unlinkat, AT_FDCWD, from, 0);
        else syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    }
}

static const char *known(int fd) { return fd >= 0 && fd < MOST ? path_of[fd] : NULL; }

static void forget(int fd) {
    if (fd < 0 || fd >= MOST || path_of[fd] == NULL) return;
    free(path_of[fd]);
    path_of[fd] = NULL;
}

static int opened(int folder, const char *name, int flags, mode_t mode) {
    char full[PATH_MAX];
    int is_ours = ours(folder, name, full), writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
    struct stat before;
    if (is_ours && writes && fails(OPENS)) return -1;
    pthread_mutex_lock(&turn);
    int new = is_ours && (flags & O_CREAT) && lstat(full, &before) != 0;
    if (new) names_change(full, NULL);
    int fd = syscall(SYS_openat, folder, name, flags, mode);
    int error = errno;
    forget(fd);
    if (fd >= 0 && fd < MOST && is_ours) {
        path_of[fd] = strdup(full);
        if (new) record('C', full, 0, NULL, 0);
        else if (flags & O_TRUNC) record('T', full, 0, NULL, 0);
    }
    pthread_mutex_unlock(&turn);
    errno = error;
    return fd;
}

static mode_t mode_of(int flags, va_list more) {
    return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(more, mode_t) : 0;
}

#define OPEN(name) int name(const char *path, int flags, ...) { \
    va_list more; va_start(more, flags); mode_t mode = mode_of(flags, more); va_end(more); \
    return opened(AT_FDCWD, path, flags, mode); }
#define OPENAT(name) int name(int folder, const char *path, int flags, ...) { \
    va_list more; va_start(more, flags); mode_t mode = mode_of(flags, more); va_end(more); \
    return opened(folder, path, flags, mode); }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
int __open_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int close(int fd) {
    pthread_mutex_lock(&turn);
    forget(fd);
    pthread_mutex_unlock(&turn);
    return syscall(SYS_close, fd);
}

static ssize_t written(int fd, const void *data, size_t size, off64_t at, int here) {
    const char *path = known(fd);
    if (path == NULL) return here ? k_write(fd, data, size) : k_pwrite(fd, data, size, at);
    if (fails(WRITES) || (ends(path, "-wal") && fails(LOG_WRITES))) return -1;
    pthread_mutex_lock(&turn);
    if (here) {
        struct stat now;
        int append = syscall(SYS_fcntl, fd, F_GETFL) & O_APPEND;
        at = append && fstat(fd, &now) == 0 ? now.st_size : syscall(SYS_lseek, fd, 0, SEEK_CUR);
    }
    waits(path, fd, at, at + size);
    ssize_t done = here ? k_write(fd, data, size) : k_pwrite(fd, data, size, at);
    int error = errno;
    if (done > 0) record('W', path, at, data, done);
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}

ssize_t write(int fd, const void *data, size_t size) { return written(fd, data, size, 0, 1); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return written(fd, data, size, at, 0); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) { return written(fd, data, size, at, 0); }

static int synced(int fd, long call) {
    const char *path = known(fd);
    if (path == NULL) return syscall(call, fd);
    pthread_mutex_lock(&turn);
    if (fails(SYNCS) || (ends(path, "ledger.db") && fails(BOOK_SYNCS)) || (ends(path, "-wal") && fails(LOG_SYNCS))) {
        int why = errno;
        pages_become(path, fd, DIRTY, LOST);
        pthread_mutex_unlock(&turn);
        errno = why;
        return -1;
    }
    int done = syscall(call, fd), error = errno;
    if (done == 0) pages_become(path, fd, DIRTY, CLEAN);
    if (done == 0) record('S', path, 0, NULL, 0);
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}

int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

static int cut(int fd, off64_t size) {
    const char *path = known(fd);
    if (path == NULL) return syscall(SYS_ftruncate, fd, size);
    if (fails(TRUNCATES)) return -1;
    pthread_mutex_lock(&turn);
    waits(path, fd, size, size);
    int done = syscall(SYS_ftruncate, fd, size), error = errno;
    if (done == 0) record('T', path, size, NULL, 0);
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}

int ftruncate(int fd, off_t size) { return cut(fd, size); }
int ftruncate64(int fd, off64_t size) { return cut(fd, size); }

static int unlinked(int folder, const char *name, int flags) {
    char full[PATH_MAX];
    int is_ours = ours(folder, name, full);
    if (is_ours && fails(NAMES)) return -1;
    pthread_mutex_lock(&turn);
    int done = syscall(SYS_unlinkat, folder, name, flags), error = errno;
    if (done == 0 && is_ours) names_change(full, NULL);
    if (done == 0 && is_ours) record('U', full, 0, NULL, 0);
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}

int unlink(const char *name) { return unlinked(AT_FDCWD, name, 0); }
int unlinkat(int folder, const char *name, int flags) { return unlinked(folder, name, flags); }

static int renamed(int from, const char *old, int to, const char *new) {
    char one[PATH_MAX], other[PATH_MAX];
    int both = ours(from, old, one) && ours(to, new, other);
    if (both && fails(NAMES)) return -1;
    pthread_mutex_lock(&turn);
    int done = syscall(SYS_renameat2, from, old, to, new, 0), error = errno;
    if (done == 0 && both) names_change(one, other);
    if (done == 0 && both) record('R', one, 0, other + root_length, strlen(other + root_length));
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}

int posix_fadvise(int fd, off_t at, off_t size, int advice) {
    const char *path = known(fd);
    if (path != NULL && advice == POSIX_FADV_DONTNEED && ends(path, "-wal")) {
        pthread_mutex_lock(&turn);
        faults_evict(path);
        pthread_mutex_unlock(&turn);
    }
    return syscall(SYS_fadvise64, fd, at, size, advice) == 0 ? 0 : errno;
}
int posix_fadvise64(int fd, off_t at, off_t size, int advice) { return posix_fadvise(fd, at, size, advice); }

int rename(const char *old, const char *new) { return renamed(AT_FDCWD, old, AT_FDCWD, new); }
int renameat(int from, const char *old, int to, const char *new) { return renamed(from, old, to, new); }
