/* docs/protocol.md, PROBE. */
#include "relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TCP = 1, UDP, ICMP, DNS, INTERFACES };

static struct request probe_of(uint8_t what, const char *address, uint16_t port, uint32_t limit_ms)
{
	struct request request = request_of(OP_PROBE);
	uint8_t bytes[16];
	field8(&request, 1, what);
	if (address) {
		bool ipv6 = strchr(address, ':');
		CHECK_NUMBER(inet_pton(ipv6 ? AF_INET6 : AF_INET, address, bytes), 1);
		field(&request, 2, bytes, ipv6 ? 16 : 4);
	}
	if (port) {
		put16(bytes, port);
		field(&request, 3, bytes, 2);
	}
	field32(&request, 5, limit_ms);
	return request;
}

static uint32_t probed(struct host *host, struct request request)
{
	struct record *record = run(host, &request);
	CHECK_NUMBER(record->kind, R_DONE);
	CHECK(!record->started);
	if (record->code)
		CHECK_TEXT(record->message, strerror((int)record->code));
	return record->code;
}

TEST("a TCP probe says how connecting went")
{
	struct host *host = open_session();
	uint16_t port = free_port();
	CHECK_NUMBER(probed(host, probe_of(TCP, "127.0.0.1", port, 5000)), ECONNREFUSED);
	CHECK_NUMBER(probed(host, probe_of(TCP, "::1", port, 5000)), ECONNREFUSED);
	int server = server_at("127.0.0.1", port, SOCK_STREAM);
	CHECK_NUMBER(probed(host, probe_of(TCP, "127.0.0.1", port, 50)), 0); /* nobody says anything */
	struct request request = probe_of(TCP, "127.0.0.1", port, 30000);
	close(accept(server, NULL, NULL));
	struct record *record = begin(host, &request);
	close(accept(server, NULL, NULL));
	CHECK_EXIT(finish(host, record), 0);
	record = begin(host, &request);
	reset_by_client(accept(server, NULL, NULL));
	CHECK_EXIT(finish(host, record), ECONNRESET);
}

TEST("a UDP probe waits for a datagram")
{
	struct host *host = open_session();
	uint16_t port = free_port();
	CHECK_NUMBER(probed(host, probe_of(UDP, "127.0.0.1", port, 5000)), ECONNREFUSED);
	int server = server_at("127.0.0.1", port, SOCK_DGRAM);
	CHECK_NUMBER(probed(host, probe_of(UDP, "127.0.0.1", port, 20)), ETIMEDOUT);
	struct request request = probe_of(UDP, "127.0.0.1", port, 30000);
	struct record *record = begin(host, &request);
	char bytes[64];
	struct sockaddr_in from;
	socklen_t length = sizeof from;
	recv(server, bytes, sizeof bytes, 0); /* of the one before */
	recvfrom(server, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &length);
	sendto(server, "x", 1, 0, (struct sockaddr *)&from, length);
	CHECK_EXIT(finish(host, record), 0);
}

/* Answers one query with these bytes behind the number, and returns what the probe made of it. */
static const char *asked(struct host *host, const char *name, const void *reply, size_t length, const char *query)
{
	uint16_t port = free_port();
	int server = server_at("127.0.0.1", port, SOCK_DGRAM);
	struct request request = probe_of(DNS, "127.0.0.1", port, 30000);
	field_text(&request, 4, name);
	struct record *record = begin(host, &request);
	char bytes[600];
	struct sockaddr_in from;
	socklen_t size = sizeof from;
	ssize_t n = recvfrom(server, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &size);
	CHECK_NUMBER(n, 12 + strlen(query) + 1 + 4);
	CHECK_TEXT(bytes + 12, query);
	memcpy(bytes + 2, reply, length);
	sendto(server, bytes, 2 + length, 0, (struct sockaddr *)&from, size);
	CHECK_EXIT(finish(host, record), 0);
	close(server);
	return record->message;
}

TEST("a DNS probe shows the server's code and its A records")
{
	static const char both[] = "\x81\x80\0\1\0\3\0\0\0\0\1a\4test\0\0\1\0\1"
				   "\xc0\x0c\0\5\0\1\0\0\0\1\0\4\1b\xc0\x0e"
				   "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\xc0\0\2\1"
				   "\1c\xc0\x0e\0\1\0\1\0\0\0\1\0\4\xc0\0\2\xff";
	struct host *host = open_session();
	CHECK_TEXT(asked(host, "a.test", both, sizeof both - 1, "\1a\4test"), "NOERROR 192.0.2.1 192.0.2.255");
	/* Cut anywhere, it is an answer with fewer addresses. */
	for (size_t length = 10; length < sizeof both - 1; length += 3)
		CHECK_HAS(asked(host, "a.test.", both, length, "\1a\4test"), "NOERROR");
	CHECK_TEXT(asked(host, "nobody", "\x81\x83\0\0\0\0\0\0\0\0", 10, "\6nobody"), "NXDOMAIN");
	CHECK_TEXT(asked(host, "nobody", "\x81\x8f\0\0\0\0\0\0\0\0", 10, "\6nobody"), "RCODE15");
	/* A name that leads back to itself ends too. */
	CHECK_TEXT(asked(host, "a", "\x81\x80\0\0\xff\xff\0\0\0\0\xc0\x0c\xff\xff", 14, "\1a"), "NOERROR");
	struct request request = probe_of(DNS, "127.0.0.1", free_port(), 5000);
	field_text(&request, 4, "a..test");
	CHECK_NUMBER(probed(host, request), EINVAL);
}

ROOT_TEST("probes of a machine without a network: one interface, and nothing is reachable")
{
	struct host *relay_host = network_start(); /* and no SETUP */
	struct host *host = open_session();
	struct request request = probe_of(INTERFACES, NULL, 0, 5000);
	struct record *record = run(host, &request);
	CHECK_EXIT(record, 0);
	CHECK_TEXT(record->message, "lo");
	CHECK_NUMBER(probed(host, probe_of(TCP, "192.0.2.1", 443, 5000)), ENETUNREACH);
	CHECK_NUMBER(probed(host, probe_of(TCP, "2001:db8::1", 443, 5000)), ENETUNREACH);
	CHECK_NUMBER(probed(host, probe_of(UDP, "192.0.2.1", 53, 5000)), ENETUNREACH);
	CHECK_NUMBER(probed(host, probe_of(ICMP, "192.0.2.1", 0, 5000)), ENETUNREACH);
	CHECK_NUMBER(probed(host, probe_of(ICMP, "2001:db8::1", 0, 5000)), ENETUNREACH);
	host_close(relay_host);
}

ROOT_TEST("an ICMP probe reaches what answers")
{
	struct host *relay_host = network_start();
	struct host *host = open_session();
	CHECK_NUMBER(probed(host, probe_of(ICMP, "127.0.0.1", 0, 30000)), 0);
	CHECK_NUMBER(probed(host, probe_of(ICMP, "::1", 0, 30000)), 0);
	host_close(relay_host);
}

TEST("a PROBE whose fields make no sense is refused")
{
	struct host *host = open_session();
	struct request requests[] = {
		request_of(OP_PROBE),
		probe_of(0, "127.0.0.1", 80, 100),
		probe_of(6, "127.0.0.1", 80, 100),
		probe_of(TCP, NULL, 80, 100),
		probe_of(TCP, "127.0.0.1", 0, 100),
		probe_of(ICMP, "127.0.0.1", 80, 100),
		probe_of(DNS, "127.0.0.1", 53, 100),
		probe_of(INTERFACES, "127.0.0.1", 0, 100),
		probe_of(TCP, "127.0.0.1", 80, 0),
		probe_of(TCP, "127.0.0.1", 80, 30001),
		probe_of(TCP, "127.0.0.1", 80, 100),
		probe_of(DNS, "127.0.0.1", 53, 100),
		probe_of(DNS, "127.0.0.1", 53, 100),
	};
	size_t count = sizeof requests / sizeof *requests;
	field32(&requests[count - 3], 5, 100); /* twice */
	field_text(&requests[count - 2], 4, "no spaces");
	field_text(&requests[count - 1], 4, text("%0254d", 1));
	for (size_t i = 0; i < count; i++) {
		struct record *record = run(host, &requests[i]);
		CHECK_END(record, R_REFUSED, 0);
		CHECK_HAS(record->message, "the PROBE request");
	}
}
