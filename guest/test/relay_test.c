/* docs/protocol.md, the relay: sessions, SETUP, streams, DNS. Without privilege: services are on 127.0.0.1. */
#include "relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define HERE "127.0.0.1"

static uint8_t block[MAX_PAYLOAD];

/* A session with one service, and a client of it whose stream was accepted. */
struct scene {
	struct host *host;
	uint16_t port;
	int client;
	uint32_t id;
};

static struct scene scene_with_client(void)
{
	struct scene scene = {.host = relay_start(0), .port = free_port()};
	set_up_service(scene.host, scene.port);
	scene.client = client_of(HERE, scene.port);
	scene.id = expect_open(scene.host, OPEN_SERVICE, NULL, scene.port);
	say_accepted(scene.host, scene.id);
	return scene;
}

/* ---- sessions ---- */

TEST("a relay's welcome states its limits")
{
	struct host *host = relay_start(0);
	struct frame frame;
	send_hello(host, 1, 1, "0123456789abcdef");
	CHECK(next_frame(host, &frame));
	CHECK_NUMBER(frame.type, F_WELCOME);
	CHECK(memcmp(frame.payload, "CARAFENT0123456789abcdef\1\0\0\0", 28) == 0);
	CHECK_NUMBER(get32(frame.payload + 28), 65536);
	CHECK_NUMBER(get32(frame.payload + 32), 1024);
	CHECK_NUMBER(get32(frame.payload + 36), 131072);
	CHECK_NUMBER(get32(frame.payload + 40), 0);
}

TEST("a relay does not answer a channel's HELLO")
{
	struct host *host = relay_start(0);
	host->magic = "CARAFE\r\n";
	send_hello(host, 1, 1, "0123456789abcdef");
	host->magic = "CARAFENT";
	expect_relay_fault(host, "a malformed HELLO");
}

TEST("at HELLO clients are reset, nobody listens, and numbers begin again")
{
	struct scene scene = scene_with_client();
	CHECK_NUMBER(hello(scene.host), 1);
	check_is_reset(scene.client);
	CHECK_NUMBER(try_connect(HERE, scene.port), -ECONNREFUSED);
	set_up_service(scene.host, scene.port);
	client_of(HERE, scene.port);
	CHECK_NUMBER(expect_open(scene.host, OPEN_SERVICE, NULL, scene.port), 1);
}

TEST("at a fault clients are reset and nobody listens")
{
	struct scene scene = scene_with_client();
	send_frame_of(scene.host, 99, 0, 1, NULL, 0);
	expect_relay_fault(scene.host, "a type or with flags");
	check_is_reset(scene.client);
	CHECK_NUMBER(try_connect(HERE, scene.port), -ECONNREFUSED);
}

TEST("when the host is gone, clients are reset")
{
	struct scene scene = scene_with_client();
	host_close(scene.host);
	check_is_reset(scene.client);
	CHECK_NUMBER(try_connect(HERE, scene.port), -ECONNREFUSED);
}

/* ---- setup ---- */

TEST("a setup replaces the one before; connections that it still covers live on")
{
	struct scene scene = scene_with_client();
	uint16_t other = free_port();
	struct request setup = setup_with(scene.port);
	add_service(&setup, other);
	add_service(&setup, other); /* again is the same */
	CHECK_NUMBER(set_up(scene.host, &setup), 0);
	put_text(scene.client, "still here");
	expect_data(scene.host, scene.id, "still here");
	client_of(HERE, other);
	CHECK_NUMBER(expect_open(scene.host, OPEN_SERVICE, NULL, other), 3);
}

TEST("connections that a new setup does not cover are reset")
{
	struct scene scene = scene_with_client();
	struct request setup = setup_with(free_port());
	send_frame_of(scene.host, F_SETUP, 0, 0, setup.bytes.at, setup.bytes.length);
	expect_reset(scene.host, scene.id, ENETUNREACH);
	expect(scene.host, F_SETUP_DONE, 0);
	check_is_reset(scene.client);
	CHECK_NUMBER(try_connect(HERE, scene.port), -ECONNREFUSED);
}

TEST("an empty setup closes everything")
{
	struct scene scene = scene_with_client();
	struct request setup = setup_with(0);
	CHECK_NUMBER(set_up(scene.host, &setup), 0);
	check_is_reset(scene.client);
	CHECK_NUMBER(try_connect(HERE, scene.port), -ECONNREFUSED);
}

TEST("a setup that cannot be done says why and closes everything, and the session goes on")
{
	struct scene scene = scene_with_client();
	uint16_t taken = free_port();
	close(server_at(HERE, taken, SOCK_DGRAM)); /* another kind of port */
	int server = server_at(HERE, taken, SOCK_STREAM);
	struct request setup = setup_with(scene.port);
	add_service(&setup, taken);
	CHECK_NUMBER(set_up(scene.host, &setup), EADDRINUSE);
	check_is_reset(scene.client);
	CHECK_NUMBER(try_connect(HERE, scene.port), -ECONNREFUSED);
	close(server);
	CHECK_NUMBER(set_up(scene.host, &setup), 0);
	client_of(HERE, taken);
	expect_open(scene.host, OPEN_SERVICE, NULL, taken);
}

TEST("an agent without a network of its own has no routes to give")
{
	struct host *host = relay_start(0);
	struct request setup = setup_with(0);
	add_network(&setup, "192.0.2.0", 24, false);
	CHECK_NUMBER(set_up(host, &setup), EPERM);
}

TEST("a setup with a field that is wrong is a fault")
{
	static const struct {
		size_t length;
		uint8_t bytes[32];
	} wrong[] = {
		{3, {1, 2, 0}},						  /* half a field */
		{6, {1, 2, 0, 0, 0, 80}},				  /* longer than the setup */
		{6, {1, 1, 0, 0, 0, 80}},				  /* half a port */
		{7, {1, 2, 0, 0, 0, 0, 0}},				  /* port 0 */
		{6, {2, 1, 0, 0, 0, 0}},				  /* not 1 */
		{12, {2, 1, 0, 0, 0, 1, 2, 1, 0, 0, 0, 1}},		  /* twice */
		{11, {3, 6, 0, 0, 0, 5, 8, 10, 0, 0, 0}},		  /* no such family */
		{11, {3, 6, 0, 0, 0, 4, 33, 10, 0, 0, 0}},		  /* more bits than there are */
		{11, {3, 6, 0, 0, 0, 4, 8, 10, 0, 0, 1}},		  /* bits behind the prefix */
		{11, {3, 6, 0, 0, 0, 4, 30, 10, 0, 0, 2}},		  /* one bit behind it */
		{11, {4, 6, 0, 0, 0, 6, 8, 10, 0, 0, 0}},		  /* too short for the family */
		{5, {3, 0, 0, 0, 0}},					  /* empty */
		{6, {5, 1, 0, 0, 0, 1}},				  /* no such field */
	};
	struct host *host = relay_start(0);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		send_frame_of(host, F_SETUP, 0, 0, wrong[i].bytes, wrong[i].length);
		expect_relay_fault(host, "a SETUP with a field that is wrong");
	}
	struct request many = setup_with(0);
	for (int i = 0; i <= MAX_SERVICES; i++)
		add_service(&many, (uint16_t)(20000 + i));
	send_frame_of(host, F_SETUP, 0, 0, many.bytes.at, many.bytes.length);
	expect_relay_fault(host, "a SETUP with a field that is wrong");
	many = setup_with(0);
	for (int i = 0; i <= MAX_NETWORKS; i++)
		add_network(&many, text("10.%d.%d.0", i / 256, i % 256), 24, true);
	send_frame_of(host, F_SETUP, 0, 0, many.bytes.at, many.bytes.length);
	expect_relay_fault(host, "a SETUP with a field that is wrong");
}

/* ---- the guest's streams ---- */

TEST("clients become streams with odd numbers that increase, and may speak before they are accepted")
{
	struct host *host = relay_start(0);
	uint16_t port = free_port();
	set_up_service(host, port);
	int first = client_of(HERE, port);
	CHECK_NUMBER(expect_open(host, OPEN_SERVICE, NULL, port), 1);
	put_text(first, "hello");
	expect_data(host, 1, "hello");
	close(first);
	expect_end(host, 1);
	client_of(HERE, port);
	CHECK_NUMBER(expect_open(host, OPEN_SERVICE, NULL, port), 3);
}

TEST("bytes go both ways, and each end goes by itself")
{
	struct scene scene = scene_with_client();
	put_text(scene.client, "question");
	shutdown(scene.client, SHUT_WR);
	expect_data(scene.host, scene.id, "question");
	expect_end(scene.host, scene.id);
	say_data(scene.host, scene.id, "answer", 6);
	check_reads(scene.client, "answer");
	say_end(scene.host, scene.id);
	check_end_of_file(scene.client);
}

TEST("the host may end first, and the client speak on")
{
	struct scene scene = scene_with_client();
	send_frame_of(scene.host, F_DATA, FLAG_END, scene.id, "all", 3);
	check_reads(scene.client, "all");
	check_end_of_file(scene.client);
	put_text(scene.client, "but not mine");
	expect_data(scene.host, scene.id, "but not mine");
	close(scene.client);
	expect_end(scene.host, scene.id);
}

TEST("a client's reset is the host's, and the other way round")
{
	struct scene scene = scene_with_client();
	reset_by_client(scene.client);
	expect_reset(scene.host, scene.id, ECONNRESET);
	int other = client_of(HERE, scene.port);
	uint32_t id = expect_open(scene.host, OPEN_SERVICE, NULL, scene.port);
	say_reset(scene.host, id, EACCES);
	check_is_reset(other);
}

TEST("a client's reset is noticed while nothing can be sent for want of credit")
{
	struct scene scene = scene_with_client();
	for (int i = 0; i < 3; i++)
		CHECK_NUMBER(write(scene.client, block, sizeof block), sizeof block);
	for (uint32_t got = 0; got < RELAY_WINDOW;)
		got += expect(scene.host, F_DATA, scene.id)->length;
	reset_by_client(scene.client);
	expect_reset(scene.host, scene.id, ECONNRESET);
}

TEST("a client is read as far as its window goes, and on as the host gives credit")
{
	struct scene scene = scene_with_client();
	int other = client_of(HERE, scene.port);
	uint32_t id = expect_open(scene.host, OPEN_SERVICE, NULL, scene.port);
	CHECK_NUMBER(write(scene.client, block, sizeof block), sizeof block);
	CHECK_NUMBER(write(scene.client, block, sizeof block), sizeof block);
	put_text(scene.client, "and this");
	for (uint32_t got = 0; got < RELAY_WINDOW;)
		got += expect(scene.host, F_DATA, scene.id)->length;
	put_text(other, "my own window");
	expect_data(scene.host, id, "my own window");
	say_credit(scene.host, scene.id, 3);
	expect_data(scene.host, scene.id, "and");
	say_credit(scene.host, scene.id, 100);
	expect_data(scene.host, scene.id, " this");
}

/* Fills a stream whose client does not read, up to its window. */
static uint32_t fill(const struct scene *scene)
{
	uint32_t window = RELAY_WINDOW, sent = 0;
	struct pollfd ready = {.fd = scene->host->fd, .events = POLLIN};
	for (;;) {
		uint32_t n = window < sizeof block ? window : sizeof block;
		if (n)
			say_data(scene->host, scene->id, block, n);
		window -= n;
		sent += n;
		/* What the sockets between us take comes back as credit; how much that is, is the kernel's. */
		if (!window && poll(&ready, 1, 500) == 0)
			return sent;
		while (!window)
			window += get32(expect(scene->host, F_CREDIT, scene->id)->payload);
	}
}

TEST("a client that does not read stalls no other, and gets all in the end")
{
	struct scene scene = scene_with_client();
	uint32_t sent = fill(&scene);
	CHECK(sent < 4 * 1024 * 1024);
	int other = client_of(HERE, scene.port);
	uint32_t id = expect_open(scene.host, OPEN_SERVICE, NULL, scene.port);
	say_accepted(scene.host, id);
	say_data(scene.host, id, "for you", 7);
	check_reads(other, "for you");
	say_end(scene.host, scene.id);
	shutdown(scene.client, SHUT_WR);
	uint32_t got = 0;
	for (ssize_t n; (n = read(scene.client, block, sizeof block)) > 0;)
		got += (uint32_t)n;
	CHECK_NUMBER(got, sent);
}

TEST("data beyond the window is a fault")
{
	struct scene scene = scene_with_client();
	/* More than all the buffers between us take, and without a look at the credit. */
	for (int i = 0; i < 512; i++)
		say_data(scene.host, scene.id, block, sizeof block);
	expect_relay_fault(scene.host, "DATA beyond the window");
}

TEST("much goes both ways at once, whole and in order")
{
	enum { TOTAL = 16 * 1024 * 1024 };
	struct scene scene = scene_with_client();
	pid_t pid = fork();
	if (pid == 0) {
		/* The client echoes. */
		ssize_t n;
		while ((n = read(scene.client, block, 10007)) > 0)
			for (ssize_t at = 0; at < n;)
				at += write(scene.client, block + at, (size_t)(n - at));
		_exit(0);
	}
	close(scene.client);
	uint64_t sent = 0, got = 0;
	uint32_t window = RELAY_WINDOW, owed = 0;
	while (got < TOTAL) {
		while (window && sent < TOTAL) {
			uint32_t n = window < 50021 ? window : 50021;
			n = TOTAL - sent < n ? (uint32_t)(TOTAL - sent) : n;
			for (uint32_t i = 0; i < n; i++)
				block[i] = pattern(sent + i);
			say_data(scene.host, scene.id, block, n);
			sent += n;
			window -= n;
		}
		static struct frame frame;
		CHECK(next_frame(scene.host, &frame));
		CHECK_NUMBER(frame.stream, scene.id);
		if (frame.type == F_CREDIT) {
			window += get32(frame.payload);
			continue;
		}
		CHECK_NUMBER(frame.type, F_DATA);
		for (uint32_t i = 0; i < frame.length; i++)
			if (frame.payload[i] != pattern(got + i))
				FAIL("byte %llu is wrong", (unsigned long long)(got + i));
		got += frame.length;
		owed += frame.length;
		if (owed > 20000) {
			say_credit(scene.host, scene.id, owed);
			owed = 0;
		}
	}
	say_end(scene.host, scene.id);
	static struct frame frame;
	do
		CHECK(next_frame(scene.host, &frame));
	while (frame.type == F_CREDIT);
	CHECK_NUMBER(frame.flags, FLAG_END);
}

TEST("of too many clients the last are reset, and the host never hears of them")
{
	struct rlimit files = {4096, 4096};
	setrlimit(RLIMIT_NOFILE, &files);
	struct host *host = relay_start(0);
	uint16_t port = free_port();
	static int clients[MAX_GUEST_STREAMS];
	set_up_service(host, port);
	for (int i = 0; i < MAX_GUEST_STREAMS; i++) {
		clients[i] = client_of(HERE, port);
		CHECK_NUMBER(expect_open(host, OPEN_SERVICE, NULL, port), 2 * i + 1);
	}
	check_is_reset(client_of(HERE, port));
	put_text(clients[500], "all live");
	expect_data(host, 1001, "all live");
	reset_by_client(clients[7]);
	expect_reset(host, 15, ECONNRESET);
	client_of(HERE, port);
	CHECK_NUMBER(expect_open(host, OPEN_SERVICE, NULL, port), 2 * MAX_GUEST_STREAMS + 1);
}

TEST("frames for a stream that has ended are ignored; for one that never was, they are a fault")
{
	struct scene scene = scene_with_client();
	reset_by_client(scene.client);
	expect_reset(scene.host, scene.id, ECONNRESET);
	say_data(scene.host, scene.id, "late", 4);
	say_credit(scene.host, scene.id, 1);
	say_accepted(scene.host, scene.id);
	say_reset(scene.host, scene.id, EACCES);
	say_end(scene.host, scene.id);
	set_up_service(scene.host, scene.port); /* all is well */
	say_data(scene.host, scene.id + 2, "early", 5);
	expect_relay_fault(scene.host, "never opened");
	say_reset(scene.host, 2, EACCES);
	expect_relay_fault(scene.host, "never opened");
}

TEST("what the host may not say of a stream is a fault")
{
	static const uint8_t four[4] = {1}, zero[4] = {0}, large[4] = {0, 16}, three[4] = {3};
	static const struct {
		uint8_t type, flags, length;
		const uint8_t *payload;
		const char *words;
	} wrong[] = {
		{F_ACCEPTED, 0, 0, NULL, "ACCEPTED for what was not asked"},
		{F_ACCEPTED, 0, 4, four, "length does not fit"},
		{F_CREDIT, 0, 4, zero, "CREDIT of nothing"},
		{F_CREDIT, 0, 4, four, "beyond the window"},
		{F_CREDIT, 0, 3, four, "length does not fit"},
		{F_CREDIT, 1, 4, four, "with flags"},
		{F_RESET, 0, 4, zero, "no errno"},
		{F_RESET, 0, 4, large, "no errno"},
		{F_DATA, 0, 0, NULL, "without bytes"},
		{F_DATA, 1, 1, four, "with flags"},
		{F_SETUP, 0, 0, NULL, "a stream in a SETUP"},
		{F_SETUP_DONE, 0, 4, zero, "a type"},
		{F_OPEN, 0, 4, three, "number is not the host's"},
		{F_REQUEST, 0, 1, four, "a type"},
	};
	struct host *host = relay_start(0);
	uint16_t port = free_port();
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		set_up_service(host, port);
		client_of(HERE, port);
		uint32_t id = expect_open(host, OPEN_SERVICE, NULL, port);
		say_accepted(host, id);
		send_frame_of(host, wrong[i].type, wrong[i].flags, id, wrong[i].payload, wrong[i].length);
		expect_relay_fault(host, wrong[i].words);
	}
	send_frame_of(host, F_DATA, 0, 0, "x", 1);
	expect_relay_fault(host, "stream 0");
}

TEST("data before ACCEPTED, or after END, is a fault")
{
	struct scene scene = scene_with_client();
	say_end(scene.host, scene.id);
	say_data(scene.host, scene.id, "more", 4);
	expect_relay_fault(scene.host, "DATA after END");
	set_up_service(scene.host, scene.port);
	client_of(HERE, scene.port);
	uint32_t id = expect_open(scene.host, OPEN_SERVICE, NULL, scene.port);
	say_data(scene.host, id, "more", 4);
	expect_relay_fault(scene.host, "DATA before ACCEPTED");
}

/* ---- the host's streams ---- */

TEST("the host opens what listens on the guest's loopback")
{
	struct host *host = relay_start(0);
	uint16_t port = free_port();
	int server = server_at(HERE, port, SOCK_STREAM);
	say_open(host, 2, HERE, port);
	say_data(host, 2, "at once", 7);
	expect(host, F_ACCEPTED, 2);
	int program = accept(server, NULL, NULL);
	check_reads(program, "at once");
	put_text(program, "answer");
	expect_data(host, 2, "answer");
	say_end(host, 2);
	check_end_of_file(program);
	close(program);
	expect_end(host, 2);
}

TEST("the host opens IPv6 loopback too, and hears of what does not listen")
{
	struct host *host = relay_start(0);
	uint16_t port = free_port();
	say_open(host, 2, HERE, port);
	expect_reset(host, 2, ECONNREFUSED);
	say_open(host, 4, "::1", port);
	expect_reset(host, 4, ECONNREFUSED);
	int server = server_at("::1", port, SOCK_STREAM);
	say_open(host, 100, "::1", port);
	expect(host, F_ACCEPTED, 100);
	reset_by_client(accept(server, NULL, NULL));
	expect_reset(host, 100, ECONNRESET);
}

TEST("the host opens nothing but loopback, with a new even number")
{
	static const uint8_t service[4] = {0, 0, 80}, port_zero[8] = {4, 0, 0, 0, 127, 0, 0, 1};
	struct host *host = relay_start(0);
	static const char *const others[] = {"127.0.0.2", "192.0.2.1", "0.0.0.0", "::", "::2", "::ffff:127.0.0.1"};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		say_open(host, 2, others[i], 80);
		expect_relay_fault(host, "may not open");
	}
	send_frame_of(host, F_OPEN, 0, 2, service, sizeof service);
	expect_relay_fault(host, "may not open");
	send_frame_of(host, F_OPEN, 0, 2, port_zero, sizeof port_zero);
	expect_relay_fault(host, "may not open");
	send_frame_of(host, F_OPEN, 0, 2, port_zero, 3);
	expect_relay_fault(host, "may not open");
	say_open(host, 3, HERE, 80);
	expect_relay_fault(host, "number");
	int server = server_at(HERE, 0, SOCK_STREAM);
	struct sockaddr_in address;
	socklen_t length = sizeof address;
	getsockname(server, (struct sockaddr *)&address, &length);
	say_open(host, 4, HERE, ntohs(address.sin_port));
	expect(host, F_ACCEPTED, 4);
	say_open(host, 4, HERE, ntohs(address.sin_port));
	expect_relay_fault(host, "not new");
}

TEST("the host has at most 256 streams of its own")
{
	struct host *host = relay_start(0);
	uint16_t port = free_port();
	server_at(HERE, port, SOCK_STREAM);
	for (uint32_t id = 2; id <= 2 * MAX_HOST_STREAMS; id += 2) {
		say_open(host, id, HERE, port);
		expect(host, F_ACCEPTED, id);
	}
	say_reset(host, 20, EACCES);
	say_open(host, 2 * MAX_HOST_STREAMS + 2, HERE, port);
	expect(host, F_ACCEPTED, 2 * MAX_HOST_STREAMS + 2);
	say_open(host, 2 * MAX_HOST_STREAMS + 4, HERE, port);
	expect_relay_fault(host, "more than 256");
}

/* ---- DNS over UDP ---- */

struct dns_scene {
	struct host *host;
	int client;
};

static struct dns_scene dns_scene(void)
{
	uint16_t port = free_port();
	struct dns_scene scene = {.host = relay_start(port), .client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
	struct request setup = setup_with(0);
	add_dns(&setup);
	CHECK_NUMBER(set_up(scene.host, &setup), 0);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(connect(scene.client, (struct sockaddr *)&address, sizeof address) == 0);
	return scene;
}

/* The next query, which must be that. */
static uint32_t expect_query(struct host *host, const char *query)
{
	uint32_t id = expect_open(host, OPEN_DATAGRAM, NULL, 53);
	const struct frame *frame = expect(host, F_DATA, id);
	CHECK_NUMBER(frame->flags, FLAG_END);
	CHECK_NUMBER(frame->length, 2 + strlen(query));
	CHECK_NUMBER(frame->payload[0] << 8 | frame->payload[1], strlen(query));
	CHECK(memcmp(frame->payload + 2, query, strlen(query)) == 0);
	return id;
}

TEST("each datagram is a stream, and its answer one datagram for the one who asked")
{
	struct dns_scene scene = dns_scene();
	put_text(scene.client, "a?");
	uint32_t first = expect_query(scene.host, "a?");
	put_text(scene.client, "b?");
	uint32_t second = expect_query(scene.host, "b?");
	say_accepted(scene.host, second);
	say_data(scene.host, second, "\0\6it", 4);
	send_frame_of(scene.host, F_DATA, FLAG_END, second, " is b", 4);
	check_reads(scene.client, "it is ");
	say_accepted(scene.host, first);
	send_frame_of(scene.host, F_DATA, FLAG_END, first, "\0\7it is a", 9);
	check_reads(scene.client, "it is a");
}

TEST("an answer that is none, or a reset, leaves the one who asked alone")
{
	struct dns_scene scene = dns_scene();
	static const char *const bad[] = {"\0\11short", "\0\1long", "\0"};
	static const size_t lengths[] = {7, 6, 1};
	for (int i = 0; i < 3; i++) {
		put_text(scene.client, "?");
		uint32_t id = expect_query(scene.host, "?");
		say_accepted(scene.host, id);
		send_frame_of(scene.host, F_DATA, FLAG_END, id, bad[i], lengths[i]);
	}
	put_text(scene.client, "?");
	say_reset(scene.host, expect_query(scene.host, "?"), EACCES);
	put_text(scene.client, "?");
	uint32_t id = expect_query(scene.host, "?");
	say_accepted(scene.host, id);
	send_frame_of(scene.host, F_DATA, FLAG_END, id, "\0\4good", 6);
	check_reads(scene.client, "good");
}

TEST("a query that is too large is dropped, and so are more than 128 at once")
{
	struct dns_scene scene = dns_scene();
	CHECK_NUMBER(send(scene.client, block, MAX_QUERY + 1, 0), MAX_QUERY + 1);
	put_text(scene.client, "1");
	uint32_t first = expect_query(scene.host, "1");
	for (int i = 2; i <= MAX_DATAGRAMS; i++) {
		put_text(scene.client, text("%d", i));
		expect_query(scene.host, text("%d", i));
	}
	put_text(scene.client, "one too many");
	/* It is dropped before the reset makes room, because what came first is read first. */
	struct request setup = setup_with(0);
	add_dns(&setup);
	CHECK_NUMBER(set_up(scene.host, &setup), 0);
	say_reset(scene.host, first, EACCES);
	CHECK_NUMBER(set_up(scene.host, &setup), 0);
	put_text(scene.client, "again");
	expect_query(scene.host, "again");
}

TEST("a query without an answer is given up after ten seconds")
{
	struct dns_scene scene = dns_scene();
	put_text(scene.client, "?");
	uint32_t id = expect_query(scene.host, "?");
	expect_reset(scene.host, id, ETIMEDOUT);
}

TEST("without DNS in the setup nobody answers")
{
	struct dns_scene scene = dns_scene();
	char byte;
	put_text(scene.client, "?");
	expect_query(scene.host, "?");
	struct request setup = setup_with(0);
	CHECK_NUMBER(set_up(scene.host, &setup), 0);
	put_text(scene.client, "?");
	CHECK_NUMBER(recv(scene.client, &byte, 1, 0), -1);
	CHECK_NUMBER(errno, ECONNREFUSED);
}
