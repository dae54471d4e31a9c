/* What PID 1 does first: mounts, modules, ports. And last: turning the machine off. */
#include "relay.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void give_up(const char *what)
{
	say("%s: %s", what, strerror(errno));
	/* The host starts machines so that a reboot ends them. */
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static void must_mount(const char *what, const char *where, const char *type, unsigned long flags, const char *options)
{
	mkdir(where, 0755);
	if (mount(what, where, type, flags, options) < 0 && errno != EBUSY)
		give_up(where);
}

/* /modules holds what the kernel needs, in the order of the names. */
static void load_modules(void)
{
	struct dirent **items;
	int count = scandir("/modules", &items, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		char path[512];
		snprintf(path, sizeof path, "/modules/%s", items[i]->d_name);
		int fd = items[i]->d_name[0] == '.' ? -1 : open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
				say("%s: %s", path, strerror(errno));
			close(fd);
			unlink(path); /* its memory is better used elsewhere */
		}
		free(items[i]);
	}
	if (count >= 0)
		free(items);
}

/* Opens the port of that name; -1 when it is not there. */
static int open_port(const char *name)
{
	DIR *ports = opendir("/sys/class/virtio-ports");
	if (!ports)
		return -1;
	int found = -1;
	struct dirent *item;
	while (found < 0 && (item = readdir(ports))) {
		char path[512], text[64] = "";
		snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", item->d_name);
		int fd = item->d_name[0] == '.' ? -1 : open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		ssize_t n = read(fd, text, sizeof text - 1);
		close(fd);
		if (n <= 0)
			continue;
		text[strcspn(text, "\n")] = 0;
		if (strcmp(text, name) != 0)
			continue;
		snprintf(path, sizeof path, "/dev/%s", item->d_name);
		found = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	}
	closedir(ports);
	return found;
}

static int open_ports(struct channel *channels)
{
	int64_t deadline = now_ms() + 30000;
	for (int i = 0; i < MAX_CHANNELS; i++) {
		char name[32];
		snprintf(name, sizeof name, "carafe.%d", i + 1);
		int fd;
		/* The kernel adds ports one by one, in its own time. */
		while ((fd = open_port(name)) < 0) {
			if (now_ms() > deadline)
				give_up(name);
			usleep(2000);
		}
		channel_init(&channels[i], fd);
	}
	/* It comes before the others, so that it is there now if it is at all. */
	int fd = open_port("carafe.net");
	if (fd >= 0)
		relay_init(fd, true, 53);
	return MAX_CHANNELS;
}

/* Makes `path` descriptor `number`. All below it must be open, so that open() gives that one or a higher one. */
static void standard(int number, const char *path, int mode)
{
	int fd = open(path, mode | O_NOCTTY);
	if (fd > number) {
		dup2(fd, number);
		close(fd);
	}
}

/* What distributions set: links and FIFOs that somebody else has put into a shared directory are no traps. */
static void protect_shared_directories(void)
{
	static const char *const names[][2] = {{"protected_symlinks", "1"},
					       {"protected_hardlinks", "1"},
					       {"protected_fifos", "1"},
					       {"protected_regular", "2"}};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[64];
		snprintf(path, sizeof path, "/proc/sys/fs/%s", names[i][0]);
		int fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, names[i][1], 1) != 1)
			say("%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
	}
}

int boot(struct channel *channels)
{
	must_mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755");
	standard(0, "/dev/null", O_RDONLY);
	standard(1, "/dev/console", O_WRONLY);
	standard(2, "/dev/console", O_WRONLY);
	must_mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	must_mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	must_mount("cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	must_mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=0620,gid=5,ptmxmode=0666");
	static const char *const links[][2] = {{"/proc/self/fd", "/dev/fd"},
					       {"/proc/self/fd/0", "/dev/stdin"},
					       {"/proc/self/fd/1", "/dev/stdout"},
					       {"/proc/self/fd/2", "/dev/stderr"},
					       {"pts/ptmx", "/dev/ptmx"}};
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		if (symlink(links[i][0], links[i][1]) < 0 && errno != EEXIST)
			say("%s: %s", links[i][1], strerror(errno));
	umask(022);
	load_modules();
	net_loopback_up();
	protect_shared_directories();
	struct rlimit files = {524288, 524288}; /* MAX_COMMANDS groups, and three lanes for each stream */
	setrlimit(RLIMIT_NOFILE, &files);
	groups_init();
	return open_ports(channels);
}

void power_off(void)
{
	kill(-1, SIGTERM);
	int64_t deadline = now_ms() + 500;
	while (now_ms() < deadline) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);
		if (pid < 0)
			break; /* nobody is left */
		if (pid == 0)
			usleep(2000);
	}
	kill(-1, SIGKILL);
	sync();
	reboot(RB_POWER_OFF);
	give_up("power off");
}
