/* Which attack it is. */
#include "attack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void fail(const char *what)
{
	fprintf(stderr, "attack: %s: %s\n", what, strerror(errno));
	exit(2);
}

size_t read_file(const char *path, void *into, size_t size)
{
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		fail(path);
	size_t length = 0;
	ssize_t n;
	while ((n = read(fd, (char *)into + length, size - length)) > 0)
		length += (size_t)n;
	close(fd);
	return length;
}

socklen_t address_of(const char *text, int port, struct sockaddr_storage *storage)
{
	struct sockaddr_in *ipv4 = (void *)storage;
	struct sockaddr_in6 *ipv6 = (void *)storage;
	memset(storage, 0, sizeof *storage);
	if (inet_pton(AF_INET, text, &ipv4->sin_addr) == 1) {
		ipv4->sin_family = AF_INET;
		ipv4->sin_port = htons((uint16_t)port);
		return sizeof *ipv4;
	}
	if (inet_pton(AF_INET6, text, &ipv6->sin6_addr) != 1)
		fail(text);
	ipv6->sin6_family = AF_INET6;
	ipv6->sin6_port = htons((uint16_t)port);
	/* Link-local addresses mean nothing without an interface, and there is one. */
	if (IN6_IS_ADDR_LINKLOCAL(&ipv6->sin6_addr))
		ipv6->sin6_scope_id = 1;
	return sizeof *ipv6;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *word;
		int (*run)(int argc, char **argv);
	} attacks[] = {{"ask", ask},   {"reach", reach}, {"unhook", unhook}, {"forge", forge}, {"shout", shout}, {"seize", seize},
		       {"hold", hold}, {"pour", pour},	 {"bait", bait}};
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; argc > 1 && i < sizeof attacks / sizeof *attacks; i++)
		if (strcmp(argv[1], attacks[i].word) == 0)
			return attacks[i].run(argc - 2, argv + 2);
	fprintf(stderr, "usage: attack ask|reach|unhook|forge|shout|seize|hold|pour|bait ...\n");
	return 2;
}
