/*
 * hold N ADDRESS PORT [HEAD]    opens N connections, sends the file HEAD on each, reads nothing, says how many are open, and keeps them
 * pour N ADDRESS PORT HEAD      opens N connections, sends HEAD and then chunks without end on each, reading nothing, until none
 *                               takes anything any more; says how many bytes went
 * bait NAME                     listens on an abstract socket, and says a line for each who comes
 */
#include "attack.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

enum { MOST = 4096, HEAD = 2 << 20, CHUNK = 65536, SETTLED_MS = 2000 };

static int sockets[MOST];
static char head[HEAD];
static char chunk[CHUNK + 16];

static void connect_all(int count, const char *to, int port)
{
	struct rlimit files = {MOST + 64, MOST + 64};
	struct sockaddr_storage address;
	socklen_t length = address_of(to, port, &address);
	setrlimit(RLIMIT_NOFILE, &files);
	for (int i = 0; i < count; i++) {
		sockets[i] = socket(address.ss_family, SOCK_STREAM, 0);
		if (sockets[i] < 0)
			fail("socket");
		if (connect(sockets[i], (void *)&address, length) < 0) {
			close(sockets[i]);
			sockets[i] = -1;
			continue;
		}
		fcntl(sockets[i], F_SETFL, O_NONBLOCK);
	}
}

/* Whether the other side has ended it. What it said before that stays unread. */
static int has_ended(int fd)
{
	struct pollfd asked = {.fd = fd, .events = POLLRDHUP};
	return fd < 0 || (poll(&asked, 1, 0) > 0 && asked.revents & (POLLHUP | POLLERR | POLLRDHUP));
}

static int count_open(int count)
{
	int open = 0;
	for (int i = 0; i < count; i++)
		open += !has_ended(sockets[i]);
	return open;
}

int hold(int argc, char **argv)
{
	int count = argc > 2 ? atoi(argv[0]) : 0;
	size_t size = argc > 3 ? read_file(argv[3], head, sizeof head) : 0;
	connect_all(count, argv[1], atoi(argv[2]));
	for (int i = 0; i < count; i++)
		for (size_t sent = 0; sockets[i] >= 0 && sent < size;) {
			ssize_t n = send(sockets[i], head + sent, size - sent, MSG_NOSIGNAL);
			if (n < 0)
				break;
			sent += (size_t)n;
		}
	/* Whoever is turned away hears of it in a moment: not before as many are open as a moment ago. */
	int open = count, before;
	do {
		before = open;
		poll(NULL, 0, SETTLED_MS);
		open = count_open(count);
	} while (open != before);
	printf("%d\n", open);
	fflush(stdout);
	pause();
	return 0;
}

int pour(int argc, char **argv)
{
	static size_t at[MOST];
	int count = argc > 3 ? atoi(argv[0]) : 0;
	size_t size = argc > 3 ? read_file(argv[3], head, sizeof head) : 0;
	connect_all(count, argv[1], atoi(argv[2]));
	size_t framed = (size_t)sprintf(chunk, "%x\r\n", CHUNK);
	memset(chunk + framed, 'x', CHUNK);
	framed += CHUNK;
	chunk[framed++] = '\r';
	chunk[framed++] = '\n';
	unsigned long long poured = 0;
	for (int waited = 0; waited < SETTLED_MS;) {
		int moved = 0;
		for (int i = 0; i < count; i++) {
			size_t in_chunk = at[i] < size ? 0 : (at[i] - size) % framed;
			const char *next = at[i] < size ? head + at[i] : chunk + in_chunk;
			size_t left = at[i] < size ? size - at[i] : framed - in_chunk;
			ssize_t n = sockets[i] < 0 ? -1 : send(sockets[i], next, left, MSG_NOSIGNAL);
			if (n <= 0)
				continue;
			at[i] += (size_t)n;
			poured += (unsigned long long)n;
			moved = 1;
		}
		waited = moved ? 0 : waited + 50;
		if (!moved)
			poll(NULL, 0, 50);
	}
	printf("%llu\n", poured);
	fflush(stdout);
	pause();
	return 0;
}

int bait(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (argc < 1 || strlen(argv[0]) + 2 > sizeof address.sun_path)
		return 2;
	memcpy(address.sun_path + 1, argv[0], strlen(argv[0]));
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(argv[0]));
	if (bind(fd, (void *)&address, length) < 0 || listen(fd, 8) < 0)
		fail("bind");
	puts("listening");
	for (;;) {
		int client = accept(fd, NULL, NULL);
		if (client < 0)
			fail("accept");
		puts("reached");
		char words[64];
		(void)!read(client, words, sizeof words);
		(void)!write(client, "!", 1);
		close(client);
	}
}
