/*
 * PROBE: one attempt from inside the guest, in a child of the agent that is a process like any other. What came of it is its
 * exit code, an errno; what there is to say of it, its standard error.
 */
#include "agent.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_MS = 5000, MAX_MS = 30000, MAX_HOST_NAME = 253, MAX_REPLY = 4096 };
enum what { TCP = 1, UDP, ICMP, DNS, INTERFACES };

/* The child has its own copy of it. */
static struct {
	enum what what;
	uint32_t address_length;
	uint8_t address[16];
	uint16_t port;
	char name[MAX_HOST_NAME + 1];
	int64_t limit_ms, deadline_ms;
} probe;

static _Noreturn void end(int error)
{
	if (error)
		dprintf(2, "%s", strerror(error));
	_exit(error);
}

static _Noreturn void give_up(void)
{
	end(errno > 0 && errno < 256 ? errno : EIO);
}

/* False when the time is up. */
static bool wait_for(int fd, short events)
{
	struct pollfd asked = {.fd = fd, .events = events};
	for (;;) {
		int64_t left = probe.deadline_ms - now_ms();
		int n = poll(&asked, 1, left > 0 ? (int)left : 0);
		if (n > 0)
			return true;
		if (n == 0 && left <= 0)
			return false;
		if (n < 0 && errno != EINTR)
			give_up();
	}
}

static int connect_to(int type, int protocol, uint16_t port)
{
	union {
		struct sockaddr any;
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
	} address;
	memset(&address, 0, sizeof address);
	socklen_t length;
	if (probe.address_length == 4) {
		address.ipv4.sin_family = AF_INET;
		address.ipv4.sin_port = htons(port);
		memcpy(&address.ipv4.sin_addr, probe.address, 4);
		length = sizeof address.ipv4;
	} else {
		address.ipv6.sin6_family = AF_INET6;
		address.ipv6.sin6_port = htons(port);
		memcpy(&address.ipv6.sin6_addr, probe.address, 16);
		length = sizeof address.ipv6;
	}
	int fd = socket(address.any.sa_family, type | SOCK_NONBLOCK, protocol);
	if (fd < 0 || (connect(fd, &address.any, length) < 0 && errno != EINPROGRESS))
		give_up();
	return fd;
}

static _Noreturn void try_tcp(void)
{
	int fd = connect_to(SOCK_STREAM, 0, probe.port), error = 0;
	socklen_t size = sizeof error;
	if (!wait_for(fd, POLLOUT))
		end(ETIMEDOUT);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		give_up();
	if (error)
		end(error);
	/* The guest's own kernel may have answered. What the host thinks of it comes as a reset, or not. */
	char byte;
	if (wait_for(fd, POLLIN) && read(fd, &byte, 1) < 0)
		give_up();
	end(0);
}

/* The next datagram; ends the probe when none comes. */
static size_t receive(int fd, uint8_t *reply)
{
	if (!wait_for(fd, POLLIN))
		end(ETIMEDOUT);
	ssize_t n = recv(fd, reply, MAX_REPLY, 0);
	if (n < 0 && errno != EAGAIN)
		give_up();
	return n < 0 ? 0 : (size_t)n;
}

static void say_to(int fd, const void *bytes, size_t length)
{
	if (send(fd, bytes, length, 0) < 0)
		give_up();
}

static _Noreturn void try_udp(void)
{
	uint8_t reply[MAX_REPLY];
	struct pollfd asked = {.fd = connect_to(SOCK_DGRAM, 0, probe.port), .events = POLLIN};
	say_to(asked.fd, "carafe\n", 7);
	if (!wait_for(asked.fd, POLLIN))
		end(ETIMEDOUT);
	if (recv(asked.fd, reply, sizeof reply, 0) < 0)
		give_up();
	end(0);
}

static uint16_t internet_checksum(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;
	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static _Noreturn void try_icmp(void)
{
	bool ipv4 = probe.address_length == 4;
	uint8_t reply[MAX_REPLY];
	struct icmphdr echo = {.type = ipv4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST};
	echo.un.echo.id = htons((uint16_t)getpid());
	echo.un.echo.sequence = htons(1);
	if (ipv4) /* for IPv6 the kernel does it */
		echo.checksum = internet_checksum((const uint8_t *)&echo, sizeof echo);
	int fd = connect_to(SOCK_RAW, ipv4 ? IPPROTO_ICMP : (int)IPPROTO_ICMPV6, 0);
	say_to(fd, &echo, sizeof echo);
	for (;;) {
		size_t n = receive(fd, reply);
		size_t start = ipv4 && n ? (size_t)(reply[0] & 15) * 4 : 0; /* a raw IPv4 socket gives the IP header too */
		struct icmphdr answer;
		if (n < start + sizeof answer)
			continue;
		memcpy(&answer, reply + start, sizeof answer);
		if (answer.un.echo.id == echo.un.echo.id && answer.type == (ipv4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY))
			end(0);
	}
}

/* ---- DNS ---- */

static size_t make_query(uint8_t *query)
{
	/* Recursion is wanted; one question. */
	static const uint8_t HEADER[12] = {[2] = 1, [5] = 1};
	memcpy(query, HEADER, sizeof HEADER);
	query[0] = (uint8_t)(getpid() >> 8);
	query[1] = (uint8_t)getpid();
	size_t at = sizeof HEADER;
	for (const char *label = probe.name; *label;) {
		size_t length = strcspn(label, ".");
		if (!length || length > 63)
			end(EINVAL);
		query[at++] = (uint8_t)length;
		memcpy(query + at, label, length);
		at += length;
		label += length + (label[length] == '.');
	}
	query[at++] = 0;
	memcpy(query + at, (const uint8_t[]){0, 1, 0, 1}, 4); /* A, IN */
	return at + 4;
}

/* Behind the name at `at`; `length` when it is longer than the message. */
static size_t skip_name(const uint8_t *message, size_t at, size_t length)
{
	while (at < length && message[at]) {
		if (message[at] >= 192)
			return at + 2;
		at += 1 + (size_t)message[at];
	}
	return at + 1;
}

static void print_addresses(const uint8_t *reply, size_t length)
{
	size_t at = 12, questions = (size_t)(reply[4] << 8 | reply[5]), answers = (size_t)(reply[6] << 8 | reply[7]);
	for (size_t i = 0; i < questions && at < length; i++)
		at = skip_name(reply, at, length) + 4;
	for (size_t i = 0; i < answers && at < length; i++) {
		at = skip_name(reply, at, length);
		if (at + 10 > length)
			return;
		size_t size = (size_t)(reply[at + 8] << 8 | reply[at + 9]);
		const uint8_t *data = reply + at + 10;
		if (at + 10 + size > length)
			return;
		if (reply[at] == 0 && reply[at + 1] == 1 && size == 4)
			dprintf(2, " %u.%u.%u.%u", data[0], data[1], data[2], data[3]);
		at += 10 + size;
	}
}

static _Noreturn void try_dns(void)
{
	static const char *const CODES[16] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
	uint8_t query[12 + MAX_HOST_NAME + 2 + 4], reply[MAX_REPLY];
	size_t size = make_query(query);
	int fd = connect_to(SOCK_DGRAM, 0, probe.port ? probe.port : 53);
	say_to(fd, query, size);
	size_t n;
	do
		n = receive(fd, reply);
	while (n < 12 || memcmp(reply, query, 2) != 0 || !(reply[2] & 0x80));
	int code = reply[3] & 15;
	if (CODES[code])
		dprintf(2, "%s", CODES[code]);
	else
		dprintf(2, "RCODE%d", code);
	print_addresses(reply, n);
	_exit(0);
}

/* ---- interfaces ---- */

/* By the agent itself: every machine's start asks for it, and a process takes ten times as long. */
static void list_interfaces(struct stream *stream)
{
	struct if_nameindex *all = if_nameindex();
	if (!all)
		return stream_result(stream, R_DONE, errno, "%s", strerror(errno));
	char names[1024];
	size_t used = 0;
	names[0] = 0;
	for (struct if_nameindex *one = all; one->if_name && used < sizeof names; one++)
		used += snprintf(names + used, sizeof names - used, "%s%s", one == all ? "" : " ", one->if_name);
	if_freenameindex(all);
	stream_result(stream, R_DONE, 0, "%s", names);
}

/* ---- the request ---- */

static void run(void)
{
	probe.deadline_ms = now_ms() + probe.limit_ms;
	switch (probe.what) {
	case TCP:
		try_tcp();
	case UDP:
		try_udp();
	case ICMP:
		try_icmp();
	case DNS:
		try_dns();
	case INTERFACES:
		break; /* never asked of a process */
	}
}

static bool read_name(const struct field *field)
{
	if (!field_is_text(field) || field->length > MAX_HOST_NAME)
		return false;
	memcpy(probe.name, field->value, field->length);
	return strspn(probe.name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == field->length;
}

static bool read_field(const struct field *field)
{
	const uint8_t *value = field->value;
	uint32_t length = field->length;
	switch (field->tag) {
	case 1:
		if (length != 1 || value[0] < TCP || value[0] > INTERFACES)
			return false;
		probe.what = value[0];
		return true;
	case 2:
		if (length != 4 && length != 16)
			return false;
		probe.address_length = length;
		memcpy(probe.address, value, length);
		return true;
	case 3:
		if (length != 2 || !get16(value))
			return false;
		probe.port = get16(value);
		return true;
	case 4:
		return read_name(field);
	case 5:
		if (length != 4 || !get32(value) || get32(value) > MAX_MS)
			return false;
		probe.limit_ms = get32(value);
		return true;
	}
	return false;
}

/* Whether the fields that are there are those that this probe needs. */
static bool fields_fit(const bool *seen)
{
	bool address = probe.what != INTERFACES, port = probe.what == TCP || probe.what == UDP;
	return seen[1] && seen[2] == address && (probe.what == DNS || seen[3] == port) && seen[4] == (probe.what == DNS);
}

void serve_probe(struct stream *stream, struct fields fields)
{
	memset(&probe, 0, sizeof probe);
	probe.limit_ms = DEFAULT_MS;
	bool seen[256] = {false}, good = true;
	struct field field;
	enum field_next next;
	while (good && (next = field_next(&fields, &field)) != FIELD_NONE) {
		good = next == FIELD_OK && !seen[field.tag] && read_field(&field);
		if (good)
			seen[field.tag] = true;
	}
	if (!good || !fields_fit(seen))
		return stream_result(stream, R_REFUSED, 0, "the PROBE request has a field that is missing or wrong");
	if (probe.what == INTERFACES)
		return list_interfaces(stream);
	work_start(stream, run);
}
