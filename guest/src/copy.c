/*
 * PUT's and GET's fields, and what both directions share.
 *
 * Both run in a child of the agent, as root of the guest, with blocking calls; they say on standard error why they
 * failed and exit with the errno. Somebody less than root may be changing the same tree meanwhile, so nothing below
 * the copied thing is ever reached through a symbolic link: each directory is opened by copy_open(), and what is in
 * it is named relative to that descriptor.
 */
#include "agent.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct copy_request copying; /* the child has its own copy of it */
volatile int copy_unfinished = -1;
char copy_temporary[32];

static bool copy_text(char *to, size_t size, const struct field *field)
{
	if (!field_is_text(field) || field->length >= size)
		return false;
	memcpy(to, field->value, field->length);
	to[field->length] = 0;
	return true;
}

static bool is_name(const char *text)
{
	return !strchr(text, '/') && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

static bool read_field(const struct field *field, bool put)
{
	const uint8_t *value = field->value;
	uint32_t length = field->length;
	switch (field->tag) {
	case 1:
		return copy_text(copying.path, sizeof copying.path, field) && copying.path[0] == '/';
	case 2:
		return put && copy_text(copying.base, sizeof copying.base, field) && is_name(copying.base);
	case 3:
		if (!put || length != 8)
			return false;
		copying.set_owner = true;
		copying.uid = get32(value);
		copying.gid = get32(value + 4);
		return true;
	case 4:
		if (!put || length != 4 || get32(value) > 07777)
			return false;
		copying.set_mode = true;
		copying.mode = get32(value);
		return true;
	case 5:
		copying.follow = true;
		return !put && length == 1 && value[0] == 1;
	}
	return false;
}

void serve_copy(struct stream *stream, struct fields fields)
{
	memset(&copying, 0, sizeof copying);
	bool put = stream->operation == OP_PUT, good = true;
	bool seen[256] = {false};
	struct field field;
	enum field_next next;
	while (good && (next = field_next(&fields, &field)) != FIELD_NONE) {
		good = next == FIELD_OK && !seen[field.tag] && read_field(&field, put);
		if (good)
			seen[field.tag] = true;
	}
	if (!good || !seen[1])
		return stream_result(stream, R_REFUSED, 0, "the %s request has a field that is missing or wrong",
				     put ? "PUT" : "GET");
	work_start(stream, put ? copy_in : copy_out);
}

_Noreturn void copy_fail(int error, const char *format, ...)
{
	if (copy_unfinished >= 0)
		unlinkat(copy_unfinished, copy_temporary, 0);
	va_list arguments;
	va_start(arguments, format);
	vdprintf(2, format, arguments);
	va_end(arguments);
	_exit(error > 0 && error < 256 ? error : 5 /* EIO */);
}

/* Opens `path` below the directory `root`, through no symbolic link; the empty path is `root` itself. */
int copy_open(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC | O_NOFOLLOW),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	return (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof how);
}
