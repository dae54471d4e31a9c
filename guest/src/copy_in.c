/*
 * PUT: makes what the entries from standard input say.
 *
 * A file is written under a name of its own beside its place and renamed, so that nobody ever sees half of it.
 */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct metadata {
	uint32_t mode, uid, gid, nanoseconds;
	int64_t seconds;
};

struct entry {
	enum entry_kind kind;
	struct metadata metadata;
	uint32_t major, minor;
	char path[MAX_PATH + 1], target[MAX_PATH + 1];
};

/* ---- reading ---- */

static uint8_t buffer[COPY_BUFFER];
static size_t buffered, taken; /* bytes in the buffer, and used of them */

static void refill(void)
{
	ssize_t n;
	do
		n = read(0, buffer, sizeof buffer);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		copy_fail(EPIPE, "the copy broke off");
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

static bool good_path(const char *path, size_t length)
{
	if (memchr(path, 0, length))
		return false;
	for (const char *at = path; length; at++) {
		size_t n = strcspn(at, "/");
		if (!n || n > MAX_NAME || (n == 1 && *at == '.') || (n == 2 && at[0] == '.' && at[1] == '.'))
			return false;
		at += n;
		if (!*at)
			break;
	}
	return true;
}

static bool take_entry(struct entry *entry)
{
	uint8_t header[ENTRY_HEADER];
	take_bytes(header, sizeof header);
	entry->kind = header[0];
	entry->metadata = (struct metadata){
		.mode = get32(header + 4),
		.uid = get32(header + 8),
		.gid = get32(header + 12),
		.seconds = (int64_t)get64(header + 16),
		.nanoseconds = get32(header + 24),
	};
	entry->major = get32(header + 28);
	entry->minor = get32(header + 32);
	size_t path_length = get16(header + 36), target_length = get16(header + 38);
	bool link = entry->kind == E_SYMLINK || entry->kind == E_HARD_LINK;
	if (header[0] > E_FIFO || header[1] || header[2] || header[3])
		copy_fail(EPROTO, "an entry of an unknown kind");
	if (path_length > MAX_PATH || target_length > MAX_PATH || entry->metadata.mode > 07777 ||
	    entry->metadata.nanoseconds > 999999999)
		copy_fail(EPROTO, "an entry with a field out of range");
	if (link != (target_length > 0) || (entry->kind == E_END && path_length))
		copy_fail(EPROTO, "an entry with a path or a target that its kind does not have");
	take_bytes(entry->path, path_length);
	take_bytes(entry->target, target_length);
	entry->path[path_length] = entry->target[target_length] = 0;
	if (!good_path(entry->path, path_length))
		copy_fail(EPROTO, "an entry with a malformed path");
	if (memchr(entry->target, 0, target_length) ||
	    (entry->kind == E_HARD_LINK && !good_path(entry->target, target_length)))
		copy_fail(EPROTO, "an entry with a malformed target");
	return entry->kind != E_END;
}

/* ---- places ---- */

static int top_parent = -1;	  /* the directory that holds the copied thing */
static char top_name[MAX_PATH + 1]; /* its name there */
static int top = -1;		  /* the copied thing, if it is a directory */

static _Noreturn void cannot(const char *what, const char *path)
{
	int error = errno;
	bool slash = copying.path[strlen(copying.path) - 1] == '/';
	copy_fail(error, "cannot %s '%.1000s%s%.255s%s%.1000s': %s", what, copying.path, slash ? "" : "/", top_name,
		  *path ? "/" : "", path, strerror(error));
}

static char last_parent[MAX_PATH + 1]; /* of the last entry, which is most often that of the next */
static int last_directory = -1;

/* The directory that holds `path`, and its name there. */
static int place_of(const char *path, const char **name)
{
	*name = *path ? path : top_name;
	if (!*path)
		return top_parent;
	if (top < 0)
		copy_fail(EPROTO, "an entry below what is not a directory");
	const char *slash = strrchr(path, '/');
	if (!slash)
		return top;
	*name = slash + 1;
	size_t length = (size_t)(slash - path);
	if (last_directory >= 0) {
		if (strncmp(last_parent, path, length) == 0 && !last_parent[length])
			return last_directory;
		close(last_directory);
	}
	memcpy(last_parent, path, length);
	last_parent[length] = 0;
	last_directory = copy_open(top, last_parent, O_PATH | O_DIRECTORY);
	if (last_directory < 0)
		cannot("enter", last_parent);
	return last_directory;
}

/* Only root gives files away; with anybody else they are simply theirs. */
static bool set_owner(int failed)
{
	return failed == 0 || geteuid() != 0;
}

static bool set_metadata(int fd, const struct metadata *metadata)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {metadata->seconds, metadata->nanoseconds}};
	/* The owner first: to change it takes away set-user-id. */
	return set_owner(fchown(fd, metadata->uid, metadata->gid)) && fchmod(fd, metadata->mode) == 0 &&
	       futimens(fd, times) == 0;
}

static void reveal(int directory, const char *name, const char *path)
{
	if (renameat(directory, copy_temporary, directory, name) < 0)
		cannot("write", path);
	copy_unfinished = -1;
}

/* ---- directories ---- */

/* They get their modes and times when all is in them. */
static struct made {
	struct made *next;
	struct metadata metadata;
	char path[];
} *made;

static void take_directory(const struct entry *entry)
{
	const char *name;
	int directory = place_of(entry->path, &name);
	bool new = mkdirat(directory, name, 0700) == 0;
	if (!new && errno != EEXIST)
		cannot("make directory", entry->path);
	if (!*entry->path) {
		/* A link to a directory is as good as the directory, when it was there before us. */
		top = openat(directory, name, O_PATH | O_DIRECTORY | O_CLOEXEC | (new ? O_NOFOLLOW : 0));
		if (top < 0)
			cannot("make directory", entry->path);
	}
	if (!new) {
		struct stat status; /* merged: what is there keeps its mode and owner */
		errno = ENOTDIR;
		if (*entry->path && (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
				     !S_ISDIR(status.st_mode)))
			cannot("make directory", entry->path);
		return;
	}
	size_t size = strlen(entry->path) + 1;
	struct made *item = malloc(sizeof *item + size);
	if (!item)
		copy_fail(ENOMEM, "out of memory");
	item->metadata = entry->metadata;
	memcpy(item->path, entry->path, size);
	item->next = made;
	made = item;
}

static void finish_directories(void)
{
	while (made) {
		struct made *item = made;
		int fd = copy_open(top, item->path, O_RDONLY | O_DIRECTORY);
		if (fd < 0 || !set_metadata(fd, &item->metadata))
			cannot("finish directory", item->path);
		close(fd);
		made = item->next;
		free(item);
	}
}

/* ---- files ---- */

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
			copy_fail(EPROTO, "a chunk out of order or out of range");
		if (length == 0) {
			if (ftruncate(fd, (off_t)offset) < 0)
				cannot("write", path);
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
				cannot("write", path);
			taken += (size_t)written;
			offset += (size_t)written;
			length -= (uint32_t)written;
		}
	}
}

static bool take_file(const struct entry *entry)
{
	const char *name;
	int directory = place_of(entry->path, &name);
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	copy_unfinished = directory;
	int fd = openat(directory, copy_temporary, flags, 0600);
	if (fd < 0 && errno == EEXIST) {
		/* What a copy that was killed has left. */
		unlinkat(directory, copy_temporary, 0);
		fd = openat(directory, copy_temporary, flags, 0600);
	}
	if (fd < 0)
		cannot("write", entry->path);
	bool whole = take_content(fd, entry->path);
	if ((whole && !set_metadata(fd, &entry->metadata)) || close(fd) < 0)
		cannot("write", entry->path);
	if (whole)
		reveal(directory, name, entry->path);
	else
		unlinkat(directory, copy_temporary, 0);
	copy_unfinished = -1;
	return whole;
}

static int make_link(const struct entry *entry, int directory)
{
	const char *slash = strrchr(entry->target, '/');
	char parent[MAX_PATH + 1] = "";
	if (slash)
		memcpy(parent, entry->target, (size_t)(slash - entry->target));
	int from = top < 0 ? -1 : copy_open(top, parent, O_PATH | O_DIRECTORY);
	if (from < 0)
		return -1;
	int failed = linkat(from, slash ? slash + 1 : entry->target, directory, copy_temporary, 0);
	int error = errno;
	close(from);
	errno = error;
	return failed;
}

/* Anything that is neither file nor directory. */
static void take_special(const struct entry *entry)
{
	static const mode_t types[] = {[E_CHAR] = S_IFCHR, [E_BLOCK] = S_IFBLK, [E_FIFO] = S_IFIFO};
	const struct metadata *metadata = &entry->metadata;
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {metadata->seconds, metadata->nanoseconds}};
	const char *name;
	int directory = place_of(entry->path, &name), failed;
	unlinkat(directory, copy_temporary, 0);
	copy_unfinished = directory;
	if (entry->kind == E_HARD_LINK)
		failed = make_link(entry, directory);
	else if (entry->kind == E_SYMLINK)
		failed = symlinkat(entry->target, directory, copy_temporary);
	else
		failed = mknodat(directory, copy_temporary, types[entry->kind] | metadata->mode,
				 makedev(entry->major, entry->minor));
	if (failed < 0)
		cannot("make", entry->path);
	if (entry->kind != E_HARD_LINK &&
	    (!set_owner(fchownat(directory, copy_temporary, metadata->uid, metadata->gid, AT_SYMLINK_NOFOLLOW)) ||
	     utimensat(directory, copy_temporary, times, AT_SYMLINK_NOFOLLOW) < 0))
		cannot("make", entry->path);
	reveal(directory, name, entry->path);
	/* Of two names of one file, rename() removes none. */
	if (entry->kind == E_HARD_LINK)
		unlinkat(directory, copy_temporary, 0);
}

/* ---- all of it ---- */

static void on_term(int number)
{
	if (copy_unfinished >= 0)
		unlinkat(copy_unfinished, copy_temporary, 0);
	signal(number, SIG_DFL);
	kill(getpid(), number); /* when this handler returns */
}

static void make_parents(char *path)
{
	for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = 0;
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			copy_fail(errno, "cannot make directory '%.1000s': %s", path, strerror(errno));
		*at = '/';
	}
}

/* Finds where the copied thing goes. */
static void find_top(void)
{
	struct stat status;
	char *path = copying.path;
	if (copying.base[0] && stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
		strcpy(top_name, copying.base);
		top_parent = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	} else {
		for (size_t end = strlen(path); end > 1 && path[end - 1] == '/'; end--)
			path[end - 1] = 0;
		make_parents(path);
		char *slash = strrchr(path, '/');
		strcpy(top_name, slash[1] ? slash + 1 : "."); /* "." is the root */
		slash[1] = 0;
		top_parent = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (top_parent < 0)
		copy_fail(errno, "cannot enter '%.1000s': %s", path, strerror(errno));
}

void copy_in(void)
{
	snprintf(copy_temporary, sizeof copy_temporary, ".carafe-%d", (int)getpid());
	signal(SIGTERM, on_term);
	umask(0);
	find_top();

	static struct entry entry;
	bool first = true, whole = true;
	while (take_entry(&entry)) {
		if (first != !*entry.path)
			copy_fail(EPROTO, "the copied thing itself must come first, and once");
		first = false;
		if (copying.set_owner) {
			entry.metadata.uid = copying.uid;
			entry.metadata.gid = copying.gid;
		}
		if (copying.set_mode && entry.kind == E_FILE)
			entry.metadata.mode = copying.mode;
		if (entry.kind == E_DIRECTORY)
			take_directory(&entry);
		else if (entry.kind == E_FILE)
			whole &= take_file(&entry);
		else
			take_special(&entry);
	}
	if (first)
		copy_fail(EPROTO, "the copied thing itself must come first, and once");
	finish_directories();
	if (!whole)
		copy_fail(EIO, "the host could not read every file to its end");
	_exit(0);
}
