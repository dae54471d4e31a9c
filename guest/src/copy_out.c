/* GET: sends a file or a tree as entries to standard output. */
#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static void put_entry(enum entry_kind kind, const struct stat *status, const char *path, const char *target)
{
	uint8_t header[ENTRY_HEADER];
	copy_entry(header, kind, status, path, target);
	copy_put(header, sizeof header);
	copy_put(path, strlen(path));
	copy_put(target, strlen(target));
}

static void put_chunk(off_t offset, uint32_t length)
{
	uint8_t header[CHUNK_HEADER];
	put64(header, (uint64_t)offset);
	put32(header + 8, length);
	copy_put(header, sizeof header);
}

/* ---- files ---- */

/*
 * A file that grows meanwhile is sent at the size it had: a log that is written faster than it is read would have no
 * end. One that says it is empty is read to its end: the files of /proc all say so.
 */
static void put_content(int fd, off_t size, const char *path)
{
	static uint8_t content[COPY_BUFFER];
	off_t offset = 0, data_end = 0;
	while (!size || offset < size) {
		if (size && offset == data_end) {
			/* A hole may begin here. File systems without holes say that all is data. */
			off_t data = lseek(fd, offset, SEEK_DATA);
			if (data < 0 && errno == ENXIO)
				data = size; /* nothing but a hole is left */
			if (data > offset)
				offset = data < size ? data : size;
			data_end = lseek(fd, offset, SEEK_HOLE);
			if (data_end <= offset || data_end > size)
				data_end = size;
			continue;
		}
		size_t want = sizeof content;
		if (size && (uint64_t)(data_end - offset) < want)
			want = (size_t)(data_end - offset);
		ssize_t n = pread(fd, content, want, offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			dprintf(2, "cannot read '%.1000s': %s", path, strerror(errno));
			return put_chunk(offset, CHUNK_BROKEN);
		}
		if (n == 0)
			break;
		put_chunk(offset, (uint32_t)n);
		copy_put(content, (size_t)n);
		offset += n;
	}
	put_chunk(offset, 0);
}

static void put_file(int directory, const char *name, const char *path, bool follow)
{
	struct stat status;
	/* O_NONBLOCK: it may have become a FIFO. */
	int fd = openat(directory, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
	if (fd < 0) {
		if (*path && (errno == ENOENT || errno == ELOOP))
			return; /* it went away meanwhile */
		copy_fail(errno, "cannot open '%.1000s': %s", *path ? path : name, strerror(errno));
	}
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
		const char *before = status.st_nlink > 1 ? copy_seen(&status, path) : NULL;
		if (before) {
			put_entry(E_HARD_LINK, &status, path, before);
		} else {
			put_entry(E_FILE, &status, path, "");
			put_content(fd, status.st_size, path);
		}
	}
	close(fd);
}

static void put_symlink(int directory, const char *name, const char *path, const struct stat *status)
{
	char target[MAX_PATH + 1];
	ssize_t n = readlinkat(directory, name, target, sizeof target);
	if (n <= 0 || n > MAX_PATH) {
		if (n < 0 && *path && (errno == ENOENT || errno == EINVAL))
			return; /* it went away meanwhile, or became something else */
		copy_fail(n < 0 ? errno : ENAMETOOLONG, "cannot read the link '%.1000s'", *path ? path : name);
	}
	target[n] = 0;
	put_entry(E_SYMLINK, status, path, target);
}

/* Sends what is not a directory; true when it is one. */
static bool put_item(int directory, const char *name, const char *path, bool follow)
{
	struct stat status;
	if (fstatat(directory, name, &status, follow ? 0 : AT_SYMLINK_NOFOLLOW) < 0) {
		if (*path && errno == ENOENT)
			return false; /* it went away meanwhile */
		copy_fail(errno, "'%.1000s': %s", *path ? path : name, strerror(errno));
	}
	switch (status.st_mode & S_IFMT) {
	case S_IFDIR:
		return true;
	case S_IFREG:
		put_file(directory, name, path, follow);
		break;
	case S_IFLNK:
		put_symlink(directory, name, path, &status);
		break;
	case S_IFCHR:
		put_entry(E_CHAR, &status, path, "");
		break;
	case S_IFBLK:
		put_entry(E_BLOCK, &status, path, "");
		break;
	case S_IFIFO:
		put_entry(E_FIFO, &status, path, "");
		break;
	default:
		if (!*path)
			copy_fail(EOPNOTSUPP, "'%.1000s' is a socket", name);
	}
	return false;
}

/* ---- trees ---- */

/* Directories that have been seen and not been sent: a list, so that depth costs neither stack nor descriptors. */
struct pending {
	struct pending *next;
	char path[];
};
static struct pending *pending;

static void push(const char *path)
{
	size_t size = strlen(path) + 1;
	struct pending *item = malloc(sizeof *item + size);
	if (!item)
		copy_fail(ENOMEM, "out of memory");
	memcpy(item->path, path, size);
	item->next = pending;
	pending = item;
}

/* Made up by the kernel as they are read, some without an end. */
static bool made_up(int fd)
{
	struct statfs system;
	if (fstatfs(fd, &system) < 0)
		return false;
	return system.f_type == PROC_SUPER_MAGIC || system.f_type == SYSFS_MAGIC || system.f_type == DEBUGFS_MAGIC ||
	       system.f_type == TRACEFS_MAGIC || system.f_type == SECURITYFS_MAGIC;
}

static void put_directory(int root, const char *path)
{
	struct stat status;
	int fd = copy_open(root, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0) {
		if (*path && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
			return; /* it went away meanwhile, or became something else */
		copy_fail(errno, "cannot read directory '%.1000s': %s", *path ? path : copying.path, strerror(errno));
	}
	DIR *directory = fdopendir(fd);
	if (!directory || fstat(fd, &status) < 0)
		copy_fail(errno, "cannot read directory '%.1000s': %s", path, strerror(errno));
	bool empty = made_up(fd);
	if (empty && !*path)
		copy_fail(EOPNOTSUPP, "the files below '%.1000s' are made up by the kernel: copy single ones",
			  copying.path);
	put_entry(E_DIRECTORY, &status, path, "");
	if (empty) {
		closedir(directory);
		return;
	}
	struct dirent *item;
	while ((errno = 0, item = readdir(directory))) {
		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		char child[MAX_PATH + 1];
		int length = snprintf(child, sizeof child, "%s%s%s", path, *path ? "/" : "", item->d_name);
		if (length > MAX_PATH)
			copy_fail(ENAMETOOLONG, "a path below '%.1000s' is longer than %d bytes", path, MAX_PATH);
		if (put_item(fd, item->d_name, child, false))
			push(child);
	}
	if (errno)
		copy_fail(errno, "cannot read directory '%.1000s': %s", path, strerror(errno));
	closedir(directory);
}

void copy_out(void)
{
	if (put_item(AT_FDCWD, copying.path, "", copying.follow)) {
		int root = open(copying.path, O_PATH | O_DIRECTORY | O_CLOEXEC | (copying.follow ? 0 : O_NOFOLLOW));
		if (root < 0)
			copy_fail(errno, "'%.1000s': %s", copying.path, strerror(errno));
		push("");
		while (pending) {
			struct pending *next = pending;
			pending = next->next;
			put_directory(root, next->path);
			free(next);
		}
	}
	uint8_t end[ENTRY_HEADER] = {E_END};
	copy_put(end, sizeof end);
	copy_flush();
	_exit(0);
}
