/* What GET and FREEZE send in the same way: bytes, headers of entries, and files with several names once. */
#include "agent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static uint8_t buffer[COPY_BUFFER];
static size_t buffered;

static void write_all(const uint8_t *at, size_t length)
{
	while (length) {
		ssize_t n = write(1, at, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			copy_fail(EPIPE, "the host stopped reading");
		at += n;
		length -= (size_t)n;
	}
}

void copy_put(const void *bytes, size_t length)
{
	bool large = length > sizeof buffer / 2; /* not worth a copy */
	if (large || buffered + length > sizeof buffer) {
		write_all(buffer, buffered);
		buffered = 0;
	}
	if (large)
		return write_all(bytes, length);
	memcpy(buffer + buffered, bytes, length);
	buffered += length;
}

void copy_flush(void)
{
	write_all(buffer, buffered);
	buffered = 0;
}

/* An entry's header, without what only a layer's have. */
void copy_entry(uint8_t *header, enum entry_kind kind, const struct stat *status, const char *path, const char *target)
{
	memset(header, 0, ENTRY_HEADER);
	header[0] = (uint8_t)kind;
	put32(header + 4, status->st_mode & 07777);
	put32(header + 8, status->st_uid);
	put32(header + 12, status->st_gid);
	put64(header + 16, (uint64_t)status->st_mtim.tv_sec);
	put32(header + 24, (uint32_t)status->st_mtim.tv_nsec);
	if (kind == E_CHAR || kind == E_BLOCK) {
		put32(header + 28, major(status->st_rdev));
		put32(header + 32, minor(status->st_rdev));
	}
	put16(header + 36, (uint16_t)strlen(path));
	put16(header + 38, (uint16_t)strlen(target));
}

/* ---- hard links ---- */

struct link {
	dev_t device;
	ino_t inode;
	char *path;
};
static struct link *links;
static size_t link_count, link_room; /* a hash table; its room is a power of two */

static struct link *link_slot(dev_t device, ino_t inode)
{
	size_t at = (size_t)(inode * 0x9E3779B97F4A7C15ull ^ device) & (link_room - 1);
	while (links[at].path && (links[at].device != device || links[at].inode != inode))
		at = (at + 1) & (link_room - 1);
	return &links[at];
}

static void links_grow(void)
{
	struct link *old = links;
	size_t old_room = link_room;
	link_room = link_room ? link_room * 2 : 256;
	links = calloc(link_room, sizeof *links);
	if (!links)
		copy_fail(ENOMEM, "out of memory");
	for (size_t i = 0; i < old_room; i++)
		if (old[i].path)
			*link_slot(old[i].device, old[i].inode) = old[i];
	free(old);
}

/* The path under which this file was sent before, or NULL; then it is remembered under `path`. */
const char *copy_seen(const struct stat *status, const char *path)
{
	if (link_count * 2 >= link_room)
		links_grow();
	struct link *slot = link_slot(status->st_dev, status->st_ino);
	if (slot->path)
		return slot->path;
	*slot = (struct link){status->st_dev, status->st_ino, strdup(path)};
	if (!slot->path)
		copy_fail(ENOMEM, "out of memory");
	link_count++;
	return NULL;
}
