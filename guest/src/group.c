/*
 * One control group per command, so that a command can be killed with all it started.
 *
 * Making and removing a group is slow where every kernel path is emulated, so groups are kept and taken again once they
 * are empty. A group whose command left processes behind stays busy until they are gone.
 */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT "/sys/fs/cgroup"

static struct {
	enum { ABSENT, EMPTY, BUSY, LEAVING } state;
	int fd;
} groups[MAX_COMMANDS];
static int leaving;

void groups_init(void)
{
	/* A first few, so that a template already has them. */
	for (int i = 0; i < 4; i++) {
		int group = group_take();
		if (group >= 0)
			groups[group].state = EMPTY;
	}
}

int group_take(void)
{
	if (!is_init)
		return NO_GROUP;
	int absent = -1;
	for (int i = 0; i < MAX_COMMANDS; i++) {
		if (groups[i].state == EMPTY) {
			groups[i].state = BUSY;
			return i;
		}
		if (groups[i].state == ABSENT && absent < 0)
			absent = i;
	}
	if (absent < 0)
		return TOO_MANY_GROUPS;
	char path[64];
	snprintf(path, sizeof path, ROOT "/command-%d", absent);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return NO_GROUP;
	groups[absent].fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (groups[absent].fd < 0)
		return NO_GROUP;
	groups[absent].state = BUSY;
	return absent;
}

int group_fd(int group)
{
	return group < 0 ? -1 : groups[group].fd;
}

void group_kill(int group, pid_t leader)
{
	int fd = group < 0 ? -1 : openat(groups[group].fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		kill(-leader, SIGKILL);
		kill(leader, SIGKILL);
		return;
	}
	if (write(fd, "1", 1) != 1)
		say("cgroup.kill: %s", strerror(errno));
	close(fd);
}

static bool empty(int group)
{
	char text[128] = "";
	int fd = openat(groups[group].fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	return n > 0 && strstr(text, "populated 0");
}

void group_release(int group)
{
	if (group < 0)
		return;
	groups[group].state = LEAVING;
	leaving++;
}

void groups_sweep(void)
{
	for (int i = 0; leaving && i < MAX_COMMANDS; i++)
		if (groups[i].state == LEAVING && empty(i)) {
			groups[i].state = EMPTY;
			leaving--;
		}
}
