/*
 * What a machine has changed, as entries to standard output: the upper directory of an overlay.
 *
 * The directory stands still, so it is read in the simplest way: by going into it. What is in it was made by the guest;
 * depth costs memory only, and names are sent in the order of their bytes, so that the host can tell without keeping them
 * that none comes twice.
 */
#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define OVERLAY_XATTR "trusted.overlay."
#define DELETED ".wh." /* how a layer begins the name of what it takes away */

enum {
	MAX_PIECES = 65536,
	ATTRIBUTE_BYTES = 65536,
	LISTING_BYTES = 64 * 1024 * 1024,
};

/* Not of the machine's disk, or of one run only. */
static const char *const NEVER[] = {"proc", "sys", "dev", "run", "tmp", "var/tmp",
				    "etc/hosts", "etc/resolv.conf", "etc/hostname", "etc/machine-id"};

static char path[MAX_PATH + 1]; /* of what is looked at */
static size_t path_length;
static uint8_t attributes[ATTRIBUTE_BYTES];
static size_t attributes_length;
static uint16_t attribute_count;
static bool opaque;

/* ---- entries ---- */

static void forget_attributes(void)
{
	attributes_length = 0;
	attribute_count = 0;
	opaque = false;
}

static void add_attribute(const char *name, const uint8_t *value, size_t size)
{
	size_t length = strlen(name);
	if (attributes_length + ATTRIBUTE_HEADER + length + size > sizeof attributes || attribute_count == MAX_ATTRIBUTES)
		copy_fail(E2BIG, "'%.1000s' has more extended attributes than fit into a layer", path);
	uint8_t *at = attributes + attributes_length;
	put16(at, (uint16_t)length);
	put16(at + 2, 0);
	put32(at + 4, (uint32_t)size);
	memcpy(at + ATTRIBUTE_HEADER, name, length);
	memcpy(at + ATTRIBUTE_HEADER + length, value, size);
	attributes_length += ATTRIBUTE_HEADER + length + size;
	attribute_count++;
}

/* All but those by which the overlay's file system talks to itself. */
static void read_attributes(const char *name)
{
	static char list[ATTRIBUTE_BYTES];
	static uint8_t value[ATTRIBUTE_BYTES];
	forget_attributes();
	ssize_t length = llistxattr(name, list, sizeof list);
	if (length < 0 && errno != EOPNOTSUPP)
		copy_fail(errno, "cannot read the extended attributes of '%.1000s': %s", path, strerror(errno));
	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(list + at) + 1) {
		const char *item = list + at;
		if (strchr(item, '=')) /* what divides a name from its value in a layer */
			copy_fail(EINVAL, "'/%.1000s' has an extended attribute with a '=' in its name", path);
		ssize_t size = lgetxattr(name, item, value, sizeof value);
		if (size < 0)
			copy_fail(errno, "cannot read the extended attributes of '%.1000s': %s", path, strerror(errno));
		if (strncmp(item, OVERLAY_XATTR, strlen(OVERLAY_XATTR)) != 0)
			add_attribute(item, value, (size_t)size);
		else if (strcmp(item, OVERLAY_XATTR "opaque") == 0)
			opaque = size == 1 && value[0] == 'y';
		else if (strcmp(item, OVERLAY_XATTR "redirect") == 0 || strcmp(item, OVERLAY_XATTR "metacopy") == 0)
			copy_fail(EINVAL, "'/%.1000s' has its content elsewhere in the image", path);
	}
}

static void put_entry(enum entry_kind kind, const struct stat *status, const char *target)
{
	uint8_t header[ENTRY_HEADER];
	copy_entry(header, kind, status, path, target);
	if (kind == E_DIRECTORY && opaque)
		header[1] |= ENTRY_OPAQUE;
	if (kind == E_FILE && status->st_nlink > 1)
		header[1] |= ENTRY_LINKED;
	put16(header + 2, attribute_count);
	copy_put(header, sizeof header);
	copy_put(path, path_length);
	copy_put(target, strlen(target));
	copy_put(attributes, attributes_length);
}

/* ---- files ---- */

static struct piece {
	uint64_t offset, length;
} pieces[MAX_PIECES];
static uint32_t piece_count;

/* Makes one of what is not at least so far apart. */
static void join_pieces(uint64_t apart)
{
	uint32_t kept = 0;
	for (uint32_t i = 1; i < piece_count; i++) {
		struct piece *last = &pieces[kept];
		if (pieces[i].offset - (last->offset + last->length) < apart)
			last->length = pieces[i].offset + pieces[i].length - last->offset;
		else
			pieces[++kept] = pieces[i];
	}
	piece_count = piece_count ? kept + 1 : 0;
}

/* Where a file has data. Of one in too many pieces, the smallest holes are filled. */
static void find_pieces(int fd, off_t size)
{
	uint64_t apart = 4096;
	piece_count = 0;
	for (off_t at = 0; at < size;) {
		off_t data = lseek(fd, at, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			break;
		off_t hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
		if (hole <= data)
			copy_fail(errno, "cannot read '%.1000s': %s", path, strerror(errno));
		if (data >= size)
			break;
		if (hole > size)
			hole = size;
		while (piece_count == MAX_PIECES)
			join_pieces(apart *= 2);
		pieces[piece_count++] = (struct piece){(uint64_t)data, (uint64_t)(hole - data)};
		at = hole;
	}
}

static void put_piece(int fd, uint64_t offset, uint64_t length)
{
	static uint8_t content[COPY_BUFFER];
	while (length) {
		size_t want = length < sizeof content ? (size_t)length : sizeof content;
		ssize_t n = pread(fd, content, want, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			copy_fail(n < 0 ? errno : EIO, "cannot read '%.1000s': %s", path,
				  n < 0 ? strerror(errno) : "it is shorter than it says");
		copy_put(content, (size_t)n);
		offset += (uint64_t)n;
		length -= (uint64_t)n;
	}
}

static void put_file(const char *name, const struct stat *status)
{
	const char *before = status->st_nlink > 1 ? copy_seen(status, path) : NULL;
	if (before) {
		forget_attributes();
		return put_entry(E_HARD_LINK, status, before);
	}
	int fd = open(name, O_RDONLY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC);
	if (fd < 0 && errno == EPERM) /* not root, and not the owner: in tests */
		fd = open(name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		copy_fail(errno, "cannot open '%.1000s': %s", path, strerror(errno));
	find_pieces(fd, status->st_size);
	put_entry(E_FILE, status, "");
	uint8_t head[MAP_HEADER], piece[MAP_PIECE];
	put64(head, (uint64_t)status->st_size);
	put32(head + 8, piece_count);
	put32(head + 12, 0);
	copy_put(head, sizeof head);
	for (uint32_t i = 0; i < piece_count; i++) {
		put64(piece, pieces[i].offset);
		put64(piece + 8, pieces[i].length);
		copy_put(piece, sizeof piece);
	}
	for (uint32_t i = 0; i < piece_count; i++)
		put_piece(fd, pieces[i].offset, pieces[i].length);
	close(fd);
}

static void put_symlink(const char *name, const struct stat *status)
{
	char target[MAX_PATH + 1];
	ssize_t n = readlink(name, target, sizeof target);
	if (n <= 0 || n > MAX_PATH)
		copy_fail(n < 0 ? errno : ENAMETOOLONG, "cannot read the link '%.1000s'", path);
	target[n] = 0;
	put_entry(E_SYMLINK, status, target);
}

/* What the image has and the machine has not. */
static void put_deleted(const char *name)
{
	static const struct stat nothing;
	if (strlen(name) + strlen(DELETED) > MAX_NAME || path_length + strlen(DELETED) > MAX_PATH)
		copy_fail(ENAMETOOLONG, "'%.1000s' was deleted, and its name is too long for a layer to say so", path);
	put_entry(E_DELETED, &nothing, "");
}

/* A directory that every machine has for itself. Where it is something else, it is the image's affair. */
static void put_shared(const char *live)
{
	struct stat status;
	if (lstat(live, &status) < 0 || !S_ISDIR(status.st_mode))
		return;
	status.st_mode = S_IFDIR | 01777;
	status.st_uid = 0;
	status.st_gid = 0;
	forget_attributes();
	put_entry(E_DIRECTORY, &status, "");
}

/* ---- trees ---- */

/* The names in a directory, in order: texts one after the other, and pointers to them. */
struct listing {
	char *texts;
	size_t used, room;
	char **names;
	size_t count;
};

static void list_add(struct listing *listing, const char *name)
{
	size_t size = strlen(name) + 1;
	if (listing->used + size > LISTING_BYTES)
		copy_fail(E2BIG, "directory '/%.1000s' has more names than fit into a layer", path);
	if (listing->used + size > listing->room) {
		listing->room = listing->room ? listing->room * 2 : 4096;
		listing->texts = realloc(listing->texts, listing->room);
		if (!listing->texts)
			copy_fail(ENOMEM, "out of memory");
	}
	memcpy(listing->texts + listing->used, name, size);
	listing->used += size;
	listing->count++;
}

static bool list_has(const struct listing *listing, const char *name)
{
	for (size_t at = 0; at < listing->used; at += strlen(listing->texts + at) + 1)
		if (strcmp(listing->texts + at, name) == 0)
			return true;
	return false;
}

static int by_name(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

static void list_sort(struct listing *listing)
{
	listing->names = calloc(listing->count + 1, sizeof *listing->names);
	if (!listing->names)
		copy_fail(ENOMEM, "out of memory");
	size_t at = 0;
	for (size_t i = 0; i < listing->count; i++) {
		listing->names[i] = listing->texts + at;
		at += strlen(listing->texts + at) + 1;
	}
	qsort(listing->names, listing->count, sizeof *listing->names, by_name);
}

/* Lists the current directory. What is to be sent of it in any case is there too. */
static void list_read(struct listing *listing)
{
	DIR *directory = opendir(".");
	if (!directory)
		copy_fail(errno, "cannot read directory '/%.1000s': %s", path, strerror(errno));
	struct dirent *item;
	while ((errno = 0, item = readdir(directory)))
		if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0)
			list_add(listing, item->d_name);
	if (errno)
		copy_fail(errno, "cannot read directory '/%.1000s': %s", path, strerror(errno));
	closedir(directory);
	bool top = !path_length, var = strcmp(path, "var") == 0;
	if ((top || var) && !list_has(listing, "tmp"))
		list_add(listing, "tmp");
	if (top && !list_has(listing, "var"))
		list_add(listing, "var");
	list_sort(listing);
}

static bool is_left_out(void)
{
	for (size_t i = 0; i < sizeof NEVER / sizeof *NEVER; i++)
		if (strcmp(path, NEVER[i]) == 0)
			return true;
	for (size_t i = 0; i < freezing.left_out_count; i++)
		if (freezing.left_out[i].length == path_length && memcmp(freezing.left_out[i].path, path, path_length) == 0)
			return true;
	return false;
}

static void put_directory(const char *name, const struct stat *status);

static void put_item(const char *name)
{
	struct stat status;
	if (is_left_out()) {
		if (strcmp(path, "tmp") == 0)
			put_shared("/tmp");
		else if (strcmp(path, "var/tmp") == 0)
			put_shared("/var/tmp");
		return;
	}
	if (lstat(name, &status) < 0) {
		if (errno != ENOENT || strcmp(path, "var") != 0)
			copy_fail(errno, "'%.1000s': %s", path, strerror(errno));
		/* Nothing of it was changed. */
		path_length = strlen(strcpy(path, "var/tmp"));
		return put_shared("/var/tmp");
	}
	if (S_ISSOCK(status.st_mode))
		return;
	if (S_ISCHR(status.st_mode) && status.st_rdev == makedev(0, 0)) {
		forget_attributes();
		return put_deleted(name);
	}
	if (strncmp(name, DELETED, strlen(DELETED)) == 0)
		copy_fail(EINVAL, "'/%.1000s' has a name that a layer uses for what was deleted; rename or remove it", path);
	read_attributes(name);
	switch (status.st_mode & S_IFMT) {
	case S_IFDIR:
		return put_directory(name, &status);
	case S_IFREG:
		return put_file(name, &status);
	case S_IFLNK:
		return put_symlink(name, &status);
	case S_IFCHR:
		return put_entry(E_CHAR, &status, "");
	case S_IFBLK:
		return put_entry(E_BLOCK, &status, "");
	case S_IFIFO:
		return put_entry(E_FIFO, &status, "");
	}
}

/* All that is in the current directory. */
static void put_content(void)
{
	struct listing listing = {0};
	list_read(&listing);
	size_t before = path_length;
	for (size_t i = 0; i < listing.count; i++) {
		int length = snprintf(path + before, sizeof path - before, "%s%s", before ? "/" : "", listing.names[i]);
		path_length = before + (size_t)length;
		if (path_length > MAX_PATH)
			copy_fail(ENAMETOOLONG, "a path below '/%.500s' is longer than %d bytes", path, MAX_PATH);
		put_item(listing.names[i]);
	}
	path_length = before;
	path[before] = 0;
	free(listing.names);
	free(listing.texts);
}

static void put_directory(const char *name, const struct stat *status)
{
	put_entry(E_DIRECTORY, status, "");
	if (chdir(name) < 0)
		copy_fail(errno, "cannot read directory '/%.1000s': %s", path, strerror(errno));
	put_content();
	if (chdir("..") < 0)
		copy_fail(errno, "cannot leave directory '/%.1000s': %s", path, strerror(errno));
}

void layer_out(uint64_t still)
{
	uint8_t begin[8], end[ENTRY_HEADER] = {E_END};
	put64(begin, still);
	copy_put(begin, sizeof begin);
	put_content();
	copy_put(end, sizeof end);
	copy_flush();
	_exit(0);
}
