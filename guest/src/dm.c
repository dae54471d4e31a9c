/*
 * The overlay's disk through the device mapper, so that it can be held as it was at one moment.
 *
 * Three devices, of which the last two are there only while a freeze goes on:
 *
 *   carafe           what the overlay's file system is mounted from: the whole disk; during a freeze, its origin
 *   carafe-cow       the part of the disk where a freeze keeps what is overwritten meanwhile
 *   carafe-snapshot  the disk as it was
 *
 * Changing a device's table while its file system stands still is one ioctl: whoever asks for it may be killed at any
 * moment, and never leaves a device that stands still.
 */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define CONTROL "/dev/" DM_DIR "/" DM_CONTROL_NODE
#define DISK "carafe"
#define COW "carafe-cow"
#define SNAPSHOT "carafe-snapshot"

enum {
	CHUNK_SECTORS = 64, /* what is kept at a time: 32 KiB */
	REMOVE_TRIES = 500,
	REMOVE_PAUSE_US = 10000,
};

/* One ioctl's argument, and room for one target. */
struct dm_call {
	struct dm_ioctl head;
	struct dm_target_spec target;
	char text[512];
};

static struct {
	char path[64]; /* of the disk itself */
	uint64_t sectors;
} disk;

static int dm_call(struct dm_call *call, unsigned long what, const char *name)
{
	call->head.version[0] = DM_VERSION_MAJOR;
	call->head.data_size = sizeof *call;
	call->head.data_start = offsetof(struct dm_call, target);
	snprintf(call->head.name, sizeof call->head.name, "%s", name);
	int control = open(CONTROL, O_RDWR | O_CLOEXEC);
	if (control < 0)
		return errno;
	int error = ioctl(control, what, call) < 0 ? errno : 0;
	close(control);
	return error;
}

static int dm_load(const char *name, bool read_only, uint64_t sectors, const char *type, const char *parameters)
{
	struct dm_call call = {.head = {.target_count = 1}, .target = {.length = sectors}};
	if (read_only)
		call.head.flags |= DM_READONLY_FLAG;
	snprintf(call.target.target_type, sizeof call.target.target_type, "%s", type);
	snprintf(call.text, sizeof call.text, "%s", parameters);
	return dm_call(&call, DM_TABLE_LOAD, name);
}

/* Has a device use the table that was loaded last: with `still`, at a moment at which its file system is complete. */
static int dm_use(const char *name, bool still)
{
	struct dm_call call = {.head = {.flags = still ? 0 : DM_SKIP_LOCKFS_FLAG}};
	return dm_call(&call, DM_DEV_SUSPEND, name);
}

/* Makes a device with one target; its path, if it is wanted, goes to `path`. */
static int dm_make(const char *name, bool read_only, uint64_t sectors, const char *type, const char *parameters,
		   char *path, size_t size)
{
	struct dm_call call = {.head = {.flags = read_only ? DM_READONLY_FLAG : 0}};
	int error = dm_call(&call, DM_DEV_CREATE, name);
	if (error)
		return error;
	if (path)
		snprintf(path, size, "/dev/dm-%u", minor(call.head.dev));
	if (!(error = dm_load(name, read_only, sectors, type, parameters)))
		error = dm_use(name, false);
	return error;
}

/* Asks what a device is; ENXIO when there is none of that name. */
static int dm_look(struct dm_call *call, const char *name, bool table)
{
	memset(call, 0, sizeof *call);
	if (table)
		call->head.flags = DM_STATUS_TABLE_FLAG;
	return dm_call(call, DM_TABLE_STATUS, name);
}

static int dm_remove(const char *name)
{
	int error;
	for (int i = 0; i < REMOVE_TRIES; i++) {
		struct dm_call call = {.head = {.flags = 0}};
		error = dm_call(&call, DM_DEV_REMOVE, name);
		if (error != EBUSY)
			break;
		usleep(REMOVE_PAUSE_US); /* somebody looks at it, or the kernel has not quite let go of it */
	}
	return error == ENXIO ? 0 : error;
}

int disk_map(const char *path, char *mapped, size_t size)
{
	char parameters[96];
	uint64_t bytes;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int error = fd < 0 || ioctl(fd, BLKGETSIZE64, &bytes) < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	if (error)
		return error;
	snprintf(disk.path, sizeof disk.path, "%s", path);
	disk.sectors = bytes / 512;
	snprintf(parameters, sizeof parameters, "%s 0", path);
	return dm_make(DISK, false, disk.sectors, "linear", parameters, mapped, size);
}

/* The end of the file system, from its superblock (https://docs.kernel.org/filesystems/ext4/super.html). */
static int file_system_end(const char *path, uint64_t *bytes)
{
	uint8_t block[1024];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, block, sizeof block, 1024);
	if (fd >= 0)
		close(fd);
	if (n != sizeof block || get16(block + 0x38) != 0xEF53)
		return EIO;
	*bytes = ((uint64_t)get32(block + 0x150) << 32 | get32(block + 4)) << (10 + (get32(block + 0x18) & 15));
	return 0;
}

static int make_cow(const struct area *area)
{
	char parameters[96], path[32];
	struct dm_call call;
	uint64_t end;
	int error = dm_look(&call, DISK, false);
	if (error)
		return error;
	snprintf(path, sizeof path, "/dev/dm-%u", minor(call.head.dev));
	if ((error = file_system_end(path, &end)))
		return error;
	if (area->offset < end || area->offset / 512 + area->length / 512 > disk.sectors)
		return ERANGE;
	snprintf(parameters, sizeof parameters, "%s %llu", disk.path, (unsigned long long)(area->offset / 512));
	return dm_make(COW, false, area->length / 512, "linear", parameters, NULL, 0);
}

static int cow_path(char *path, size_t size)
{
	struct dm_call call;
	int error = dm_look(&call, COW, false);
	if (!error)
		snprintf(path, size, "/dev/dm-%u", minor(call.head.dev));
	return error;
}

int disk_hold(const struct area *area, char *path, size_t size)
{
	char parameters[160], cow[32];
	int error = make_cow(area);
	if (error || (error = cow_path(cow, sizeof cow)))
		return error;
	snprintf(parameters, sizeof parameters, "%s %s N %d", disk.path, cow, CHUNK_SECTORS);
	if ((error = dm_make(SNAPSHOT, true, disk.sectors, "snapshot", parameters, path, size)))
		return error;
	return dm_load(DISK, false, disk.sectors, "snapshot-origin", disk.path);
}

int disk_part(void)
{
	return dm_use(DISK, true);
}

/* Whether the snapshot is good: its status is numbers then, of which the first is how much is kept, and else a word. */
static bool snapshot_good(struct dm_call *call)
{
	return dm_look(call, SNAPSHOT, false) == 0 && call->text[0] >= '0' && call->text[0] <= '9';
}

bool disk_held(void)
{
	struct dm_call call;
	return snapshot_good(&call);
}

/* How much of the part for what is overwritten was used, in bytes; all of it when nobody knows. */
static uint64_t cow_used(void)
{
	struct dm_call call;
	return snapshot_good(&call) ? strtoull(call.text, NULL, 10) * 512 : UINT64_MAX;
}

/* Gives the host back what was used. */
static void cow_discard(uint64_t used)
{
	char path[32];
	uint64_t size, range[2] = {0, used};
	if (!used || cow_path(path, sizeof path))
		return;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	if (ioctl(fd, BLKGETSIZE64, &size) == 0) {
		if (range[1] > size)
			range[1] = size;
		if (ioctl(fd, BLKDISCARD, range) < 0)
			say("discard %s: %s", path, strerror(errno));
	}
	close(fd);
}

int disk_let_go(void)
{
	struct dm_call call;
	char parameters[96];
	int error = dm_look(&call, DISK, true);
	if (error)
		return error;
	if (call.head.flags & DM_INACTIVE_PRESENT_FLAG) {
		struct dm_call clear = {.head = {.flags = 0}};
		dm_call(&clear, DM_TABLE_CLEAR, DISK);
	}
	if (strcmp(call.target.target_type, "linear") != 0) {
		snprintf(parameters, sizeof parameters, "%s 0", disk.path);
		if ((error = dm_load(DISK, false, disk.sectors, "linear", parameters)) || (error = dm_use(DISK, false)))
			return error;
	}
	uint64_t used = cow_used();
	if ((error = dm_remove(SNAPSHOT)))
		return error;
	cow_discard(used);
	return dm_remove(COW);
}
