/*
 * A machine's identity: entropy, clock, root, names.
 *
 * Everything here may happen in a machine that was just restored from a template that others were restored from too, so
 * entropy comes first. The files that name the machine live on /run, mounted over their places in /etc: they belong
 * to the run, not to the disk, and changing them costs a write to memory.
 */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/random.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef EXT4_IOC_RESIZE_FS
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)
#endif

#define MAX_IMAGES 4 /* the lowest, and a disk for each delta on it */

bool configured;
static int overlay = -1; /* the overlay's ext4, reachable though / now hides it */

static const char *const NAMED[] = {"hosts", "resolv.conf", "hostname", "machine-id"};

/* What went wrong, for RESULT. */
static char problem[512];

static int trouble(const char *what)
{
	int error = errno ? errno : EIO;
	snprintf(problem, sizeof problem, "%s: %s", what, strerror(error));
	return error;
}

static int add_entropy(const uint8_t *bytes, uint32_t length)
{
	union {
		struct rand_pool_info info;
		uint8_t space[sizeof(struct rand_pool_info) + 512];
	} pool;
	pool.info.entropy_count = (int)length * 8;
	pool.info.buf_size = (int)length;
	memcpy(pool.info.buf, bytes, length);
	int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
	bool failed = fd < 0 || ioctl(fd, RNDADDENTROPY, &pool) < 0 || ioctl(fd, RNDRESEEDCRNG) < 0;
	int error = failed ? trouble("/dev/urandom") : 0;
	explicit_bzero(&pool, sizeof pool);
	if (fd >= 0)
		close(fd);
	return error;
}

static int set_clock(int64_t nanoseconds)
{
	struct timespec now = {nanoseconds / 1000000000, nanoseconds % 1000000000};
	return clock_settime(CLOCK_REALTIME, &now) < 0 ? trouble("set the clock") : 0;
}

/* In place, so that a reader never finds the file empty, and a full file system does not make it so. */
static int write_file(const char *path, const void *bytes, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
	if (fd < 0)
		return trouble(path);
	bool written = pwrite(fd, bytes, length, 0) == (ssize_t)length && ftruncate(fd, (off_t)length) == 0;
	int error = written ? 0 : trouble(path);
	close(fd);
	return error;
}

/* A file of ours that stands over /etc/NAME. */
static int mount_named(const char *name)
{
	char ours[64], place[64];
	struct stat status;
	snprintf(ours, sizeof ours, "run/carafe/%s", name);
	snprintf(place, sizeof place, "etc/%s", name);
	int error = write_file(ours, "", 0);
	if (error)
		return error;
	/* A symbolic link may lead out of the new root, or nowhere. */
	if (lstat(place, &status) == 0 && !S_ISREG(status.st_mode) && unlink(place) < 0)
		return trouble(place);
	if (access(place, F_OK) < 0 && (error = write_file(place, "", 0)))
		return error;
	return mount(ours, place, NULL, MS_BIND, NULL) < 0 ? trouble(place) : 0;
}

static int mount_at(const char *what, const char *where, const char *type, unsigned long flags, const char *options)
{
	if (mkdir(where, 0755) < 0 && errno != EEXIST)
		return trouble(where);
	return mount(what, where, type, flags, options) < 0 ? trouble(where) : 0;
}

/* Mounts an image's squashfs files, each from a disk of its own, and lists them for overlayfs: the topmost first. */
static int mount_images(unsigned count, char *lower, size_t size)
{
	char disk[] = "/dev/vdb", place[] = "/image0"; /* deltas: vdc at /image1 and so on */
	int error = mount_at("/dev/vda", "/image", "squashfs", MS_RDONLY | MS_NODEV, NULL);
	size_t length = 0;
	for (unsigned i = 1; i < count && !error; i++) {
		disk[sizeof disk - 2]++;
		place[sizeof place - 2]++;
		error = mount_at(disk, place, "squashfs", MS_RDONLY | MS_NODEV, NULL);
	}
	for (unsigned i = count - 1; i > 0; i--)
		length += (size_t)snprintf(lower + length, size - length, "/image%u:", i);
	snprintf(lower + length, size - length, "/image");
	return error;
}

/* Builds the root under /newroot, of that many squashfs files, and moves there for good. */
static int mount_root(unsigned images)
{
	int error;
	char lower[MAX_IMAGES * sizeof "/image0"], options[sizeof lower + 160], disk[32];
	if ((error = disk_map("/dev/vdb", disk, sizeof disk))) {
		errno = error;
		return trouble("map the overlay's disk");
	}
	if ((error = mount_images(images, lower, sizeof lower)) ||
	    (error = mount_at(disk, "/overlay", "ext4", MS_NOATIME, "discard,noinit_itable")))
		return error;
	overlay = open("/overlay", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (overlay < 0 || (mkdir("/overlay/upper", 0755) < 0 && errno != EEXIST) ||
	    (mkdir("/overlay/work", 0700) < 0 && errno != EEXIST))
		return trouble("/overlay");
	/* A freeze reads the upper directory by itself: every change has to stand there whole, whatever this kernel's
	 * defaults are. */
	snprintf(options, sizeof options,
		 "lowerdir=%s,upperdir=/overlay/upper,workdir=/overlay/work,"
		 "redirect_dir=nofollow,metacopy=off,index=off",
		 lower);
	if ((error = mount_at("overlay", "/newroot", "overlay", 0, options)))
		return error;
	if (chdir("/newroot") < 0)
		return trouble("/newroot");
	static const struct {
		const char *what, *where, *type;
		unsigned long flags;
		const char *options;
	} mounts[] = {
		{"/dev", "dev", NULL, MS_MOVE, NULL},
		{"/proc", "proc", NULL, MS_MOVE, NULL},
		{"/sys", "sys", NULL, MS_MOVE, NULL},
		{"tmpfs", "run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"},
		{"tmpfs", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"},
	};
	for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++)
		if ((error = mount_at(mounts[i].what, mounts[i].where, mounts[i].type, mounts[i].flags,
				      mounts[i].options)))
			return error;
	mkdir("etc", 0755);
	if (mkdir("tmp", 0) == 0) /* an image without one */
		chmod("tmp", 01777);
	if (mkdir("run/carafe", 0755) < 0)
		return trouble("/run/carafe");
	for (size_t i = 0; i < sizeof NAMED / sizeof *NAMED; i++)
		if ((error = mount_named(NAMED[i])))
			return error;
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return trouble("move to the new root");
	return 0;
}

static int grow_overlay(uint64_t bytes)
{
	struct stat status;
	if (overlay < 0 || fstat(overlay, &status) < 0) {
		errno = ENXIO;
		return trouble("grow the overlay before it is mounted");
	}
	uint64_t blocks = bytes / 4096;
	if (ioctl(overlay, EXT4_IOC_RESIZE_FS, &blocks) < 0) {
		if (errno == EPERM) /* it has had errors, as after a write that the host had no room for; what is there counts */
			say("the overlay has had errors, and stays as large as it is");
		else if (errno != EINVAL) /* it is that large already, or larger */
			return trouble("grow the overlay");
	}
	return 0;
}

static int write_named(const char *name, const void *bytes, size_t length)
{
	char path[64];
	snprintf(path, sizeof path, "/run/carafe/%s", name);
	return write_file(path, bytes, length);
}

static int set_hostname(const uint8_t *name, uint32_t length)
{
	char line[66];
	memcpy(line, name, length);
	line[length] = '\n';
	if (sethostname(line, length) < 0)
		return trouble("set the host name");
	return configured ? write_named("hostname", line, length + 1) : 0;
}

static int set_machine_id(const uint8_t *id)
{
	char line[33];
	memcpy(line, id, 32);
	line[32] = '\n';
	return write_named("machine-id", line, sizeof line);
}

static bool all_of(const struct field *field, const char *allowed)
{
	for (uint32_t i = 0; i < field->length; i++)
		if (!field->value[i] || !strchr(allowed, field->value[i]))
			return false;
	return true;
}

static const char *check(const struct field *field)
{
	static const char HOST[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
	uint32_t length = field->length;
	switch (field->tag) {
	case 1:
		return length >= 32 && length <= 512 ? NULL : "entropy of less than 32 or more than 512 bytes";
	case 2:
	case 4:
		return length == 8 ? NULL : "a number that is not 8 bytes";
	case 3:
		return length == 1 && field->value[0] >= 1 && field->value[0] <= MAX_IMAGES
			       ? NULL
			       : "a root of no image, or of more than there are disks for";
	case 5:
		return length >= 1 && length <= 64 && all_of(field, HOST) ? NULL : "a malformed host name";
	case 6:
		return length == 32 && all_of(field, "0123456789abcdef") ? NULL : "a malformed machine id";
	case 7:
	case 8:
		return length <= 65536 ? NULL : "a text of more than 65536 bytes";
	}
	return "an unknown field";
}

static int act(const struct field *field)
{
	int error;
	switch (field->tag) {
	case 1:
		return add_entropy(field->value, field->length);
	case 2:
		return set_clock((int64_t)get64(field->value));
	case 3:
		if (configured)
			return 0;
		error = mount_root(field->value[0]);
		configured = !error;
		return error;
	case 4:
		return grow_overlay(get64(field->value));
	case 5:
		return set_hostname(field->value, field->length);
	case 6:
		return set_machine_id(field->value);
	case 7:
		return write_named("hosts", field->value, field->length);
	case 8:
		return write_named("resolv.conf", field->value, field->length);
	}
	return EINVAL;
}

void serve_configure(struct stream *stream, struct fields fields)
{
	struct field given[9], field;
	enum field_next next;
	memset(given, 0, sizeof given);
	if (!is_init)
		return stream_errno(stream, "this agent is not a machine's first process", EPERM);
	while ((next = field_next(&fields, &field)) != FIELD_NONE) {
		const char *wrong = next == FIELD_BAD ? "a field longer than the request" : check(&field);
		if (!wrong && given[field.tag].tag)
			wrong = "a field that is there twice";
		if (wrong)
			return stream_result(stream, R_REFUSED, 0, "the CONFIGURE request has %s", wrong);
		given[field.tag] = field;
	}
	for (int tag = 1; tag <= 8; tag++) {
		if (!given[tag].tag)
			continue;
		problem[0] = 0;
		int error = act(&given[tag]);
		if (error)
			return stream_result(stream, R_FAILED, (uint32_t)error, "%s", problem);
	}
	stream_result(stream, R_DONE, 0, "%s", "");
}

int overlay_open(void)
{
	if (overlay < 0) {
		errno = ENXIO;
		return -1;
	}
	return openat(overlay, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void overlay_trim(int fd)
{
	struct fstrim_range all = {.len = UINT64_MAX};
	if (ioctl(fd, FITRIM, &all) < 0)
		say("trim the overlay: %s", strerror(errno));
}
