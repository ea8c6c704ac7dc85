/* A disk that can be watched and made to fail: loaded with LD_PRELOAD, it stands between a process and the files of one directory.
 *
 * K8TS_DISK_ROOT       the directory
 * K8TS_DISK_LOG        where every change is recorded, with what the process says on standard output in between; nothing is really synced
 * K8TS_DISK_FAULT      "write:N:ERRNO:COUNT" or "sync:N:ERRNO:COUNT": COUNT operations from the Nth on fail; COUNT 0 is for ever;
 *                      "delay:MS:0:0": every sync takes that long
 * K8TS_CLOCK_FILE      eight bytes: the seconds by which the wall clock is wrong; may change at any time
 *
 * Opening "/k8ts-disk-fault/WHAT" sets the fault anew, as above, and counts from there. It fails with EEXIST if the fault before has
 * happened, and else with ENOENT.
 *
 * A failed sync fails as on Linux: each descriptor of the file is told once, and what was not yet on disk will never be.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FDS_MAX 4096
#define FILES_MAX 65536

struct record {
  uint8_t op;
  uint8_t unused[3];
  uint32_t file;
  uint64_t offset;
  uint32_t length;
  int32_t result;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[4096];
static size_t root_length;
static int log_fd = -1;
static long sync_ms;
static char fault_op;
static long fault_from, fault_errno, fault_count;
static long writes_seen, syncs_seen;
static int has_failed;
static volatile int64_t *clock_offset;

static struct {
  uint32_t file;
  int error_due;
} fds[FDS_MAX];
static struct {
  dev_t device;
  ino_t inode;
} files[FILES_MAX];
static uint32_t files_count;

static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int (*real_gettimeofday)(struct timeval *, void *);

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = dlsym(RTLD_NEXT, name)

static void set_fault(const char *value) {
  char op[16];
  fault_op = sscanf(value, "%15[a-z]:%ld:%ld:%ld", op, &fault_from, &fault_errno, &fault_count) == 4 ? op[0] : 0;
  if (fault_op == 'd') sync_ms = fault_from;
  writes_seen = syncs_seen = 0;
  has_failed = 0;
}

__attribute__((constructor)) static void start(void) {
  const char *value = getenv("K8TS_DISK_ROOT");
  if (value && realpath(value, root)) root_length = strlen(root);
  value = getenv("K8TS_DISK_LOG");
  if (value) log_fd = (int)syscall(SYS_openat, AT_FDCWD, value, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  value = getenv("K8TS_DISK_FAULT");
  if (value) set_fault(value);
  value = getenv("K8TS_CLOCK_FILE");
  if (value) {
    int fd = (int)syscall(SYS_openat, AT_FDCWD, value, O_RDONLY | O_CLOEXEC, 0);
    if (fd >= 0) {
      void *at = (void *)syscall(SYS_mmap, NULL, 8, PROT_READ, MAP_SHARED, fd, 0);
      if (at != MAP_FAILED) clock_offset = at;
      syscall(SYS_close, fd);
    }
  }
}

static void put(const void *bytes, size_t length) {
  const char *at = bytes;
  while (length > 0) {
    ssize_t n = syscall(SYS_write, log_fd, at, length);
    if (n <= 0) abort();
    at += n;
    length -= (size_t)n;
  }
}

static void record(char op, uint32_t file, uint64_t offset, const void *bytes, size_t length, int result) {
  if (log_fd < 0) return;
  struct record r = {.op = (uint8_t)op, .file = file, .offset = offset, .length = (uint32_t)length, .result = result};
  put(&r, sizeof r);
  if (length > 0) put(bytes, length);
}

/* The path below the directory, or NULL for one outside. */
static const char *inside(const char *path) {
  if (root_length == 0 || path == NULL) return NULL;
  if (strncmp(path, root, root_length) != 0) return NULL;
  if (path[root_length] == 0) return "";
  return path[root_length] == '/' ? path + root_length + 1 : NULL;
}

static uint32_t file_of(int fd, int made) {
  struct stat at;
  if (fstat(fd, &at) != 0) return 0;
  if (!made)
    for (uint32_t i = files_count; i > 0; i--)
      if (files[i].device == at.st_dev && files[i].inode == at.st_ino) return i;
  if (files_count + 1 >= FILES_MAX) abort();
  files_count++;
  files[files_count].device = at.st_dev;
  files[files_count].inode = at.st_ino;
  return files_count;
}

#define CONTROL "/k8ts-disk-fault/"

static int opened(int dir, const char *path, int flags, mode_t mode) {
  if (strncmp(path, CONTROL, sizeof CONTROL - 1) == 0) {
    pthread_mutex_lock(&lock);
    int error = has_failed ? EEXIST : ENOENT;
    set_fault(path + sizeof CONTROL - 1);
    pthread_mutex_unlock(&lock);
    errno = error;
    return -1;
  }
  const char *name = inside(path);
  if (name == NULL) return (int)syscall(SYS_openat, dir, path, flags, mode);
  pthread_mutex_lock(&lock);
  int made = (flags & O_CREAT) && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) != 0;
  int fd = (int)syscall(SYS_openat, dir, path, flags, mode);
  int error = errno;
  if (fd >= 0 && fd < FDS_MAX) {
    fds[fd].file = file_of(fd, made);
    fds[fd].error_due = 0;
    record('O', fds[fd].file, (uint64_t)made, name, strlen(name), 0);
    if (flags & O_TRUNC) record('T', fds[fd].file, 0, NULL, 0, 0);
  }
  pthread_mutex_unlock(&lock);
  errno = error;
  return fd;
}

#define MODE_OF(flags, mode) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | __O_TMPFILE)) { \
    va_list rest; \
    va_start(rest, flags); \
    mode = va_arg(rest, mode_t); \
    va_end(rest); \
  }

int open(const char *path, int flags, ...) {
  MODE_OF(flags, mode)
  return opened(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  MODE_OF(flags, mode)
  return opened(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}
int openat(int dir, const char *path, int flags, ...) {
  MODE_OF(flags, mode)
  return opened(dir, path, flags, mode);
}
int openat64(int dir, const char *path, int flags, ...) {
  MODE_OF(flags, mode)
  return opened(dir, path, flags | O_LARGEFILE, mode);
}

int close(int fd) {
  pthread_mutex_lock(&lock);
  if (fd >= 0 && fd < FDS_MAX) fds[fd].file = 0;
  int result = (int)syscall(SYS_close, fd);
  pthread_mutex_unlock(&lock);
  return result;
}

static uint32_t ours(int fd) {
  return fd >= 0 && fd < FDS_MAX ? fds[fd].file : 0;
}

static int fails(char op) {
  long n = op == 'w' ? ++writes_seen : ++syncs_seen;
  if (fault_op != op || n < fault_from || (fault_count != 0 && n >= fault_from + fault_count)) return 0;
  has_failed = 1;
  return 1;
}

/* `offset` below zero: where the descriptor stands. */
static ssize_t written(int fd, const void *bytes, size_t length, off_t offset) {
  uint32_t file = ours(fd);
  if (file == 0) {
    if (fd == 1 && log_fd >= 0) {
      pthread_mutex_lock(&lock);
      record('A', 0, 0, bytes, length, 0);
      pthread_mutex_unlock(&lock);
    }
    return offset < 0 ? syscall(SYS_write, fd, bytes, length) : syscall(SYS_pwrite64, fd, bytes, length, offset);
  }
  pthread_mutex_lock(&lock);
  if (fails('w')) {
    pthread_mutex_unlock(&lock);
    errno = (int)fault_errno;
    return -1;
  }
  off_t at = offset;
  if (offset < 0) at = fcntl(fd, F_GETFL) & O_APPEND ? lseek(fd, 0, SEEK_END) : lseek(fd, 0, SEEK_CUR);
  ssize_t n = offset < 0 ? syscall(SYS_write, fd, bytes, length) : syscall(SYS_pwrite64, fd, bytes, length, offset);
  int error = errno;
  if (n > 0) record('W', file, (uint64_t)at, bytes, (size_t)n, 0);
  pthread_mutex_unlock(&lock);
  errno = error;
  return n;
}

static ssize_t gathered(int fd, const struct iovec *parts, int count, off_t offset) {
  ssize_t total = 0;
  for (int i = 0; i < count; i++) {
    ssize_t n = written(fd, parts[i].iov_base, parts[i].iov_len, offset < 0 ? offset : offset + total);
    if (n < 0) return total > 0 ? total : n;
    total += n;
    if ((size_t)n < parts[i].iov_len) break;
  }
  return total;
}

ssize_t write(int fd, const void *bytes, size_t length) { return written(fd, bytes, length, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return written(fd, bytes, length, offset); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) { return written(fd, bytes, length, offset); }
ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (ours(fd) || fd == 1) return gathered(fd, parts, count, -1);
  return syscall(SYS_writev, fd, parts, count);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  if (ours(fd)) return gathered(fd, parts, count, offset);
  REAL(ssize_t, "pwritev", int, const struct iovec *, int, off_t);
  return real(fd, parts, count, offset);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset) { return pwritev(fd, parts, count, offset); }

static int synced(int fd, int number) {
  uint32_t file = ours(fd);
  if (file == 0) return (int)syscall(number, fd);
  pthread_mutex_lock(&lock);
  int failed = fails('s');
  if (failed)
    for (int other = 0; other < FDS_MAX; other++)
      if (other != fd && fds[other].file == file) fds[other].error_due = 1;
  int due = fds[fd].error_due;
  fds[fd].error_due = 0;
  int error = failed ? (int)fault_errno : due ? (int)fault_errno : 0;
  record('B', file, 0, NULL, 0, 0);
  pthread_mutex_unlock(&lock);
  if (sync_ms > 0) {
    struct timespec wait = {sync_ms / 1000, (sync_ms % 1000) * 1000000};
    nanosleep(&wait, NULL);
  }
  int result = error ? -1 : log_fd >= 0 ? 0 : (int)syscall(number, fd);
  if (result != 0 && error == 0) error = errno;
  pthread_mutex_lock(&lock);
  record('E', file, 0, NULL, 0, error);
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

static int cut(int fd, off_t length) {
  uint32_t file = ours(fd);
  if (file == 0) return (int)syscall(SYS_ftruncate, fd, length);
  pthread_mutex_lock(&lock);
  int result = (int)syscall(SYS_ftruncate, fd, length);
  int error = errno;
  if (result == 0) record('T', file, (uint64_t)length, NULL, 0, 0);
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}
int ftruncate(int fd, off_t length) { return cut(fd, length); }
int ftruncate64(int fd, off_t length) { return cut(fd, length); }

static int removed(int dir, const char *path, int flags) {
  const char *name = inside(path);
  pthread_mutex_lock(&lock);
  int result = (int)syscall(SYS_unlinkat, dir, path, flags);
  int error = errno;
  if (name && result == 0) record('U', 0, 0, name, strlen(name), 0);
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}
int unlink(const char *path) { return removed(AT_FDCWD, path, 0); }
int unlinkat(int dir, const char *path, int flags) { return removed(dir, path, flags); }
int remove(const char *path) {
  int result = removed(AT_FDCWD, path, 0);
  return result != 0 && errno == EISDIR ? removed(AT_FDCWD, path, AT_REMOVEDIR) : result;
}

int rename(const char *from, const char *to) {
  const char *a = inside(from), *b = inside(to);
  pthread_mutex_lock(&lock);
  int result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
  int error = errno;
  if (a && b && result == 0) {
    char both[8192];
    int n = snprintf(both, sizeof both, "%s\n%s", a, b);
    record('R', 0, 0, both, (size_t)n, 0);
  }
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

/* Writes through memory would go unseen: they are told, so that the test can refuse to judge. */
static void *mapped(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
  if ((protection & PROT_WRITE) && (flags & MAP_SHARED) && ours(fd)) {
    pthread_mutex_lock(&lock);
    record('M', ours(fd), 0, NULL, 0, 0);
    pthread_mutex_unlock(&lock);
  }
  return (void *)syscall(SYS_mmap, at, length, protection, flags, fd, offset);
}
void *mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
  return mapped(at, length, protection, flags, fd, offset);
}
void *mmap64(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
  return mapped(at, length, protection, flags, fd, offset);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  if (!real_clock_gettime) real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real_clock_gettime(clock, now);
  if (result == 0 && clock_offset && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *clock_offset;
  return result;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  if (!real_gettimeofday) real_gettimeofday = dlsym(RTLD_NEXT, "gettimeofday");
  int result = real_gettimeofday(now, zone);
  if (result == 0 && clock_offset) now->tv_sec += *clock_offset;
  return result;
}
