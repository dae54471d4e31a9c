/* docs/protocol.md: FREEZE, as far as it goes without a disk of one's own: what is sent of a directory. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/socket.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char *upper;

static struct host *with_upper(void)
{
	upper = scratch("upper");
	CHECK(mkdir(upper, 0755) == 0);
	return freezer_start(upper);
}

static const char *in(const char *name)
{
	return text("%s/%s", upper, name);
}

static struct record *freeze(struct host *host)
{
	struct request request = request_of(OP_FREEZE);
	return run(host, &request);
}

/* What is in a layer. */
struct item {
	int kind, flags, attribute_count;
	uint32_t mode, uid, gid, nanoseconds, major, minor, pieces;
	int64_t seconds;
	uint64_t size, offset; /* of the file, and of its first piece */
	char path[MAX_PATH + 1], target[MAX_PATH + 1];
	struct bytes attributes, content;
};
static struct item items[1000];
static int count;

static void read_map(struct item *item, const uint8_t **at)
{
	item->size = get64(*at);
	item->pieces = get32(*at + 8);
	CHECK_NUMBER(get32(*at + 12), 0);
	const uint8_t *map = *at + MAP_HEADER;
	*at = map + (size_t)item->pieces * MAP_PIECE;
	item->offset = item->pieces ? get64(map) : 0;
	for (uint32_t i = 0; i < item->pieces; i++) {
		append(&item->content, *at, get64(map + MAP_PIECE * i + 8));
		*at += get64(map + MAP_PIECE * i + 8);
	}
}

static void read_layer(const struct record *record)
{
	CHECK_END(record, R_DONE, 0);
	const uint8_t *at = record->lanes[LANE_OUT].bytes.at, *last = at + record->lanes[LANE_OUT].bytes.length;
	CHECK_NUMBER(get64(at), 0);
	for (at += 8, count = 0; at[0] != E_END; count++) {
		struct item *item = &items[count];
		*item = (struct item){.kind = at[0], .flags = at[1], .attribute_count = get16(at + 2), .mode = get32(at + 4),
				      .uid = get32(at + 8), .gid = get32(at + 12), .seconds = (int64_t)get64(at + 16),
				      .nanoseconds = get32(at + 24), .major = get32(at + 28), .minor = get32(at + 32)};
		size_t path = get16(at + 36), target = get16(at + 38);
		memcpy(item->path, at + ENTRY_HEADER, path);
		memcpy(item->target, at + ENTRY_HEADER + path, target);
		at += ENTRY_HEADER + path + target;
		for (int i = 0; i < item->attribute_count; i++) {
			size_t size = ATTRIBUTE_HEADER + get16(at) + get32(at + 4);
			append(&item->attributes, at, size);
			at += size;
		}
		if (item->kind == E_FILE)
			read_map(item, &at);
	}
	CHECK_NUMBER(last - at, ENTRY_HEADER);
}

static struct item *item_at(const char *path)
{
	for (int i = 0; i < count; i++)
		if (strcmp(items[i].path, path) == 0)
			return &items[i];
	FAIL("there is no '%s' in the layer", path);
}

static bool sent(const char *path)
{
	for (int i = 0; i < count; i++)
		if (strcmp(items[i].path, path) == 0)
			return true;
	return false;
}

TEST("of a machine in which nothing was changed, a layer has only its two directories for all")
{
	read_layer(freeze(with_upper()));
	CHECK_NUMBER(count, 2);
	CHECK_TEXT(items[0].path, "tmp");
	CHECK_TEXT(items[1].path, "var/tmp");
	for (int i = 0; i < 2; i++) {
		CHECK_NUMBER(items[i].kind, E_DIRECTORY);
		CHECK_NUMBER(items[i].mode, 01777);
		CHECK_NUMBER(items[i].uid, 0);
	}
}

TEST("a layer has files of every kind, in the order of their names")
{
	struct host *host = with_upper();
	CHECK(mkdir(in("b"), 0750) == 0 && mkdir(in("b/empty"), 0700) == 0);
	write_to(in("b.file"), "one");
	write_to(in("b/file"), "two");
	CHECK(chmod(in("b/file"), 06755) == 0);
	CHECK(symlink("../elsewhere", in("b/link")) == 0);
	CHECK(link(in("b/file"), in("name")) == 0);
	CHECK(mkfifo(in("pipe"), 0620) == 0);
	CHECK(mknod(in("gone"), S_IFCHR, makedev(0, 0)) == 0);
	struct timespec times[2] = {{1, 0}, {1234567890, 123456789}};
	CHECK(utimensat(AT_FDCWD, in("b/file"), times, 0) == 0);
	read_layer(freeze(host));
	static const char *const order[] = {"b", "b/empty", "b/file", "b/link", "b.file", "gone", "name", "pipe", "tmp", "var/tmp"};
	CHECK_NUMBER(count, 10);
	for (int i = 0; i < count; i++)
		CHECK_TEXT(items[i].path, order[i]);
	CHECK_NUMBER(item_at("b")->mode, 0750);
	struct item *file = item_at("b/file");
	CHECK_NUMBER(file->kind, E_FILE);
	CHECK_NUMBER(file->flags, ENTRY_LINKED);
	CHECK_NUMBER(file->mode, 06755);
	CHECK_NUMBER(file->uid, getuid());
	CHECK_NUMBER(file->seconds, 1234567890);
	CHECK_NUMBER(file->nanoseconds, 123456789);
	CHECK_NUMBER(file->size, 3);
	CHECK(file->content.length == 3 && memcmp(file->content.at, "two", 3) == 0);
	CHECK_TEXT(item_at("b/link")->target, "../elsewhere");
	CHECK_NUMBER(item_at("name")->kind, E_HARD_LINK);
	CHECK_TEXT(item_at("name")->target, "b/file");
	CHECK_NUMBER(item_at("pipe")->kind, E_FIFO);
	CHECK_NUMBER(item_at("gone")->kind, E_DELETED);
	CHECK_NUMBER(item_at("gone")->mode, 0);
	CHECK_NUMBER(item_at("b.file")->flags, 0);
}

TEST("what belongs to a run, and what the host has named, is not in a layer")
{
	struct host *host = with_upper();
	static const char *const directories[] = {"proc", "sys", "dev", "run", "tmp", "var", "var/tmp", "etc", "home", "opt"};
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
		CHECK(mkdir(in(directories[i]), 0755) == 0);
		write_to(text("%s/file", in(directories[i])), "x");
	}
	write_to(in("etc/hosts"), "");
	write_to(in("etc/resolv.conf"), "");
	write_to(in("etc/hostname"), "");
	write_to(in("etc/machine-id"), "");
	write_to(in("etc/hosts.allow"), "");
	struct request request = request_of(OP_FREEZE);
	field_text(&request, 1, "/home");
	field_text(&request, 1, "/opt/file");
	field_text(&request, 1, "/not/there");
	read_layer(run(host, &request));
	static const char *const left[] = {"etc", "etc/file", "etc/hosts.allow", "opt", "tmp", "var", "var/file", "var/tmp"};
	CHECK_NUMBER(count, 8);
	for (int i = 0; i < count; i++)
		CHECK_TEXT(items[i].path, left[i]);
	CHECK_NUMBER(item_at("tmp")->mode, 01777);
}

TEST("where a layer says that there is no /var, it has nothing in it")
{
	struct host *host = with_upper();
	write_to(in("var"), "x");
	read_layer(freeze(host));
	CHECK_NUMBER(item_at("var")->kind, E_FILE);
	CHECK(!sent("var/tmp"));
}

TEST("holes are not sent, and of a file with very many the smallest are filled")
{
	struct host *host = with_upper();
	int fd = open(in("sparse"), O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0 && pwrite(fd, "data", 4, 1 << 30) == 4 && ftruncate(fd, 3ll << 30) == 0);
	close(fd);
	fd = open(in("combed"), O_RDWR | O_CREAT, 0600);
	for (off_t i = 0; i < 70000; i++)
		CHECK(pwrite(fd, "x", 1, i * 8192) == 1);
	close(fd);
	read_layer(freeze(host));
	struct item *sparse = item_at("sparse");
	CHECK_NUMBER(sparse->size, 3ll << 30);
	CHECK(sparse->pieces == 1 && sparse->offset <= 1 << 30 && sparse->content.length < 1 << 20);
	struct item *combed = item_at("combed");
	CHECK_NUMBER(combed->size, 69999ll * 8192 + 1);
	CHECK(combed->pieces <= 65536);
}

TEST("an empty file, and one that is nothing but a hole, have no pieces")
{
	struct host *host = with_upper();
	write_to(in("empty"), "");
	write_to(in("hole"), "");
	CHECK(truncate(in("hole"), 5000000) == 0);
	read_layer(freeze(host));
	CHECK_NUMBER(item_at("empty")->pieces, 0);
	CHECK_NUMBER(item_at("hole")->pieces, 0);
	CHECK_NUMBER(item_at("hole")->size, 5000000);
}

TEST("a name that a layer uses for what was deleted fails the freeze, and says which")
{
	struct host *host = with_upper();
	write_to(in(".wh.trick"), "");
	struct record *record = freeze(host);
	CHECK_END(record, R_FAILED, EINVAL);
	CHECK_HAS(record->message, "'/.wh.trick' has a name that a layer uses for what was deleted");
}

TEST("a path that is too long fails the freeze")
{
	struct host *host = with_upper();
	char name[256];
	memset(name, 'n', 255);
	name[255] = 0;
	CHECK(chdir(upper) == 0);
	for (int i = 0; i < 17; i++)
		CHECK(mkdir(name, 0755) == 0 && chdir(name) == 0);
	struct record *record = freeze(host);
	CHECK_END(record, R_FAILED, ENAMETOOLONG);
	CHECK_HAS(record->message, "is longer than 4095 bytes");
}

TEST("a FREEZE with fields that make no sense is refused")
{
	struct host *host = with_upper();
	static const char *const paths[] = {"", "/", "relative", "/slash/"};
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct request request = request_of(OP_FREEZE);
		field_text(&request, 1, paths[i]);
		CHECK_END(run(host, &request), R_REFUSED, 0);
	}
	struct request request = request_of(OP_FREEZE);
	field32(&request, 2, 5);
	CHECK_END(run(host, &request), R_REFUSED, 0);
	request = request_of(OP_FREEZE);
	uint8_t odd[16] = {1, 16, [9] = 16};
	field(&request, 2, odd, sizeof odd);
	CHECK_END(run(host, &request), R_REFUSED, 0);
}

#define WAIT_FOR_DATA(host, record)                                                                                    \
	while (!(record)->lanes[LANE_OUT].total)                                                                       \
	pump(host)

static void fill(void)
{
	CHECK(mkdir(in("d"), 0755) == 0);
	for (int i = 0; i < 20; i++) {
		write_to(in(text("d/%d", i)), "");
		int fd = open(in(text("d/%d", i)), O_WRONLY);
		for (int j = 0; j < 16; j++)
			CHECK(write(fd, text("%065536d", j), 65536) == 65536);
		close(fd);
	}
}

TEST("while one freeze goes on another is refused, and after it was cancelled the next one is served")
{
	struct host *host = with_upper();
	fill();
	struct request request = request_of(OP_FREEZE);
	struct record *first = begin(host, &request);
	first->lanes[LANE_OUT].no_credit = true;
	WAIT_FOR_DATA(host, first);
	struct record *second = freeze(host);
	CHECK_END(second, R_FAILED, EBUSY);
	CHECK_HAS(second->message, "is being frozen already");
	send_cancel(host, first);
	struct record *third = begin(host, &request); /* before the first has ended */
	CHECK_NUMBER(finish(host, first)->kind, R_FAILED);
	read_layer(finish(host, third));
	CHECK_NUMBER(count, 1 + 20 + 2);
}

TEST("a host that goes away in the middle of a freeze does not keep the next one from freezing")
{
	struct host *host = with_upper();
	fill();
	struct request request = request_of(OP_FREEZE);
	struct record *first = begin(host, &request);
	first->lanes[LANE_OUT].no_credit = true;
	WAIT_FOR_DATA(host, first);
	/* The next host of the same port: HELLO ends what the last one has begun. */
	CHECK_NUMBER(hello(host), 1);
	read_layer(freeze(host));
	CHECK_NUMBER(count, 1 + 20 + 2);
}

TEST("user attributes are in a layer")
{
	struct host *host = with_upper();
	write_to(in("file"), "x");
	CHECK(setxattr(in("file"), "user.note", "a\0b", 3, 0) == 0);
	CHECK(setxattr(in("file"), "user.empty", "", 0, 0) == 0);
	read_layer(freeze(host));
	struct item *file = item_at("file");
	CHECK_NUMBER(file->attribute_count, 2);
	CHECK(memmem(file->attributes.at, file->attributes.length, "user.notea\0b", 12));
	CHECK(memmem(file->attributes.at, file->attributes.length, "user.empty", 10));
}

ROOT_TEST("owners, devices, other attributes and opaque directories are in a layer, the overlay's own attributes are not")
{
	struct host *host = with_upper();
	CHECK(mkdir(in("d"), 0755) == 0);
	CHECK(setxattr(in("d"), "trusted.overlay.opaque", "y", 1, 0) == 0);
	CHECK(setxattr(in("d"), "trusted.overlay.origin", "junk", 4, 0) == 0);
	CHECK(mknod(in("console"), S_IFCHR | 0600, makedev(5, 1)) == 0);
	CHECK(mknod(in("disk"), S_IFBLK | 0660, makedev(254, 1048575)) == 0);
	write_to(in("ping"), "x");
	CHECK(chown(in("ping"), 70000, 4000000000u) == 0);
	uint8_t capability[20] = {1, 0, 0, 2, 0, 32};
	CHECK(setxattr(in("ping"), "security.capability", capability, sizeof capability, 0) == 0);
	read_layer(freeze(host));
	CHECK_NUMBER(item_at("d")->flags, ENTRY_OPAQUE);
	CHECK_NUMBER(item_at("d")->attribute_count, 0);
	CHECK_NUMBER(item_at("console")->kind, E_CHAR);
	CHECK_NUMBER(item_at("console")->major, 5);
	CHECK_NUMBER(item_at("disk")->kind, E_BLOCK);
	CHECK_NUMBER(item_at("disk")->minor, 1048575);
	CHECK_NUMBER(item_at("ping")->uid, 70000);
	CHECK_NUMBER(item_at("ping")->gid, 4000000000u);
	CHECK(memmem(item_at("ping")->attributes.at, item_at("ping")->attributes.length, "security.capability", 19));
}

ROOT_TEST("a file or directory whose content is elsewhere in the image fails the freeze, and says which")
{
	static const char *const names[] = {"trusted.overlay.redirect", "trusted.overlay.metacopy"};
	struct host *host = with_upper();
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		CHECK(mkdir(in("moved"), 0755) == 0);
		CHECK(setxattr(in("moved"), names[i], "/x", 2, 0) == 0);
		struct record *record = freeze(host);
		CHECK_END(record, R_FAILED, EINVAL);
		CHECK_HAS(record->message, "'/moved' has its content elsewhere in the image");
		CHECK(rmdir(in("moved")) == 0);
	}
}
