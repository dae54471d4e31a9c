/*
 * Entries: files and trees, in (PUT, from standard input) and out (GET, to standard output). Runs in a child of the agent,
 * with blocking calls; says on standard error why it failed, and exits with the errno.
 */
#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum entry_kind { E_END, E_FILE, E_DIRECTORY, E_SYMLINK, E_HARD_LINK, E_CHAR, E_BLOCK, E_FIFO };

enum { ENTRY_HEADER = 40, CHUNK_HEADER = 12, BUFFER = 262144, MAX_CHUNK = 1048576, MAX_NAME = 255 };
#define CHUNK_BROKEN 0xFFFFFFFFu

struct entry {
	enum entry_kind kind;
	uint32_t mode, uid, gid, nanoseconds, major, minor;
	int64_t seconds;
	char path[MAX_PATH + 1], target[MAX_PATH + 1];
};

static char temporary[MAX_PATH + 64]; /* the file that is being written; removed when we are told to end */

static _Noreturn void fail(int error, const char *format, ...)
{
	if (temporary[0])
		unlink(temporary);
	va_list arguments;
	va_start(arguments, format);
	vdprintf(2, format, arguments);
	va_end(arguments);
	_exit(error > 0 && error < 256 ? error : EIO);
}

static void on_term(int signal)
{
	if (temporary[0])
		unlink(temporary);
	_exit(128 + signal);
}

static void *grow(void *memory, size_t size)
{
	void *grown = realloc(memory, size);
	if (!grown)
		fail(ENOMEM, "out of memory");
	return grown;
}

/* ---- bytes ---- */

static uint8_t buffer[BUFFER];
static size_t buffered, taken; /* writing: bytes in buffer. reading: bytes in buffer, and used of them */

static void write_all(const uint8_t *at, size_t length)
{
	while (length) {
		ssize_t n = write(1, at, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			fail(EPIPE, "the host stopped reading");
		at += n;
		length -= (size_t)n;
	}
}

static void put_bytes(const void *bytes, size_t length)
{
	if (buffered + length > BUFFER) {
		write_all(buffer, buffered);
		buffered = 0;
	}
	if (length > BUFFER) {
		write_all(bytes, length);
		return;
	}
	memcpy(buffer + buffered, bytes, length);
	buffered += length;
}

static void refill(void)
{
	ssize_t n;
	do
		n = read(0, buffer, BUFFER);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		fail(EPIPE, "the copy broke off");
	buffered = (size_t)n;
	taken = 0;
}

static void take_bytes(void *to, size_t length)
{
	uint8_t *at = to;
	while (length) {
		if (taken == buffered)
			refill();
		size_t n = buffered - taken < length ? buffered - taken : length;
		memcpy(at, buffer + taken, n);
		taken += n;
		at += n;
		length -= n;
	}
}

/* ---- out ---- */

struct link {
	dev_t device;
	ino_t inode;
	char *path;
};
static struct link *links;
static size_t link_count, link_room;

static size_t link_slot(dev_t device, ino_t inode)
{
	size_t at = (size_t)(inode * 0x9E3779B97F4A7C15ull ^ device) & (link_room - 1);
	while (links[at].path && (links[at].device != device || links[at].inode != inode))
		at = (at + 1) & (link_room - 1);
	return at;
}

/* The path under which this file was sent before, or NULL; then it is remembered under `path`. */
static const char *seen_before(const struct stat *status, const char *path)
{
	if (link_count * 2 >= link_room) {
		struct link *old = links;
		size_t old_room = link_room;
		link_room = link_room ? link_room * 2 : 256;
		links = grow(NULL, link_room * sizeof *links);
		memset(links, 0, link_room * sizeof *links);
		for (size_t i = 0; i < old_room; i++)
			if (old[i].path)
				links[link_slot(old[i].device, old[i].inode)] = old[i];
		free(old);
	}
	size_t at = link_slot(status->st_dev, status->st_ino);
	if (links[at].path)
		return links[at].path;
	links[at] = (struct link){status->st_dev, status->st_ino, strdup(path)};
	if (!links[at].path)
		fail(ENOMEM, "out of memory");
	link_count++;
	return NULL;
}

static void put_entry(enum entry_kind kind, const struct stat *status, const char *path, const char *target)
{
	uint8_t header[ENTRY_HEADER] = {(uint8_t)kind};
	size_t path_length = strlen(path), target_length = strlen(target);
	put32(header + 4, status->st_mode & 07777);
	put32(header + 8, status->st_uid);
	put32(header + 12, status->st_gid);
	put64(header + 16, (uint64_t)status->st_mtim.tv_sec);
	put32(header + 24, (uint32_t)status->st_mtim.tv_nsec);
	if (kind == E_CHAR || kind == E_BLOCK) {
		put32(header + 28, major(status->st_rdev));
		put32(header + 32, minor(status->st_rdev));
	}
	put16(header + 36, (uint16_t)path_length);
	put16(header + 38, (uint16_t)target_length);
	put_bytes(header, sizeof header);
	put_bytes(path, path_length);
	put_bytes(target, target_length);
}

static void put_chunk(uint64_t offset, uint32_t length)
{
	uint8_t header[CHUNK_HEADER];
	put64(header, offset);
	put32(header + 8, length);
	put_bytes(header, sizeof header);
}

static void put_content(int fd, const char *path)
{
	static uint8_t content[BUFFER];
	uint64_t offset = 0;
	off_t end = lseek(fd, 0, SEEK_END), hole = 0;
	if (end < 0)
		end = 0;
	for (;;) {
		/* At a hole's start: skip it. File systems without holes say that all is data. */
		if ((off_t)offset == hole && (off_t)offset < end) {
			off_t data = lseek(fd, (off_t)offset, SEEK_DATA);
			if (data < 0 && errno == ENXIO)
				data = end;
			if (data > (off_t)offset)
				offset = (uint64_t)data;
			hole = lseek(fd, (off_t)offset, SEEK_HOLE);
			if (hole <= (off_t)offset)
				hole = end;
		}
		size_t want = BUFFER;
		if ((off_t)offset < hole && (uint64_t)hole - offset < want)
			want = (size_t)((uint64_t)hole - offset);
		ssize_t n = pread(fd, content, want, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			put_chunk(offset, CHUNK_BROKEN);
			dprintf(2, "cannot read '%.1000s': %s", path, strerror(errno));
			return;
		}
		if (n == 0)
			break;
		put_chunk(offset, (uint32_t)n);
		put_bytes(content, (size_t)n);
		offset += (size_t)n;
	}
	put_chunk(offset, 0);
}

struct name {
	struct name *next;
	char text[];
};

static void put_tree(const char *full, const char *path, bool follow);

static void put_directory(const char *full, const char *path)
{
	DIR *directory = opendir(full);
	if (!directory)
		fail(errno, "cannot read directory '%.1000s': %s", full, strerror(errno));
	struct name *names = NULL;
	struct dirent *item;
	while ((errno = 0, item = readdir(directory))) {
		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		size_t length = strlen(item->d_name) + 1;
		struct name *name = grow(NULL, sizeof *name + length);
		memcpy(name->text, item->d_name, length);
		name->next = names;
		names = name;
	}
	if (errno)
		fail(errno, "cannot read directory '%.1000s': %s", full, strerror(errno));
	closedir(directory); /* before going deeper: depth must not cost descriptors */
	while (names) {
		struct name *name = names;
		char *child_full, *child_path;
		if (asprintf(&child_full, "%s/%s", strcmp(full, "/") == 0 ? "" : full, name->text) < 0 ||
		    asprintf(&child_path, "%s%s%s", path, *path ? "/" : "", name->text) < 0)
			fail(ENOMEM, "out of memory");
		if (strlen(child_path) > MAX_PATH || strlen(child_full) > MAX_PATH)
			fail(ENAMETOOLONG, "a path below '%.200s' is longer than %d bytes", full, MAX_PATH);
		put_tree(child_full, child_path, false);
		free(child_full);
		free(child_path);
		names = name->next;
		free(name);
	}
}

static void put_tree(const char *full, const char *path, bool follow)
{
	struct stat status;
	int fd = -1;
	if ((follow ? stat(full, &status) : lstat(full, &status)) < 0) {
		if (*path && errno == ENOENT)
			return; /* it went away while we walked */
		fail(errno, "'%.1000s': %s", full, strerror(errno));
	}
	switch (status.st_mode & S_IFMT) {
	case S_IFREG: {
		const char *before = status.st_nlink > 1 ? seen_before(&status, path) : NULL;
		if (before) {
			put_entry(E_HARD_LINK, &status, path, before);
			return;
		}
		fd = open(full, O_RDONLY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
		if (fd < 0)
			fail(errno, "cannot open '%.1000s': %s", full, strerror(errno));
		put_entry(E_FILE, &status, path, "");
		put_content(fd, full);
		close(fd);
		return;
	}
	case S_IFDIR:
		put_entry(E_DIRECTORY, &status, path, "");
		return put_directory(full, path);
	case S_IFLNK: {
		char target[MAX_PATH + 1];
		ssize_t n = readlink(full, target, sizeof target);
		if (n < 0 || n > MAX_PATH)
			fail(n < 0 ? errno : ENAMETOOLONG, "cannot read link '%.1000s'", full);
		target[n] = 0;
		return put_entry(E_SYMLINK, &status, path, target);
	}
	case S_IFCHR:
		return put_entry(E_CHAR, &status, path, "");
	case S_IFBLK:
		return put_entry(E_BLOCK, &status, path, "");
	case S_IFIFO:
		return put_entry(E_FIFO, &status, path, "");
	}
}

_Noreturn void copy_get(const struct copy_request *request)
{
	put_tree(request->path, "", request->follow);
	uint8_t end[ENTRY_HEADER] = {E_END};
	put_bytes(end, sizeof end);
	write_all(buffer, buffered);
	_exit(0);
}

/* ---- in ---- */

static bool good_path(const char *path, size_t length, bool may_be_empty)
{
	if (!length)
		return may_be_empty;
	if (memchr(path, 0, length))
		return false;
	for (const char *at = path;; at++) {
		size_t n = strcspn(at, "/");
		if (!n || n > MAX_NAME || (n == 1 && *at == '.') || (n == 2 && at[0] == '.' && at[1] == '.'))
			return false;
		at += n;
		if (!*at)
			return true;
	}
}

static bool take_entry(struct entry *entry)
{
	uint8_t header[ENTRY_HEADER];
	take_bytes(header, sizeof header);
	if (header[0] > E_FIFO || header[1] || header[2] || header[3])
		fail(EPROTO, "an entry of an unknown kind");
	entry->kind = header[0];
	entry->mode = get32(header + 4);
	entry->uid = get32(header + 8);
	entry->gid = get32(header + 12);
	entry->seconds = (int64_t)get64(header + 16);
	entry->nanoseconds = get32(header + 24);
	entry->major = get32(header + 28);
	entry->minor = get32(header + 32);
	size_t path_length = get16(header + 36), target_length = get16(header + 38);
	if (entry->kind == E_END)
		return false;
	if (path_length > MAX_PATH || target_length > MAX_PATH || entry->mode > 07777 ||
	    entry->nanoseconds > 999999999)
		fail(EPROTO, "an entry with a field out of range");
	take_bytes(entry->path, path_length);
	take_bytes(entry->target, target_length);
	entry->path[path_length] = entry->target[target_length] = 0;
	if (!good_path(entry->path, path_length, true))
		fail(EPROTO, "an entry with a malformed path");
	bool link = entry->kind == E_SYMLINK || entry->kind == E_HARD_LINK;
	if (link != (target_length > 0) || memchr(entry->target, 0, target_length))
		fail(EPROTO, "an entry with a malformed target");
	if (entry->kind == E_HARD_LINK && !good_path(entry->target, target_length, true))
		fail(EPROTO, "an entry with a malformed target");
	return true;
}

static const char *join(const char *root, const char *path)
{
	static char joined[2 * MAX_PATH + 2];
	snprintf(joined, sizeof joined, "%s%s%s", root, *path && strcmp(root, "/") ? "/" : "", path);
	if (strlen(joined) > MAX_PATH)
		fail(ENAMETOOLONG, "a path below '%.200s' is longer than %d bytes", root, MAX_PATH);
	return joined;
}

static void set_metadata(const char *path, const struct entry *entry)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {entry->seconds, entry->nanoseconds}};
	if (lchown(path, entry->uid, entry->gid) < 0 && geteuid() == 0)
		fail(errno, "cannot give '%.1000s' its owner: %s", path, strerror(errno));
	if (entry->kind != E_SYMLINK && chmod(path, entry->mode) < 0)
		fail(errno, "cannot give '%.1000s' its mode: %s", path, strerror(errno));
	utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}

/* Directories get their modes and times when all is in them. */
static struct {
	char *path;
	uint32_t mode, uid, gid, nanoseconds;
	int64_t seconds;
} *directories;
static size_t directory_count, directory_room;

static void take_directory(const char *path, const struct entry *entry)
{
	struct stat status;
	if (mkdir(path, 0700) < 0) {
		int error = errno;
		bool root = !*entry->path;
		if (error == EEXIST && (root ? stat(path, &status) : lstat(path, &status)) == 0 &&
		    S_ISDIR(status.st_mode))
			return; /* merged: what is there keeps its mode and owner */
		fail(error, "cannot make directory '%.1000s': %s", path, strerror(error));
	}
	if (directory_count == directory_room) {
		directory_room = directory_room ? directory_room * 2 : 64;
		directories = grow(directories, directory_room * sizeof *directories);
	}
	char *kept = strdup(path);
	if (!kept)
		fail(ENOMEM, "out of memory");
	directories[directory_count].path = kept;
	directories[directory_count].mode = entry->mode;
	directories[directory_count].uid = entry->uid;
	directories[directory_count].gid = entry->gid;
	directories[directory_count].seconds = entry->seconds;
	directories[directory_count].nanoseconds = entry->nanoseconds;
	directory_count++;
}

static void finish_directories(void)
{
	while (directory_count--) {
		struct entry entry = {
			.kind = E_DIRECTORY,
			.mode = directories[directory_count].mode,
			.uid = directories[directory_count].uid,
			.gid = directories[directory_count].gid,
			.seconds = directories[directory_count].seconds,
			.nanoseconds = directories[directory_count].nanoseconds,
		};
		set_metadata(directories[directory_count].path, &entry);
	}
}

/* A name beside `path` that nobody has. */
static void name_temporary(const char *path)
{
	static unsigned counter;
	const char *slash = strrchr(path, '/');
	snprintf(temporary, sizeof temporary, "%.*s/.carafe-%d-%u", (int)(slash - path), path, (int)getpid(), counter++);
}

static void reveal(const char *path)
{
	if (rename(temporary, path) < 0) {
		int error = errno;
		fail(error, "cannot write '%.1000s': %s", path, strerror(error));
	}
	/* Of two names of one file, rename() removes none. */
	unlink(temporary);
	temporary[0] = 0;
}

/* False when the sender could not read the file to its end. */
static bool take_content(int fd, const char *path)
{
	uint64_t end = 0;
	for (;;) {
		uint8_t header[CHUNK_HEADER];
		take_bytes(header, sizeof header);
		uint64_t offset = get64(header);
		uint32_t length = get32(header + 8);
		if (length == CHUNK_BROKEN)
			return false;
		if (offset < end || offset > INT64_MAX - MAX_CHUNK || length > MAX_CHUNK)
			fail(EPROTO, "a chunk out of order");
		if (length == 0) {
			if (ftruncate(fd, (off_t)offset) < 0)
				fail(errno, "cannot write '%.1000s': %s", path, strerror(errno));
			return true;
		}
		end = offset + length;
		while (length) {
			if (taken == buffered)
				refill();
			size_t n = buffered - taken < length ? buffered - taken : length;
			ssize_t written = pwrite(fd, buffer + taken, n, (off_t)offset);
			if (written < 0 && errno == EINTR)
				continue;
			if (written <= 0)
				fail(written ? errno : ENOSPC, "cannot write '%.1000s': %s", path,
				     strerror(written ? errno : ENOSPC));
			taken += (size_t)written;
			offset += (size_t)written;
			length -= (uint32_t)written;
		}
	}
}

static bool take_file(const char *path, const struct entry *entry)
{
	name_temporary(path);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		int error = errno;
		temporary[0] = 0;
		fail(error, "cannot write '%.1000s': %s", path, strerror(error));
	}
	bool whole = take_content(fd, path);
	if (close(fd) < 0)
		fail(errno, "cannot write '%.1000s': %s", path, strerror(errno));
	if (!whole) {
		unlink(temporary);
		temporary[0] = 0;
		return false;
	}
	set_metadata(temporary, entry);
	reveal(path);
	return true;
}

static void take_special(const char *root, const char *path, const struct entry *entry)
{
	static const mode_t types[] = {[E_CHAR] = S_IFCHR, [E_BLOCK] = S_IFBLK, [E_FIFO] = S_IFIFO};
	int failed;
	name_temporary(path);
	if (entry->kind == E_SYMLINK) {
		failed = symlink(entry->target, temporary);
	} else if (entry->kind == E_HARD_LINK) {
		char place[2 * MAX_PATH + 2];
		snprintf(place, sizeof place, "%s", path);
		failed = link(join(root, entry->target), temporary);
		path = place;
		if (!failed)
			reveal(path);
		else
			goto wrong;
		return;
	} else {
		failed = mknod(temporary, types[entry->kind] | 0600, makedev(entry->major, entry->minor));
	}
	if (failed < 0)
		goto wrong;
	set_metadata(temporary, entry);
	return reveal(path);
wrong:;
	int error = errno;
	temporary[0] = 0;
	fail(error, "cannot make '%.1000s': %s", path, strerror(error));
}

static void make_parents(const char *path)
{
	char parent[MAX_PATH + 1];
	snprintf(parent, sizeof parent, "%s", path);
	for (char *at = strchr(parent + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = 0;
		if (mkdir(parent, 0755) < 0 && errno != EEXIST)
			fail(errno, "cannot make directory '%.1000s': %s", parent, strerror(errno));
		*at = '/';
	}
}

_Noreturn void copy_put(const struct copy_request *request)
{
	signal(SIGTERM, on_term);
	umask(0);
	char root[2 * MAX_PATH + 2];
	snprintf(root, sizeof root, "%s", request->path);
	while (strlen(root) > 1 && root[strlen(root) - 1] == '/')
		root[strlen(root) - 1] = 0;
	struct stat status;
	if (request->base[0] && stat(root, &status) == 0 && S_ISDIR(status.st_mode))
		snprintf(root, sizeof root, "%s", join(root, request->base));
	make_parents(root);

	static struct entry entry;
	bool first = true, whole = true;
	while (take_entry(&entry)) {
		if (first != !*entry.path)
			fail(EPROTO, "the copied thing itself must come first, and once");
		first = false;
		if (request->set_owner) {
			entry.uid = request->uid;
			entry.gid = request->gid;
		}
		if (request->set_mode && entry.kind == E_FILE)
			entry.mode = request->mode;
		const char *path = join(root, entry.path);
		if (entry.kind == E_DIRECTORY)
			take_directory(path, &entry);
		else if (entry.kind == E_FILE)
			whole &= take_file(path, &entry);
		else
			take_special(root, path, &entry);
	}
	finish_directories();
	if (!whole)
		fail(EIO, "the host could not read every file to its end");
	_exit(0);
}
