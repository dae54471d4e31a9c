/* The host's side of a relay, and clients, for tests. */
#include "relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

/* ---- what the host says ---- */

void add_service(struct request *setup, uint16_t port)
{
	uint8_t value[2];
	put16(value, port);
	field(setup, 1, value, 2);
}

void add_dns(struct request *setup)
{
	field8(setup, 2, 1);
}

/* Returns the address' length. */
static size_t parse(const char *address, uint8_t *to)
{
	bool ipv6 = strchr(address, ':');
	CHECK_NUMBER(inet_pton(ipv6 ? AF_INET6 : AF_INET, address, to), 1);
	return ipv6 ? 16 : 4;
}

void add_network(struct request *setup, const char *address, uint8_t prefix, bool refused)
{
	uint8_t value[2 + 16];
	size_t length = parse(address, value + 2);
	value[0] = length == 4 ? 4 : 6;
	value[1] = prefix;
	field(setup, refused ? 4 : 3, value, 2 + length);
}

struct request setup_with(uint16_t port)
{
	struct request setup = {{NULL, 0, 0}};
	if (port)
		add_service(&setup, port);
	return setup;
}

uint32_t set_up(struct host *host, const struct request *setup)
{
	struct frame frame;
	send_frame_of(host, F_SETUP, 0, 0, setup->bytes.at, setup->bytes.length);
	do
		CHECK(next_frame(host, &frame));
	while (frame.type == F_RESET);
	CHECK_NUMBER(frame.type, F_SETUP_DONE);
	CHECK_NUMBER(frame.stream, 0);
	CHECK(frame.length >= 4);
	uint32_t error = get32(frame.payload);
	CHECK((error == 0) == (frame.length == 4));
	if (error)
		printf("%.*s\n", (int)frame.length - 4, (char *)frame.payload + 4);
	return error;
}

void set_up_service(struct host *host, uint16_t port)
{
	struct request setup = setup_with(port);
	CHECK_NUMBER(set_up(host, &setup), 0);
}

void say_data(struct host *host, uint32_t id, const void *bytes, size_t length)
{
	send_frame_of(host, F_DATA, 0, id, bytes, length);
}

void say_end(struct host *host, uint32_t id)
{
	send_frame_of(host, F_DATA, FLAG_END, id, NULL, 0);
}

void say_accepted(struct host *host, uint32_t id)
{
	send_frame_of(host, F_ACCEPTED, 0, id, NULL, 0);
}

static void say32(struct host *host, uint8_t type, uint32_t id, uint32_t value)
{
	uint8_t bytes[4];
	put32(bytes, value);
	send_frame_of(host, type, 0, id, bytes, 4);
}

void say_reset(struct host *host, uint32_t id, uint32_t reason)
{
	say32(host, F_RESET, id, reason);
}

void say_credit(struct host *host, uint32_t id, uint32_t bytes)
{
	say32(host, F_CREDIT, id, bytes);
}

void say_open(struct host *host, uint32_t id, const char *address, uint16_t port)
{
	uint8_t payload[4 + 16] = {0};
	size_t length = parse(address, payload + 4);
	payload[0] = length == 4 ? 4 : 6;
	put16(payload + 2, port);
	send_frame_of(host, F_OPEN, 0, id, payload, 4 + length);
}

/* ---- what the guest says ---- */

const struct frame *expect(struct host *host, uint8_t type, uint32_t id)
{
	static struct frame frame;
	CHECK(next_frame(host, &frame));
	CHECK_NUMBER(frame.type, type);
	CHECK_NUMBER(frame.stream, id);
	return &frame;
}

uint32_t expect_open(struct host *host, uint8_t kind, const char *address, uint16_t port)
{
	static struct frame frame;
	uint8_t bytes[16];
	size_t length = address ? parse(address, bytes) : 0;
	/* Credit for other streams may come at any time: the kernel's buffers grow when they like. */
	do
		CHECK(next_frame(host, &frame));
	while (frame.type == F_CREDIT);
	CHECK_NUMBER(frame.type, F_OPEN);
	CHECK_NUMBER(frame.length, 4 + length);
	CHECK_NUMBER(frame.payload[0], kind);
	CHECK_NUMBER(frame.payload[1], 0);
	CHECK_NUMBER(get16(frame.payload + 2), port);
	CHECK(memcmp(frame.payload + 4, bytes, length) == 0);
	CHECK_NUMBER(frame.stream % 2, 1);
	return frame.stream;
}

void expect_data(struct host *host, uint32_t id, const char *bytes)
{
	size_t left = strlen(bytes);
	while (left) {
		const struct frame *frame = expect(host, F_DATA, id);
		CHECK_NUMBER(frame->flags, 0);
		CHECK(frame->length && frame->length <= left);
		CHECK(memcmp(frame->payload, bytes, frame->length) == 0);
		bytes += frame->length;
		left -= frame->length;
	}
}

void expect_end(struct host *host, uint32_t id)
{
	const struct frame *frame = expect(host, F_DATA, id);
	CHECK_NUMBER(frame->flags, FLAG_END);
	CHECK_NUMBER(frame->length, 0);
}

void expect_reset(struct host *host, uint32_t id, uint32_t reason)
{
	const struct frame *frame = expect(host, F_RESET, id);
	CHECK_NUMBER(frame->length, 4);
	CHECK_NUMBER(get32(frame->payload), reason);
}

void expect_relay_fault(struct host *host, const char *words)
{
	static struct frame frame;
	do
		CHECK(next_frame(host, &frame));
	while (frame.type != F_FAULT);
	CHECK_HAS(text("%.*s", (int)frame.length, (char *)frame.payload), words);
	CHECK_NUMBER(hello(host), 1);
}

/* ---- clients and servers ---- */

static socklen_t make_address(union address *address, const char *text, uint16_t port)
{
	memset(address, 0, sizeof *address);
	if (strchr(text, ':')) {
		address->ipv6.sin6_family = AF_INET6;
		address->ipv6.sin6_port = htons(port);
		CHECK_NUMBER(inet_pton(AF_INET6, text, &address->ipv6.sin6_addr), 1);
		return sizeof address->ipv6;
	}
	address->ipv4.sin_family = AF_INET;
	address->ipv4.sin_port = htons(port);
	CHECK_NUMBER(inet_pton(AF_INET, text, &address->ipv4.sin_addr), 1);
	return sizeof address->ipv4;
}

uint16_t free_port(void)
{
	union address address;
	socklen_t length = make_address(&address, "127.0.0.1", 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(bind(fd, &address.any, length) == 0 && getsockname(fd, &address.any, &length) == 0);
	close(fd);
	return ntohs(address.ipv4.sin_port);
}

int try_connect(const char *to, uint16_t port)
{
	union address address;
	socklen_t length = make_address(&address, to, port);
	int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0);
	if (connect(fd, &address.any, length) == 0)
		return fd;
	int error = errno;
	close(fd);
	return -error;
}

int client_of(const char *to, uint16_t port)
{
	int fd = try_connect(to, port);
	if (fd < 0)
		FAIL("connect to %s:%u: %s", to, port, strerror(-fd));
	return fd;
}

int server_at(const char *at, uint16_t port, int type)
{
	union address address;
	socklen_t length = make_address(&address, at, port);
	int yes = 1, fd = socket(address.any.sa_family, type | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	CHECK(fd >= 0 && bind(fd, &address.any, length) == 0);
	CHECK(type != SOCK_STREAM || listen(fd, 512) == 0);
	return fd;
}

void put_text(int fd, const char *bytes)
{
	CHECK_NUMBER(write(fd, bytes, strlen(bytes)), strlen(bytes));
}

void check_reads(int fd, const char *bytes)
{
	char read_bytes[4096];
	size_t length = strlen(bytes), got = 0;
	while (got < length) {
		ssize_t n = read(fd, read_bytes + got, length - got);
		if (n <= 0)
			FAIL("%s instead of '%s'", n ? strerror(errno) : "end of file", bytes);
		got += (size_t)n;
	}
	read_bytes[got] = 0;
	CHECK_TEXT(read_bytes, bytes);
}

void check_end_of_file(int fd)
{
	char byte;
	CHECK_NUMBER(read(fd, &byte, 1), 0);
}

void check_is_reset(int fd)
{
	char bytes[4096];
	ssize_t n;
	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		;
	CHECK_NUMBER(n, -1);
	CHECK_NUMBER(errno, ECONNRESET);
}

void reset_by_client(int fd)
{
	struct linger abruptly = {.l_onoff = 1, .l_linger = 0};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &abruptly, sizeof abruptly);
	close(fd);
}
