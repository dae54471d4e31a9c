/*
 * reach ATTEMPT...: tries every way to somewhere that a kernel has. An attempt is one word:
 *
 *   tcp,ADDRESS,PORT   udp,ADDRESS,PORT   sctp,ADDRESS,PORT   icmp,ADDRESS   raw,ADDRESS   packet,ADDRESS
 *   vsock,CID,PORT     unix,PATH          abstract,NAME       port,PATH      dns,ADDRESS,TYPE,NAME  (dnstcp the same)
 *
 * and is repeated with what came of it: REACHED, CLOSED, an errno's name; for `packet`, the interfaces that it left by; for `dns`
 * the code and number of answers.
 */
#include "attack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/vm_sockets.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum { DNS_PORT = 53, WORDS = 4 };

struct attempt {
	const char *kind, *to, *third, *fourth;
	int port;
};

static const char *name(int error)
{
	const char *text = strerrorname_np(error);
	return text ? text : "an error without a name";
}

/* What a socket says once it has something to say. */
static int wait_for(int fd, short events)
{
	struct pollfd asked = {.fd = fd, .events = events};
	int n = poll(&asked, 1, PATIENCE_MS);
	if (n < 0)
		return errno;
	if (n == 0)
		return ETIMEDOUT;
	int error = 0;
	socklen_t length = sizeof error;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
	return error;
}

/* Connects, says something that most servers answer, and waits for a byte of the answer. */
static const char *stream(int fd, const void *address, socklen_t length)
{
	static const char words[] = "GET / HTTP/1.0\r\n\r\n";
	char byte;
	if (fd < 0)
		return name(errno);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (connect(fd, address, length) < 0) {
		int error = errno == EINPROGRESS ? wait_for(fd, POLLOUT) : errno;
		if (error)
			return name(error);
	}
	if (send(fd, words, sizeof words - 1, MSG_NOSIGNAL) < 0)
		return name(errno);
	int error = wait_for(fd, POLLIN);
	if (error)
		return name(error);
	ssize_t n = recv(fd, &byte, 1, 0);
	return n > 0 ? "REACHED" : n == 0 ? "CLOSED" : name(errno);
}

/* Sends, and waits for any answer. */
static const char *datagram(int fd, const void *what, size_t size, const void *address, socklen_t length)
{
	char answer[1500];
	if (fd < 0)
		return name(errno);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (connect(fd, address, length) < 0 || send(fd, what, size, MSG_NOSIGNAL) < 0)
		return name(errno);
	int error = wait_for(fd, POLLIN);
	if (error)
		return name(error);
	return recv(fd, answer, sizeof answer, 0) >= 0 ? "REACHED" : name(errno);
}

static const char *icmp(const struct attempt *attempt)
{
	struct sockaddr_storage address;
	socklen_t length = address_of(attempt->to, 0, &address);
	struct icmphdr echo = {.type = ICMP_ECHO, .checksum = htons(0xf7ff)};
	return datagram(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), &echo, sizeof echo, &address, length);
}

struct packet {
	struct iphdr ip;
	struct udphdr udp;
	char text[8];
} __attribute__((packed));

static struct packet packet_to(const char *to)
{
	struct packet packet = {
		.ip = {.version = 4, .ihl = 5, .tot_len = htons(sizeof packet), .ttl = 64, .protocol = IPPROTO_UDP},
		.udp = {.source = htons(9), .dest = htons(9), .len = htons(sizeof packet - sizeof packet.ip)},
		.text = "escape",
	};
	packet.ip.saddr = htonl(0x0a5b0001);
	inet_pton(AF_INET, to, &packet.ip.daddr);
	return packet;
}

static const char *raw(const struct attempt *attempt)
{
	struct packet packet = packet_to(attempt->to);
	struct sockaddr_storage address;
	socklen_t length = address_of(attempt->to, 0, &address);
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (fd < 0 || sendto(fd, &packet, sizeof packet, 0, (void *)&address, length) < 0)
		return name(errno);
	return "REACHED";
}

/* A packet given to every interface there is, past routes and addresses. */
static const char *packet(const struct attempt *attempt)
{
	static char left_by[256];
	struct packet packet = packet_to(attempt->to);
	struct if_nameindex *interfaces = if_nameindex();
	int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));
	if (fd < 0)
		return name(errno);
	left_by[0] = 0;
	for (size_t i = 0; interfaces && interfaces[i].if_index; i++) {
		struct sockaddr_ll link = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_halen = 6};
		link.sll_ifindex = (int)interfaces[i].if_index;
		if (sendto(fd, &packet, sizeof packet, 0, (void *)&link, sizeof link) < 0)
			continue;
		strncat(left_by, left_by[0] ? "+" : "", sizeof left_by - strlen(left_by) - 1);
		strncat(left_by, interfaces[i].if_name, sizeof left_by - strlen(left_by) - 1);
	}
	return left_by;
}

static const char *vsock(const struct attempt *attempt)
{
	struct sockaddr_vm address = {.svm_family = AF_VSOCK, .svm_port = (unsigned)attempt->port};
	address.svm_cid = (unsigned)strtoul(attempt->to, NULL, 10);
	return stream(socket(AF_VSOCK, SOCK_STREAM, 0), &address, sizeof address);
}

static const char *local(const struct attempt *attempt, int hidden)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t size = strlen(attempt->to);
	if (size + 1 > sizeof address.sun_path)
		return "ENAMETOOLONG";
	memcpy(address.sun_path + hidden, attempt->to, size);
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + 1);
	return stream(socket(AF_UNIX, SOCK_STREAM, 0), &address, length);
}

static const char *device(const char *path)
{
	int fd = open(path, O_RDWR | O_NONBLOCK);
	return fd < 0 ? name(errno) : "REACHED";
}

static size_t question(uint8_t *into, int type, const char *asked)
{
	static const uint8_t head[12] = {0x12, 0x34, 1, 0, 0, 1};
	size_t at = sizeof head;
	memcpy(into, head, sizeof head);
	while (*asked) {
		size_t label = strcspn(asked, ".");
		into[at++] = (uint8_t)label;
		memcpy(into + at, asked, label);
		at += label;
		asked += label + (asked[label] == '.');
	}
	into[at++] = 0;
	into[at++] = (uint8_t)(type >> 8);
	into[at++] = (uint8_t)type;
	into[at++] = 0;
	into[at++] = 1;
	return at;
}

static const char *dns(const struct attempt *attempt, int over_tcp)
{
	static char text[64];
	uint8_t message[2 + 512], *query = message + 2;
	if (strlen(attempt->fourth) > 250)
		return "ENAMETOOLONG";
	size_t size = question(query, atoi(attempt->third), attempt->fourth);
	struct sockaddr_storage address;
	socklen_t length = address_of(attempt->to, DNS_PORT, &address);
	int fd = socket(address.ss_family, over_tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	message[0] = (uint8_t)(size >> 8);
	message[1] = (uint8_t)size;
	if (connect(fd, (void *)&address, length) < 0)
		return name(errno);
	if (send(fd, over_tcp ? message : query, over_tcp ? size + 2 : size, MSG_NOSIGNAL) < 0)
		return name(errno);
	int error = wait_for(fd, POLLIN);
	if (error)
		return name(error);
	ssize_t n = over_tcp ? recv(fd, message, 2, MSG_WAITALL) : 0;
	if (n == 2)
		n = recv(fd, query, (size_t)(message[0] << 8 | message[1]) & 511, MSG_WAITALL);
	else if (!over_tcp)
		n = recv(fd, query, sizeof message - 2, 0);
	if (n < 12)
		return n < 0 ? name(errno) : "CLOSED";
	snprintf(text, sizeof text, "code %d with %d answers", query[3] & 15, query[6] << 8 | query[7]);
	return text;
}

static const char *try(const struct attempt *attempt)
{
	struct sockaddr_storage address;
	socklen_t length;
	if (strcmp(attempt->kind, "tcp") == 0 || strcmp(attempt->kind, "sctp") == 0) {
		length = address_of(attempt->to, attempt->port, &address);
		int protocol = attempt->kind[0] == 's' ? IPPROTO_SCTP : 0;
		return stream(socket(address.ss_family, SOCK_STREAM, protocol), &address, length);
	}
	if (strcmp(attempt->kind, "udp") == 0) {
		length = address_of(attempt->to, attempt->port, &address);
		return datagram(socket(address.ss_family, SOCK_DGRAM, 0), "escape", 6, &address, length);
	}
	if (strcmp(attempt->kind, "icmp") == 0)
		return icmp(attempt);
	if (strcmp(attempt->kind, "raw") == 0)
		return raw(attempt);
	if (strcmp(attempt->kind, "packet") == 0)
		return packet(attempt);
	if (strcmp(attempt->kind, "vsock") == 0)
		return vsock(attempt);
	if (strcmp(attempt->kind, "unix") == 0)
		return local(attempt, 0);
	if (strcmp(attempt->kind, "abstract") == 0)
		return local(attempt, 1);
	if (strcmp(attempt->kind, "port") == 0)
		return device(attempt->to);
	if (strcmp(attempt->kind, "dns") == 0)
		return dns(attempt, 0);
	if (strcmp(attempt->kind, "dnstcp") == 0)
		return dns(attempt, 1);
	return "there is no such attempt";
}

int reach(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		char *words[WORDS] = {0}, *rest = strdup(argv[i]);
		for (int j = 0; j < WORDS && rest; j++)
			words[j] = strsep(&rest, ",");
		struct attempt attempt = {words[0], words[1] ? words[1] : "", words[2], words[3] ? words[3] : "", 0};
		attempt.port = words[2] ? atoi(words[2]) : 0;
		printf("%s: %s\n", argv[i], try(&attempt));
	}
	return 0;
}
