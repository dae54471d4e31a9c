/*
 * ask ADDRESS PORT REQUEST...: makes each request on a connection of its own, and says all that is answered, with a line of three
 * dashes after each. A line feed in a request is sent as the end of a line in HTTP.
 */
#include "attack.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Returns 0, or the errno with which the other side took no more: it may have said why. */
static int send_all(int fd, const char *request)
{
	for (; *request; request++) {
		const char *bytes = *request == '\n' ? "\r\n" : request;
		if (send(fd, bytes, *request == '\n' ? 2 : 1, MSG_NOSIGNAL | (request[1] ? MSG_MORE : 0)) < 0)
			return errno;
	}
	return 0;
}

/* Whether there was anything to say. */
static bool say_all(int fd)
{
	char answer[4096];
	bool said = false;
	ssize_t n;
	struct pollfd asked = {.fd = fd, .events = POLLIN};
	while (poll(&asked, 1, 2 * PATIENCE_MS) > 0) {
		n = recv(fd, answer, sizeof answer, 0);
		if (n == 0)
			return said;
		said = true;
		if (n < 0) {
			printf("%s", strerror(errno));
			return said;
		}
		fwrite(answer, 1, (size_t)n, stdout);
	}
	printf("and no end");
	return true;
}

int ask(int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		struct sockaddr_storage address;
		socklen_t length = address_of(argv[0], atoi(argv[1]), &address);
		int fd = socket(address.ss_family, SOCK_STREAM, 0);
		if (connect(fd, (void *)&address, length) < 0) {
			printf("%s", strerror(errno));
		} else {
			int error = send_all(fd, argv[i]);
			if (!say_all(fd) && error)
				printf("%s", strerror(error));
		}
		close(fd);
		printf("\n---\n");
	}
	return 0;
}
