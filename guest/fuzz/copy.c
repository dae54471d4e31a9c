/*
 * Fuzzes PUT: the input is what the host sends on lane 0. It is carried out for real in a directory of its own, which is
 * then looked through: nothing may be outside the copy's place, and no file may be left half written.
 */
#include "../src/copy_in.c" /* its state has to be reset between two runs */

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static const uint8_t *input;
static size_t left;
static jmp_buf over;

void stream_result(struct stream *stream, enum result_kind kind, uint32_t code, const char *format, ...)
{
	(void)stream;
	(void)kind;
	(void)code;
	(void)format;
}

void work_start(struct stream *stream, void (*work)(void))
{
	(void)stream;
	(void)work;
}

bool field_is_text(const struct field *field)
{
	return field->length;
}

enum field_next field_next(struct fields *fields, struct field *field)
{
	(void)fields;
	(void)field;
	return FIELD_NONE;
}

void copy_out(void)
{
}

ssize_t __real_read(int fd, void *to, size_t size);
ssize_t __wrap_read(int fd, void *to, size_t size);
ssize_t __wrap_read(int fd, void *to, size_t size)
{
	if (fd != 0)
		return __real_read(fd, to, size);
	size_t n = size < left ? size : left;
	n = n > 1000 ? 1000 : n; /* as from a pipe: in pieces */
	memcpy(to, input, n);
	input += n;
	left -= n;
	return (ssize_t)n;
}

_Noreturn void __wrap__exit(int code);
_Noreturn void __wrap__exit(int code)
{
	longjmp(over, code + 1);
}

int __wrap_vdprintf(int fd, const char *format, va_list arguments);
int __wrap_vdprintf(int fd, const char *format, va_list arguments)
{
	char message[8192];
	(void)fd;
	return vsnprintf(message, sizeof message, format, arguments);
}

/* Looks through a directory and empties it. */
static void clear(int parent, const char *name)
{
	/* A copy may have taken our own rights away. */
	fchmodat(parent, name, 0700, 0);
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	if (!directory)
		abort();
	struct dirent *item;
	while ((item = readdir(directory))) {
		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		if (strcmp(item->d_name, copy_temporary) == 0)
			abort(); /* half a file */
		if (item->d_type == DT_DIR) {
			clear(fd, item->d_name);
			unlinkat(fd, item->d_name, AT_REMOVEDIR);
		} else {
			unlinkat(fd, item->d_name, 0);
		}
	}
	closedir(directory);
}

static char box[64];
static int box_fd;

static void make_box(void)
{
	snprintf(box, sizeof box, "%s/carafe-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(box) || (box_fd = open(box, O_RDONLY | O_DIRECTORY)) < 0)
		abort();
}

static void remove_box(void)
{
	rmdir(box);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	if (!*box) {
		make_box();
		atexit(remove_box);
	}
	int first_free = dup(0);
	close(first_free);
	buffered = taken = 0;
	top = top_parent = last_directory = copy_unfinished = -1;
	memset(&copying, 0, sizeof copying);
	/* The first byte says how it was asked for. */
	snprintf(copying.path, sizeof copying.path, "%s/copy", box);
	if (length && bytes[0] & 1)
		strcpy(copying.base, "base");
	if (length && bytes[0] & 2 && mkdirat(box_fd, "copy", 0755) < 0)
		abort();
	if (length && bytes[0] & 4) {
		copying.set_mode = true;
		copying.mode = 0640;
	}
	input = bytes + 1;
	left = length ? length - 1 : 0;
	if (setjmp(over) == 0)
		copy_in();
	while (made) {
		struct made *next = made->next;
		free(made);
		made = next;
	}
	syscall(SYS_close_range, (unsigned)first_free, ~0u, 0);

	DIR *directory = opendir(box);
	struct dirent *item;
	while (directory && (item = readdir(directory)))
		if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0 &&
		    strcmp(item->d_name, "copy") != 0)
			abort();
	closedir(directory);
	if (unlinkat(box_fd, "copy", 0) < 0 && errno == EISDIR) {
		clear(box_fd, "copy");
		if (unlinkat(box_fd, "copy", AT_REMOVEDIR) < 0)
			abort();
	}
	return 0;
}
