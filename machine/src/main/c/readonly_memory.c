/*
 * Loaded into QEMU by the jail. QEMU before 8.2 opens the file behind guest memory for reading and writing even when it only maps it
 * privately. That file is the template of many machines, and none of them may be able to change it: so this one
 * open is made for reading. A private mapping of it can be written to all the same; that is what copy-on-write is.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char MEMORY[] = "/memory/ram";

static int open_as_wished(const char *path, int flags, mode_t mode)
{
	if ((flags & O_ACCMODE) == O_RDWR && strcmp(path, MEMORY) == 0)
		flags = (flags & ~O_ACCMODE) | O_RDONLY;
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static mode_t mode_of(int flags, va_list arguments)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = mode_of(flags, arguments);
	va_end(arguments);
	return open_as_wished(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = mode_of(flags, arguments);
	va_end(arguments);
	return open_as_wished(path, flags | O_LARGEFILE, mode);
}

/* What open() with two arguments becomes when a program is built with _FORTIFY_SOURCE, as Debian's are. */
int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
	return open_as_wished(path, flags, 0);
}

int __open64_2(const char *path, int flags);
int __open64_2(const char *path, int flags)
{
	return open_as_wished(path, flags | O_LARGEFILE, 0);
}
