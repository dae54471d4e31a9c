/* docs/protocol.md: PUT and GET. */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

static const int64_t SECONDS = 1234567890;
static const uint32_t NANOSECONDS = 123456789;

/* ---- entries ---- */

static void entry_bytes(struct bytes *copy, int kind, uint32_t mode, const char *path, size_t path_length,
			const char *target, size_t target_length)
{
	uint8_t header[ENTRY_HEADER] = {(uint8_t)kind};
	put32(header + 4, mode);
	put32(header + 8, getuid());
	put32(header + 12, getgid());
	put64(header + 16, (uint64_t)SECONDS);
	put32(header + 24, NANOSECONDS);
	put16(header + 36, (uint16_t)path_length);
	put16(header + 38, (uint16_t)target_length);
	append(copy, header, sizeof header);
	append(copy, path, path_length);
	append(copy, target, target_length);
}

static void entry(struct bytes *copy, int kind, uint32_t mode, const char *path, const char *target)
{
	entry_bytes(copy, kind, mode, path, strlen(path), target, strlen(target));
}

static void chunk(struct bytes *copy, uint64_t offset, const void *bytes, uint32_t length)
{
	uint8_t header[CHUNK_HEADER];
	put64(header, offset);
	put32(header + 8, length);
	append(copy, header, sizeof header);
	if (length != CHUNK_BROKEN)
		append(copy, bytes, length);
}

static void file(struct bytes *copy, const char *path, const char *content)
{
	entry(copy, E_FILE, 0644, path, "");
	if (*content)
		chunk(copy, 0, content, (uint32_t)strlen(content));
	chunk(copy, strlen(content), NULL, 0);
}

static void end(struct bytes *copy)
{
	uint8_t header[ENTRY_HEADER] = {E_END};
	append(copy, header, sizeof header);
}

/* ---- copies ---- */

static struct request put_to(const char *path)
{
	struct request request = request_of(OP_PUT);
	field_text(&request, 1, path);
	return request;
}

static struct record *put_as(struct host *host, struct request request, const struct bytes *copy)
{
	struct record *record = begin(host, &request);
	give(host, record, copy->at, copy->length);
	if (!record->done)
		give_end(host, record);
	return finish(host, record);
}

static struct record *put(struct host *host, const char *path, const struct bytes *copy)
{
	return put_as(host, put_to(path), copy);
}

static struct record *get(struct host *host, const char *path)
{
	struct request request = request_of(OP_GET);
	field_text(&request, 1, path);
	return run(host, &request);
}

#define CHECK_DONE(record) CHECK_END(record, R_DONE, 0)

/* Copies `from` to `to` by GET and PUT. */
static void copy_over(struct host *host, const char *from, const char *to)
{
	struct record *record = get(host, from);
	CHECK_DONE(record);
	CHECK(record->started && record->lanes[LANE_OUT].ended && !record->lanes[LANE_ERR].ended);
	CHECK_DONE(put(host, to, &record->lanes[LANE_OUT].bytes));
}

/* What is in a copy that GET made. */
struct item {
	int kind;
	uint32_t mode, uid, gid, nanoseconds, major, minor;
	int64_t seconds;
	char path[MAX_PATH + 1], target[MAX_PATH + 1];
	struct bytes content; /* without its holes */
	uint64_t size;
	bool broken;
};

static struct item *items_of(const struct record *record, int *count)
{
	const uint8_t *at = record->lanes[LANE_OUT].bytes.at, *last = at + record->lanes[LANE_OUT].bytes.length;
	struct item *items = calloc(1000, sizeof *items);
	for (*count = 0;; (*count)++) {
		CHECK(last - at >= ENTRY_HEADER);
		if (at[0] == E_END) {
			for (int i = 0; i < ENTRY_HEADER; i++)
				CHECK_NUMBER(at[i], 0);
			CHECK_NUMBER(last - at, ENTRY_HEADER);
			return items;
		}
		struct item *item = &items[*count];
		*item = (struct item){.kind = at[0], .mode = get32(at + 4), .uid = get32(at + 8), .gid = get32(at + 12),
				      .seconds = (int64_t)get64(at + 16), .nanoseconds = get32(at + 24),
				      .major = get32(at + 28), .minor = get32(at + 32)};
		size_t path = get16(at + 36), target = get16(at + 38);
		memcpy(item->path, at + ENTRY_HEADER, path);
		memcpy(item->target, at + ENTRY_HEADER + path, target);
		at += ENTRY_HEADER + path + target;
		uint64_t position = 0;
		while (item->kind == E_FILE) {
			uint64_t offset = get64(at);
			uint32_t length = get32(at + 8);
			at += CHUNK_HEADER;
			item->broken = length == CHUNK_BROKEN;
			item->size = offset;
			if (!length || item->broken)
				break;
			CHECK(offset >= position && length <= MAX_CHUNK);
			position = offset + length;
			append(&item->content, at, length);
			at += length;
		}
	}
}

static const struct item *item_of(const struct record *record, const char *path)
{
	int count;
	struct item *items = items_of(record, &count);
	for (int i = 0; i < count; i++)
		if (strcmp(items[i].path, path) == 0)
			return &items[i];
	return NULL;
}

static struct stat status_of(const char *path)
{
	struct stat status;
	if (lstat(path, &status) < 0)
		FAIL("%s: %s", path, strerror(errno));
	return status;
}

static void set_time(const char *path)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {SECONDS, NANOSECONDS}};
	CHECK(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) == 0);
}

static void check_time(const char *path)
{
	struct stat status = status_of(path);
	CHECK_NUMBER(status.st_mtim.tv_sec, SECONDS);
	CHECK_NUMBER(status.st_mtim.tv_nsec, NANOSECONDS);
}

/* ---- there and back ---- */

TEST("a file is copied with its content, mode and time to the nanosecond")
{
	struct host *host = open_session();
	write_to(scratch("from"), "content\n");
	CHECK(chmod(scratch("from"), 04751) == 0);
	set_time(scratch("from"));
	copy_over(host, scratch("from"), scratch("to"));
	CHECK_TEXT(content_of(scratch("to")), "content\n");
	CHECK_NUMBER(status_of(scratch("to")).st_mode & 07777, 04751);
	check_time(scratch("to"));
}

TEST("a tree is copied: files, empty directories, links of both kinds, FIFOs; sockets are left out")
{
	struct host *host = open_session();
	CHECK(mkdir(scratch("from"), 0755) == 0 && mkdir(scratch("from/empty"), 0700) == 0 &&
	      mkdir(scratch("from/a"), 01777) == 0 && mkdir(scratch("from/a/b"), 0755) == 0);
	CHECK(chmod(scratch("from/a"), 01777) == 0);
	write_to(scratch("from/a/b/file"), "text");
	write_to(scratch("from/nothing"), "");
	CHECK(symlink("../no/such target", scratch("from/a/link")) == 0);
	CHECK(link(scratch("from/a/b/file"), scratch("from/second")) == 0);
	CHECK(mkfifo(scratch("from/fifo"), 0640) == 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	strcpy(address.sun_path, scratch("from/socket"));
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
	set_time(scratch("from/a/link"));
	set_time(scratch("from/a/b/file"));
	set_time(scratch("from/fifo"));
	set_time(scratch("from/a/b"));
	set_time(scratch("from/a"));
	set_time(scratch("from/empty"));
	set_time(scratch("from"));

	copy_over(host, scratch("from"), scratch("to"));
	CHECK_NUMBER(count_in(scratch("to")), 5);
	CHECK_NUMBER(count_in(scratch("to/empty")), 0);
	CHECK_NUMBER(status_of(scratch("to/empty")).st_mode & 07777, 0700);
	CHECK_NUMBER(status_of(scratch("to/a")).st_mode & 07777, 01777);
	CHECK_TEXT(content_of(scratch("to/a/b/file")), "text");
	CHECK_TEXT(content_of(scratch("to/nothing")), "");
	char target[100] = "";
	CHECK(readlink(scratch("to/a/link"), target, sizeof target) > 0);
	CHECK_TEXT(target, "../no/such target");
	CHECK_NUMBER(status_of(scratch("to/second")).st_ino, status_of(scratch("to/a/b/file")).st_ino);
	CHECK_NUMBER(status_of(scratch("to/second")).st_nlink, 2);
	CHECK(S_ISFIFO(status_of(scratch("to/fifo")).st_mode));
	CHECK_NUMBER(status_of(scratch("to/fifo")).st_mode & 07777, 0640);
	static const char *const timed[] = {"to/a/link", "to/a/b/file", "to/fifo", "to/a/b", "to/a", "to/empty", "to"};
	for (size_t i = 0; i < sizeof timed / sizeof *timed; i++)
		check_time(scratch("%s", timed[i]));
}

TEST("names with spaces, newlines, bytes that are no text, and of 255 bytes are copied")
{
	struct host *host = open_session();
	const char *const names[] = {" two  words ", "new\nline", "\xff\xfe\x01", "-", "...", "*?\\'\"", text("%0255d", 7)};
	CHECK(mkdir(scratch("from"), 0755) == 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		write_to(scratch("from/%s", names[i]), names[i]);
	copy_over(host, scratch("from"), scratch("to"));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		CHECK_TEXT(content_of(scratch("to/%s", names[i])), names[i]);
	CHECK_NUMBER(count_in(scratch("to")), (int)(sizeof names / sizeof *names));
}

/* Goes down `depth` directories of 9 bytes each, making them; leaves the process there. */
static void descend(int depth)
{
	for (int i = 0; i < depth; i++)
		CHECK((mkdir("directory", 0755) == 0 || errno == EEXIST) && chdir("directory") == 0);
}

TEST("a path of 4,095 bytes is copied, wherever the copied thing lies")
{
	struct host *host = open_session();
	const char *home = scratch("from");
	CHECK(mkdir(home, 0755) == 0 && chdir(home) == 0);
	descend(408); /* 4,080 bytes with their slashes */
	CHECK_NUMBER(409 * 10 + 5, 4095);
	descend(1);
	write_to("files", "deep");
	copy_over(host, home, scratch("to"));
	CHECK(chdir(scratch("to")) == 0);
	for (int i = 0; i < 409; i++)
		CHECK(chdir("directory") == 0);
	CHECK_TEXT(content_of("files"), "deep");
	/* One byte more does not fit into an entry. */
	CHECK(chdir(home) == 0);
	descend(409);
	write_to("files6", "deeper");
	struct record *record = get(host, home);
	CHECK_END(record, R_FAILED, ENAMETOOLONG);
	CHECK_HAS(record->message, "is longer than 4095 bytes");
	CHECK(unlink("files6") == 0);
	/* For whoever cleans up: the other one is as deep. */
	CHECK(chdir("/") == 0);
}

TEST("two thousand directories in each other cost neither stack nor descriptors")
{
	struct host *host = open_session();
	const char *home = scratch("from");
	CHECK(mkdir(home, 0755) == 0 && chdir(home) == 0);
	for (int i = 0; i < 2000; i++)
		CHECK(mkdir("d", 0755) == 0 && chdir("d") == 0);
	write_to("f", "deep");
	copy_over(host, home, scratch("to"));
	CHECK(chdir(scratch("to")) == 0);
	for (int i = 0; i < 2000; i++)
		CHECK(chdir("d") == 0);
	CHECK_TEXT(content_of("f"), "deep");
}

TEST("holes stay holes, at the beginning, in the middle and at the end")
{
	struct host *host = open_session();
	enum { MB = 1 << 20 };
	int fd = open(scratch("from"), O_RDWR | O_CREAT, 0644);
	CHECK(pwrite(fd, "one", 3, 5 * MB) == 3 && pwrite(fd, "two", 3, 90 * MB + 7) == 3);
	CHECK(ftruncate(fd, 200 * MB) == 0 && fsync(fd) == 0);
	struct record *record = get(host, scratch("from"));
	CHECK(record->lanes[LANE_OUT].total < MB);
	copy_over(host, scratch("from"), scratch("to"));
	struct stat status = status_of(scratch("to"));
	CHECK_NUMBER(status.st_size, 200 * MB);
	CHECK(status.st_blocks * 512 < MB);
	int copied = open(scratch("to"), O_RDONLY);
	char content[8] = "";
	CHECK(pread(copied, content, 7, 5 * MB) == 7 && strcmp(content, "one") == 0);
	CHECK(pread(copied, content, 7, 90 * MB + 5) == 7 && memcmp(content, "\0\0two\0\0", 7) == 0);
}

TEST("a large file is copied byte for byte")
{
	struct host *host = open_session();
	struct request make = shell(text("%s write 30000001 >%s", self(), scratch("from")));
	CHECK_EXIT(run(host, &make), 0);
	copy_over(host, scratch("from"), scratch("to"));
	struct request compare = exec_of("cmp", scratch("from"), scratch("to"), NULL);
	CHECK_EXIT(run(host, &compare), 0);
}

TEST("a tree of thousands of files is copied")
{
	struct host *host = open_session();
	struct request make = shell(text("mkdir %s && cd %s && for d in 0 1 2 3 4 5 6 7 8 9; do mkdir $d && for f in $(seq 200); do echo $d/$f >$d/$f; done; done",
					 scratch("from"), scratch("from")));
	CHECK_EXIT(run(host, &make), 0);
	copy_over(host, scratch("from"), scratch("to"));
	struct request compare = exec_of("diff", "-r", scratch("from"), scratch("to"), NULL);
	struct record *record = run(host, &compare);
	CHECK_EXIT(record, 0);
	CHECK_TEXT(text_of(record, LANE_OUT), "");
}

TEST("a file of /proc, which says that it is empty, is copied to its end")
{
	struct host *host = open_session();
	copy_over(host, "/proc/self/mounts", scratch("to"));
	CHECK(strlen(content_of(scratch("to"))) > 0);
}

TEST("what the kernel makes up as it is read is not copied as a tree")
{
	struct host *host = open_session();
	CHECK_HAS(get(host, "/proc")->message, "made up by the kernel");
	CHECK_HAS(get(host, "/sys")->message, "made up by the kernel");
}

ROOT_TEST("root's copies keep owners and devices")
{
	struct host *host = open_session();
	CHECK(mkdir(scratch("from"), 0755) == 0);
	write_to(scratch("from/file"), "x");
	CHECK(symlink("x", scratch("from/link")) == 0);
	CHECK(mknod(scratch("from/null"), S_IFCHR | 0666, makedev(1, 3)) == 0);
	CHECK(mknod(scratch("from/disk"), S_IFBLK | 0600, makedev(259, 70000)) == 0);
	CHECK(chown(scratch("from/file"), 1234, 5678) == 0 && chmod(scratch("from/file"), 06755) == 0);
	CHECK(lchown(scratch("from/link"), 1234, 5678) == 0 && chown(scratch("from"), 4321, 8765) == 0);
	copy_over(host, scratch("from"), scratch("to"));
	CHECK_NUMBER(status_of(scratch("to/file")).st_uid, 1234);
	CHECK_NUMBER(status_of(scratch("to/file")).st_gid, 5678);
	CHECK_NUMBER(status_of(scratch("to/file")).st_mode & 07777, 06755);
	CHECK_NUMBER(status_of(scratch("to/link")).st_uid, 1234);
	CHECK_NUMBER(status_of(scratch("to")).st_uid, 4321);
	CHECK(S_ISCHR(status_of(scratch("to/null")).st_mode));
	CHECK_NUMBER(status_of(scratch("to/null")).st_rdev, makedev(1, 3));
	CHECK(S_ISBLK(status_of(scratch("to/disk")).st_mode));
	CHECK_NUMBER(status_of(scratch("to/disk")).st_rdev, makedev(259, 70000));
}

ROOT_TEST("an owner that is given to PUT goes for everything")
{
	struct host *host = open_session();
	struct bytes copy = {0};
	entry(&copy, E_DIRECTORY, 0755, "", "");
	file(&copy, "file", "x");
	entry(&copy, E_SYMLINK, 0777, "link", "x");
	end(&copy);
	struct request request = put_to(scratch("to"));
	field64(&request, 3, 1111 | 2222ull << 32);
	CHECK_DONE(put_as(host, request, &copy));
	static const char *const names[] = {"to", "to/file", "to/link"};
	for (size_t i = 0; i < 3; i++) {
		CHECK_NUMBER(status_of(scratch("%s", names[i])).st_uid, 1111);
		CHECK_NUMBER(status_of(scratch("%s", names[i])).st_gid, 2222);
	}
}

TEST("a mode that is given to PUT goes for files only")
{
	struct host *host = open_session();
	struct bytes copy = {0};
	entry(&copy, E_DIRECTORY, 0750, "", "");
	file(&copy, "file", "x");
	end(&copy);
	struct request request = put_to(scratch("to"));
	field32(&request, 4, 0604);
	CHECK_DONE(put_as(host, request, &copy));
	CHECK_NUMBER(status_of(scratch("to")).st_mode & 07777, 0750);
	CHECK_NUMBER(status_of(scratch("to/file")).st_mode & 07777, 0604);
}

/* ---- where it goes ---- */

TEST("directories above the copy are made")
{
	struct host *host = open_session();
	struct bytes copy = {0};
	file(&copy, "", "x");
	end(&copy);
	CHECK_DONE(put(host, scratch("a/b/c"), &copy));
	CHECK_TEXT(content_of(scratch("a/b/c")), "x");
	CHECK_NUMBER(status_of(scratch("a")).st_mode & 07777, 0755);
}

TEST("with a base name, a copy to a directory goes inside it, and any other to the path itself")
{
	struct host *host = open_session();
	struct bytes copy = {0};
	file(&copy, "", "x");
	end(&copy);
	CHECK(mkdir(scratch("directory"), 0755) == 0 && symlink("directory", scratch("link")) == 0);
	static const char *const paths[] = {"directory", "directory/", "link", "new", "new"};
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct request request = put_to(scratch("%s", paths[i]));
		field_text(&request, 2, text("base%zu", i));
		CHECK_DONE(put_as(host, request, &copy));
	}
	for (int i = 0; i < 3; i++)
		CHECK_TEXT(content_of(scratch("directory/base%d", i)), "x");
	CHECK_TEXT(content_of(scratch("new")), "x");
}

TEST("without a base name, a file does not replace a directory, nor a directory a file")
{
	struct host *host = open_session();
	struct bytes one = {0}, tree = {0};
	file(&one, "", "x");
	end(&one);
	entry(&tree, E_DIRECTORY, 0755, "", "");
	file(&tree, "inside", "x");
	end(&tree);
	CHECK(mkdir(scratch("directory"), 0755) == 0);
	write_to(scratch("file"), "old");
	struct record *record = put(host, scratch("directory"), &one);
	CHECK_END(record, R_FAILED, EISDIR);
	CHECK_TEXT(record->message, text("cannot write '%s': Is a directory", scratch("directory")));
	record = put(host, scratch("file"), &tree);
	CHECK_END(record, R_FAILED, ENOTDIR);
	CHECK_TEXT(record->message, text("cannot make directory '%s': Not a directory", scratch("file")));
	CHECK_TEXT(content_of(scratch("file")), "old");
	CHECK_NUMBER(count_in(scratch("directory")), 0);
}

TEST("a tree is merged into a directory that is there, which keeps its mode and what else it holds")
{
	struct host *host = open_session();
	struct bytes copy = {0};
	entry(&copy, E_DIRECTORY, 0755, "", "");
	entry(&copy, E_DIRECTORY, 0755, "sub", "");
	file(&copy, "sub/replaced", "new");
	file(&copy, "sub/added", "new");
	entry(&copy, E_SYMLINK, 0777, "link", "new");
	end(&copy);
	CHECK(mkdir(scratch("to"), 0700) == 0 && mkdir(scratch("to/sub"), 0711) == 0);
	write_to(scratch("to/sub/replaced"), "old");
	write_to(scratch("to/sub/kept"), "old");
	CHECK(symlink("old", scratch("to/link")) == 0);
	CHECK_DONE(put(host, scratch("to"), &copy));
	CHECK_NUMBER(status_of(scratch("to")).st_mode & 07777, 0700);
	CHECK_NUMBER(status_of(scratch("to/sub")).st_mode & 07777, 0711);
	CHECK_TEXT(content_of(scratch("to/sub/replaced")), "new");
	CHECK_TEXT(content_of(scratch("to/sub/added")), "new");
	CHECK_TEXT(content_of(scratch("to/sub/kept")), "old");
	char target[10] = "";
	CHECK(readlink(scratch("to/link"), target, sizeof target) == 3);
	CHECK_TEXT(target, "new");
}

TEST("a copy to a symbolic link of a file replaces the link, and not what it points to")
{
	struct host *host = open_session();
	struct bytes copy = {0};
	file(&copy, "", "new");
	end(&copy);
	write_to(scratch("target"), "old");
	CHECK(symlink("target", scratch("to")) == 0);
	CHECK_DONE(put(host, scratch("to"), &copy));
	CHECK_TEXT(content_of(scratch("target")), "old");
	CHECK_TEXT(content_of(scratch("to")), "new");
	CHECK(S_ISREG(status_of(scratch("to")).st_mode));
}

TEST("no symbolic link below the copied thing is followed, whoever made it")
{
	struct host *host = open_session();
	CHECK(mkdir(scratch("outside"), 0755) == 0 && mkdir(scratch("to"), 0755) == 0);
	CHECK(symlink("../outside", scratch("to/link")) == 0);
	/* Already there, with and without an entry for the directory; made by the copy; as a hard link's way. */
	for (int i = 0; i < 4; i++) {
		struct bytes copy = {0};
		entry(&copy, E_DIRECTORY, 0755, "", "");
		if (i == 1)
			entry(&copy, E_DIRECTORY, 0755, "link", "");
		if (i == 2)
			entry(&copy, E_SYMLINK, 0777, "made", scratch("outside"));
		if (i < 3)
			file(&copy, i == 2 ? "made/file" : "link/file", "x");
		else
			entry(&copy, E_HARD_LINK, 0644, "hard", "link/secret");
		end(&copy);
		write_to(scratch("outside/secret"), "secret");
		struct record *record = put(host, scratch("to"), &copy);
		CHECK_NUMBER(record->kind, R_FAILED);
		CHECK_NUMBER(count_in(scratch("outside")), 1);
		CHECK(!exists(scratch("to/hard")));
	}
}

/* ---- GET's own ---- */

TEST("GET of a symbolic link copies the link, and what it points to when asked to follow")
{
	struct host *host = open_session();
	CHECK(mkdir(scratch("directory"), 0755) == 0 && symlink("directory", scratch("link")) == 0);
	write_to(scratch("directory/file"), "x");
	CHECK(symlink("file", scratch("directory/inner")) == 0);
	struct record *record = get(host, scratch("link"));
	CHECK_DONE(record);
	CHECK_NUMBER(item_of(record, "")->kind, E_SYMLINK);
	CHECK_TEXT(item_of(record, "")->target, "directory");
	struct request request = request_of(OP_GET);
	field_text(&request, 1, scratch("link"));
	field8(&request, 5, 1);
	record = run(host, &request);
	CHECK_DONE(record);
	CHECK_NUMBER(item_of(record, "")->kind, E_DIRECTORY);
	CHECK_NUMBER(item_of(record, "inner")->kind, E_SYMLINK); /* only `path` itself */
	CHECK_NUMBER(item_of(record, "file")->kind, E_FILE);
}

TEST("GET of what is not there, or of a socket, fails with a reason")
{
	struct host *host = open_session();
	struct record *record = get(host, scratch("none"));
	CHECK_END(record, R_FAILED, ENOENT);
	CHECK_TEXT(record->message, text("'%s': No such file or directory", scratch("none")));
	CHECK(record->lanes[LANE_OUT].ended);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	strcpy(address.sun_path, scratch("socket"));
	CHECK(bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address) == 0);
	record = get(host, scratch("socket"));
	CHECK_END(record, R_FAILED, EOPNOTSUPP);
}

TEST("a directory's entry comes before what it holds")
{
	struct host *host = open_session();
	struct request make = shell(text("mkdir -p %s/a/b/c %s/d/e && touch %s/a/b/c/f %s/d/e/g", scratch("from"),
					 scratch("from"), scratch("from"), scratch("from")));
	CHECK_EXIT(run(host, &make), 0);
	int count;
	struct item *items = items_of(get(host, scratch("from")), &count);
	CHECK_NUMBER(count, 8);
	CHECK_TEXT(items[0].path, "");
	for (int i = 1; i < count; i++) {
		const char *slash = strrchr(items[i].path, '/');
		const char *parent = text("%.*s", slash ? (int)(slash - items[i].path) : 0, items[i].path);
		int j = 0;
		while (j < i && strcmp(items[j].path, parent) != 0)
			j++;
		CHECK(j < i);
	}
}

static volatile bool stop;
static void *change(void *path)
{
	for (unsigned i = 0; !stop; i++) {
		int fd = open(path, O_RDWR | O_CREAT, 0644);
		if (i % 3 == 0 && ftruncate(fd, 1 + i * 7919 % 3000000) < 0)
			break;
		if (i % 3 == 1 && pwrite(fd, "more", 4, i * 104729 % 4000000) < 0)
			break;
		if (i % 50 == 2)
			unlink(path);
		close(fd);
	}
	return NULL;
}

TEST("files that grow, shrink and vanish while they are read make no copy wrong")
{
	struct host *host = open_session();
	CHECK(mkdir(scratch("from"), 0755) == 0);
	write_to(scratch("from/quiet"), "quiet");
	pthread_t threads[3];
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&threads[i], NULL, change, (void *)scratch("from/loud%d", i)) == 0);
	for (int i = 0; i < 100; i++) {
		struct record *record = get(host, scratch("from"));
		CHECK_DONE(record);
		const struct item *item = item_of(record, "quiet");
		CHECK(item && item->size == 5 && memcmp(item->content.at, "quiet", 5) == 0);
	}
	stop = true;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

static void *swap(void *directory)
{
	int fd = open(directory, O_PATH);
	while (!stop)
		renameat2(fd, "a", fd, "b", RENAME_EXCHANGE);
	close(fd);
	return NULL;
}

TEST("a directory that is swapped for a link while it is read leads nowhere else")
{
	struct host *host = open_session();
	CHECK(mkdir(scratch("from"), 0755) == 0 && mkdir(scratch("outside"), 0755) == 0);
	CHECK(mkdir(scratch("from/a"), 0755) == 0 && symlink(scratch("outside"), scratch("from/b")) == 0);
	write_to(scratch("outside/secret"), "secret");
	pthread_t thread;
	CHECK(pthread_create(&thread, NULL, swap, (void *)scratch("from")) == 0);
	for (int i = 0; i < 500; i++) {
		struct record *record = get(host, scratch("from"));
		CHECK_DONE(record);
		CHECK(!item_of(record, "a/secret") && !item_of(record, "b/secret"));
	}
	stop = true;
	pthread_join(thread, NULL);
}

TEST("a directory that is swapped for a link while it is written to leads nowhere else")
{
	struct host *host = open_session();
	CHECK(mkdir(scratch("to"), 0755) == 0 && mkdir(scratch("outside"), 0755) == 0);
	CHECK(mkdir(scratch("to/a"), 0755) == 0 && symlink(scratch("outside"), scratch("to/b")) == 0);
	struct bytes tree = {0};
	entry(&tree, E_DIRECTORY, 0755, "", "");
	entry(&tree, E_DIRECTORY, 0755, "a", "");
	file(&tree, "a/file", "x");
	entry(&tree, E_DIRECTORY, 0700, "a/directory", "");
	entry(&tree, E_SYMLINK, 0777, "a/link", "x");
	end(&tree);
	pthread_t thread;
	CHECK(pthread_create(&thread, NULL, swap, (void *)scratch("to")) == 0);
	for (int i = 0; i < 500; i++)
		put(host, scratch("to"), &tree);
	stop = true;
	pthread_join(thread, NULL);
	CHECK_NUMBER(count_in(scratch("outside")), 0);
}

TEST("a file that cannot be read to its end is marked, and the rest is copied")
{
	struct host *host = open_session();
	/* Reading this one fails, for root too. */
	struct record *record = get(host, "/proc/self/mem");
	CHECK_DONE(record);
	CHECK(item_of(record, "")->broken);
	CHECK_HAS(put(host, scratch("to"), &record->lanes[LANE_OUT].bytes)->message, "could not read every file");
	CHECK(!exists(scratch("to")));
}

TEST("a GET whose reader has stopped can be cancelled")
{
	struct host *host = open_session();
	struct request make = shell(text("%s write 30000000 >%s", self(), scratch("from")));
	CHECK_EXIT(run(host, &make), 0);
	struct request request = request_of(OP_GET);
	field_text(&request, 1, scratch("from"));
	struct record *record = begin(host, &request);
	record->lanes[LANE_OUT].no_credit = true;
	while (record->lanes[LANE_OUT].total < WINDOW)
		pump(host);
	send_cancel(host, record);
	finish(host, record);
	CHECK_NUMBER(record->kind, R_SIGNALLED);
}

/* ---- whole or not at all ---- */

TEST("nobody ever sees half a file that is being replaced")
{
	struct host *host = open_session();
	enum { SIZE = 300000 };
	struct bytes copies[2] = {{0}, {0}};
	for (int i = 0; i < 2; i++) {
		char *content = malloc(SIZE + 1);
		memset(content, "ab"[i], SIZE);
		content[SIZE] = 0;
		file(&copies[i], "", content);
		end(&copies[i]);
	}
	CHECK_DONE(put(host, scratch("to"), &copies[0]));
	int report[2];
	CHECK(pipe(report) == 0);
	pid_t reader = fork();
	if (reader == 0) {
		static char content[SIZE + 1];
		for (;;) {
			int fd = open(scratch("to"), O_RDONLY);
			ssize_t n = read(fd, content, sizeof content);
			bool whole = fd >= 0 && n == SIZE && memchr(content, 'b' + 'a' - content[0], SIZE) == NULL;
			if (write(report[1], whole ? "w" : "h", 1) != 1 || !whole)
				_exit(0);
			close(fd);
		}
	}
	for (int i = 0; i < 100; i++)
		CHECK_DONE(put(host, scratch("to"), &copies[i % 2]));
	kill(reader, SIGKILL);
	close(report[1]);
	char seen;
	int count = 0;
	for (; read(report[0], &seen, 1) == 1; count++)
		CHECK_NUMBER(seen, 'w');
	CHECK(count > 0);
}

/* A copy of which half a file has been sent; returns when that file has been begun. */
static struct record *half_a_copy(struct host *host)
{
	struct bytes copy = {0};
	struct request request = put_to(scratch("to"));
	struct record *record = begin(host, &request);
	entry(&copy, E_DIRECTORY, 0755, "", "");
	file(&copy, "complete", "x");
	entry(&copy, E_FILE, 0644, "half", "");
	chunk(&copy, 0, "half", 4);
	give(host, record, copy.at, copy.length);
	wait_started(host, record);
	WAIT_UNTIL(exists(scratch("to/complete")) && count_in(scratch("to")) == 2);
	return record;
}

TEST("a copy that is cancelled leaves the files that were complete, and nothing else")
{
	struct host *host = open_session();
	struct record *record = half_a_copy(host);
	send_cancel(host, record);
	CHECK_END(finish(host, record), R_SIGNALLED, SIGTERM);
	CHECK_NUMBER(count_in(scratch("to")), 1);
	CHECK_TEXT(content_of(scratch("to/complete")), "x");
}

TEST("a copy that breaks off, or whose channel goes, leaves no half file either")
{
	struct host *host = open_session();
	struct record *record = half_a_copy(host);
	give_end(host, record);
	CHECK_END(finish(host, record), R_FAILED, EPIPE);
	CHECK_TEXT(record->message, "the copy broke off");
	CHECK_NUMBER(count_in(scratch("to")), 1);
	CHECK(unlink(scratch("to/complete")) == 0);
	half_a_copy(host);
	CHECK_NUMBER(hello(host), 1);
	WAIT_UNTIL(count_in(scratch("to")) == 1);
	CHECK(unlink(scratch("to/complete")) == 0);
	half_a_copy(host);
	host_close(host);
	WAIT_UNTIL(count_in(scratch("to")) == 1);
}

TEST("what a killed copy has left of a file is in no other's way")
{
	struct host *host = open_session();
	half_a_copy(host);
	struct dirent *item;
	DIR *directory = opendir(scratch("to"));
	while ((item = readdir(directory)) && strncmp(item->d_name, ".carafe-", 8) != 0)
		;
	CHECK(item);
	/* Every process id that comes next. */
	int pid = atoi(item->d_name + 8);
	for (int i = 1; i < 200; i++)
		write_to(scratch("to/.carafe-%d", pid + i), "left");
	struct bytes copy = {0};
	entry(&copy, E_DIRECTORY, 0755, "", "");
	file(&copy, "file", "x");
	entry(&copy, E_SYMLINK, 0777, "link", "x");
	end(&copy);
	CHECK_DONE(put(host, scratch("to"), &copy));
	CHECK_TEXT(content_of(scratch("to/file")), "x");
}

TEST("a file that the sender could not read is dropped, and fails the copy at its end")
{
	struct host *host = open_session();
	struct bytes copy = {0};
	entry(&copy, E_DIRECTORY, 0755, "", "");
	entry(&copy, E_FILE, 0644, "broken", "");
	chunk(&copy, 0, "some", 4);
	chunk(&copy, 4, NULL, CHUNK_BROKEN);
	file(&copy, "after", "x");
	end(&copy);
	struct record *record = put(host, scratch("to"), &copy);
	CHECK_END(record, R_FAILED, EIO);
	CHECK_NUMBER(count_in(scratch("to")), 1);
	CHECK_TEXT(content_of(scratch("to/after")), "x");
	check_time(scratch("to"));
}

/* ---- what is refused ---- */

/* A copy of which `bytes` is what follows the directory's entry fails, and makes nothing. */
static void malformed(struct host *host, const struct bytes *bytes, const char *words)
{
	struct bytes copy = {0};
	entry(&copy, E_DIRECTORY, 0755, "", "");
	append(&copy, bytes->at, bytes->length);
	end(&copy);
	struct record *record = put(host, scratch("to"), &copy);
	CHECK_NUMBER(record->kind, R_FAILED);
	CHECK_HAS(record->message, words);
	CHECK_NUMBER(count_in(scratch("to")), 0);
	CHECK_NUMBER(count_in(scratch(".")), 1);
	struct bytes *wasted = (struct bytes *)bytes;
	wasted->length = 0;
}

TEST("an entry whose path is not one is refused")
{
	struct host *host = open_session();
	struct bytes bytes = {0};
	const char *const paths[] = {".", "..", "/", "/a", "a/", "a//b", "../a", "a/../b", "a/..", "./a", "a/./b",
				     "..//a", text("%0256d", 0), text("a/%0256d/b", 0)};
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		file(&bytes, paths[i], "x");
		malformed(host, &bytes, "malformed path");
	}
	entry_bytes(&bytes, E_FILE, 0644, "a\0b", 3, "", 0);
	malformed(host, &bytes, "malformed path");
	entry_bytes(&bytes, E_FILE, 0644, text("%04096d", 0), 4096, "", 0);
	malformed(host, &bytes, "out of range");
}

TEST("an entry whose target is not one is refused")
{
	struct host *host = open_session();
	struct bytes bytes = {0};
	entry(&bytes, E_SYMLINK, 0777, "a", "");
	malformed(host, &bytes, "its kind does not have");
	entry(&bytes, E_HARD_LINK, 0644, "a", "");
	malformed(host, &bytes, "its kind does not have");
	entry(&bytes, E_FILE, 0644, "a", "b");
	malformed(host, &bytes, "its kind does not have");
	entry(&bytes, E_DIRECTORY, 0755, "a", "b");
	malformed(host, &bytes, "its kind does not have");
	entry(&bytes, E_FIFO, 0644, "a", "b");
	malformed(host, &bytes, "its kind does not have");
	entry_bytes(&bytes, E_SYMLINK, 0777, "a", 1, "b\0c", 3);
	malformed(host, &bytes, "malformed target");
	entry_bytes(&bytes, E_SYMLINK, 0777, "a", 1, text("%04096d", 0), 4096);
	malformed(host, &bytes, "out of range");
	static const char *const targets[] = {"/etc/passwd", "../x", "a/../b", ".", "a/"};
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		entry(&bytes, E_HARD_LINK, 0644, "hard", targets[i]);
		malformed(host, &bytes, "malformed target");
	}
	entry(&bytes, E_HARD_LINK, 0644, "hard", "none");
	malformed(host, &bytes, "No such file");
}

TEST("an entry with a field out of range is refused")
{
	struct host *host = open_session();
	struct bytes bytes = {0};
	for (int i = 0; i < 6; i++) {
		entry(&bytes, E_FILE, 0644, "a", "");
		uint8_t *at = bytes.at;
		if (i == 0)
			at[0] = 8;
		else if (i < 4)
			at[i] = 1;
		else if (i == 4)
			put32(at + 4, 010000);
		else
			put32(at + 24, 1000000000);
		malformed(host, &bytes, i < 4 ? "unknown kind" : "out of range");
	}
	entry_bytes(&bytes, E_END, 0, "a", 1, "", 0);
	malformed(host, &bytes, "its kind does not have");
}

TEST("a chunk that goes back or is too large is refused")
{
	struct host *host = open_session();
	struct bytes bytes = {0};
	entry(&bytes, E_FILE, 0644, "a", "");
	chunk(&bytes, 10, "0123456789", 10);
	chunk(&bytes, 19, "x", 1);
	malformed(host, &bytes, "a chunk out of order");
	entry(&bytes, E_FILE, 0644, "a", "");
	chunk(&bytes, 10, "0123456789", 10);
	chunk(&bytes, 19, NULL, 0);
	malformed(host, &bytes, "a chunk out of order");
	static uint8_t much[MAX_CHUNK + 1];
	entry(&bytes, E_FILE, 0644, "a", "");
	chunk(&bytes, 0, much, sizeof much);
	malformed(host, &bytes, "out of range");
	entry(&bytes, E_FILE, 0644, "a", "");
	chunk(&bytes, 0xFFFFFFFFFFFFFFFF, "x", 1);
	malformed(host, &bytes, "out of range");
	entry(&bytes, E_FILE, 0644, "a", "");
	chunk(&bytes, INT64_MAX, "x", 1);
	malformed(host, &bytes, "out of range");
}

TEST("an entry is refused whose directory has not come before it")
{
	struct host *host = open_session();
	struct bytes bytes = {0};
	file(&bytes, "no/directory", "x");
	malformed(host, &bytes, "No such file or directory");
	struct bytes copy = {0};
	file(&copy, "", "x");
	file(&copy, "below", "x");
	end(&copy);
	CHECK_HAS(put(host, scratch("file"), &copy)->message, "below what is not a directory");
}

TEST("the copied thing must come first, and once")
{
	struct host *host = open_session();
	struct bytes copy = {0};
	end(&copy);
	CHECK_HAS(put(host, scratch("to"), &copy)->message, "must come first");
	copy.length = 0;
	file(&copy, "a", "x");
	end(&copy);
	CHECK_HAS(put(host, scratch("to"), &copy)->message, "must come first");
	copy.length = 0;
	entry(&copy, E_DIRECTORY, 0755, "", "");
	entry(&copy, E_DIRECTORY, 0755, "", "");
	end(&copy);
	CHECK_HAS(put(host, scratch("to"), &copy)->message, "must come first");
}

TEST("a chunk of the largest size is taken")
{
	struct host *host = open_session();
	struct bytes copy = {0};
	static uint8_t much[MAX_CHUNK];
	entry(&copy, E_FILE, 0644, "", "");
	chunk(&copy, 0, much, sizeof much);
	chunk(&copy, MAX_CHUNK, NULL, 0);
	end(&copy);
	CHECK_DONE(put(host, scratch("to"), &copy));
	CHECK_NUMBER(status_of(scratch("to")).st_size, MAX_CHUNK);
}
