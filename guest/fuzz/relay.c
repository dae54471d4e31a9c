/*
 * Fuzzes what the relay does with bytes from the host: frames, SETUPs, streams.
 *
 * Sockets are one end of a pair whose other end the fuzzer plays; nothing is connected or bound, and no route is changed. An
 * input is a row of steps, see step().
 */
#include "../src/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- main.c, net.c and steer.c, as far as they are needed ---- */

int epoll_fd = -1;
bool is_init;
static int64_t now = 1000;

int64_t now_ms(void)
{
	return now;
}

void say(const char *format, ...)
{
	(void)format;
}

void watch(struct source *source, uint32_t events)
{
	if (source->fd >= 0)
		source->armed = events;
}

void close_source(struct source *source)
{
	if (source->fd >= 0)
		close(source->fd);
	source->fd = -1;
	source->armed = 0;
}

bool net_start(struct trouble *trouble)
{
	(void)trouble;
	return true;
}

static bool fails; /* what the kernel is asked for */

bool net_change(const struct plan *from, const struct plan *to, struct trouble *trouble)
{
	(void)from;
	errno = EPERM;
	return !(fails && to->network_count) || trouble_is(trouble, "add a route");
}

bool steer_open(int ipv4, int ipv6, struct trouble *trouble)
{
	(void)ipv4;
	(void)ipv6;
	(void)trouble;
	return true;
}

bool steer_service(uint16_t port, bool on, struct trouble *trouble)
{
	(void)port;
	(void)on;
	(void)trouble;
	return true;
}

void steer_close(void)
{
}

/* ---- sockets that are pairs ---- */

static void require(bool condition)
{
	if (!condition)
		abort();
}

static int far_ends[64];
static size_t far_count;

int __wrap_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol)
{
	(void)domain;
	(void)protocol;
	int ends[2];
	if (far_count == sizeof far_ends / sizeof *far_ends) {
		errno = EMFILE;
		return -1;
	}
	if (socketpair(AF_UNIX, (type & 15) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
		abort();
	far_ends[far_count++] = ends[1];
	return ends[0];
}

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length)
{
	(void)fd;
	(void)address;
	(void)length;
	return 0;
}

int __wrap_listen(int fd, int backlog);
int __wrap_listen(int fd, int backlog)
{
	(void)fd;
	(void)backlog;
	return 0;
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	(void)fd;
	(void)address;
	(void)length;
	errno = EINPROGRESS;
	return -1;
}

ssize_t __wrap_sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t size);
ssize_t __wrap_sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t size)
{
	(void)fd;
	(void)flags;
	(void)to;
	(void)size;
	static uint8_t sent[MAX_ANSWER];
	require(length <= sizeof sent);
	memcpy(sent, bytes, length); /* all of it must be there to be read */
	return (ssize_t)length;
}

/* ---- the steps ---- */

static struct port *const port = &relay.port;

/* What the agent would have sent: whole frames, of its own types, within the limits. Then it is gone. */
static void check_output(void)
{
	const uint8_t *at = port->out + port->out_start, *end = at + port->out_length;
	while (at < end) {
		require(end - at >= FRAME_HEADER);
		uint8_t type = at[0], flags = at[1];
		uint32_t id = get32(at + 4), length = get32(at + 8);
		require(!at[2] && !at[3] && length <= MAX_PAYLOAD && (size_t)(end - at) >= FRAME_HEADER + length);
		require(!(flags & ~(type == F_DATA ? FLAG_END : 0)));
		require((type == F_WELCOME || type == F_FAULT || type == F_SETUP_DONE) == !id);
		switch (type) {
		case F_WELCOME:
			require(length == 44);
			break;
		case F_FAULT:
			require(length && length <= MAX_MESSAGE);
			break;
		case F_SETUP_DONE:
			require(length >= 4 && length <= 4 + MAX_MESSAGE);
			break;
		case F_OPEN:
			require(id % 2 && (length == 4 || length == 8 || length == 20));
			break;
		case F_ACCEPTED:
			require(id % 2 == 0 && !length);
			break;
		case F_RESET:
			require(length == 4 && get32(at + 12) && get32(at + 12) < 4096);
			break;
		case F_CREDIT:
			require(length == 4 && get32(at + 12) && get32(at + 12) <= RELAY_WINDOW);
			break;
		case F_DATA:
			require(length || flags & FLAG_END);
			break;
		default:
			abort();
		}
		at += FRAME_HEADER + length;
	}
	port->out_start = port->out_length = 0;
}

static void check(void)
{
	size_t mine = 0, hosts_open = 0, hosts = 0;
	for (uint32_t id = 1; id <= 300; id++) {
		struct connection *connection = connection_find(id);
		if (!connection)
			continue;
		require(connection->id == id && connection->mine == (id % 2));
		require(connection->credit_in <= RELAY_WINDOW && connection->credit_out <= RELAY_WINDOW);
		require(connection->pending_length <= RELAY_WINDOW);
		if (!connection->ended_in)
			require(connection->credit_in + connection->unacked + connection->pending_length == RELAY_WINDOW);
		*(connection->mine ? &mine : &hosts) += 1;
		hosts_open += !connection->mine && !connection_is_over(connection);
	}
	require(mine == relay.mine);
	require(relay.hosts_open <= MAX_HOST_STREAMS && relay.hosts_sockets <= MAX_HOST_SOCKETS);
	if (relay.last_hosts <= 300)
		require(hosts == relay.hosts_sockets && hosts_open == relay.hosts_open);
	check_output();
	connections_bury();
}

static void feed(const uint8_t *bytes, size_t length)
{
	while (length) {
		size_t room = 2 * (FRAME_HEADER + MAX_PAYLOAD) - port->in_length;
		size_t n = length < room ? length : room;
		require(n); /* or it would stall */
		memcpy(port->in + port->in_length, bytes, n);
		port->in_length += n;
		bytes += n;
		length -= n;
		size_t before;
		do {
			before = port->in_length;
			port_feed(port);
			check();
		} while (port->in_length != before);
	}
}

static void hello(void)
{
	static const uint8_t frame[] = "\1\0\0\0\0\0\0\0\34\0\0\0CARAFENT\1\0\1\0noncenoncenonce!";
	feed(frame, FRAME_HEADER + 28);
}

/* A client of the guest. */
static void come(uint8_t kind)
{
	static const uint8_t kinds[] = {OPEN_SERVICE, OPEN_IPV4, OPEN_IPV6};
	struct target target = {.kind = kinds[kind % 3], .port = 80, .address = {10, 1, 2, 3}};
	/* As door.c does it, and few enough to be looked at. */
	if (!port->open || !plan_covers(setup_current(), &target) || relay.last_mine > 250)
		return;
	int fd = __wrap_socket(AF_INET, SOCK_STREAM, 0);
	if (fd >= 0 && !connection_open(&target, fd))
		socket_abort(fd);
}

/* One step: a byte that says what, a byte that says of which stream, two bytes that say how much. */
static void step(const uint8_t *what, const uint8_t *bytes, size_t length)
{
	static uint8_t block[65536];
	struct connection *connection = connection_find(what[1]);
	size_t far = far_count ? what[1] % far_count : 0;
	switch (what[0] % 10) {
	case 0:
	case 1:
		feed(bytes, length);
		break;
	case 2:
		come(what[1]);
		break;
	case 3:
		if (connection && connection->source.fd >= 0)
			connection_ready(connection, (what[2] & (EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP)) |
							     (what[3] & 1 ? EPOLLRDHUP : 0));
		break;
	case 4:
		connections_pump();
		break;
	case 5:
		if (far_count && send(far_ends[far], block, get16(what + 2), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			errno = 0;
		break;
	case 6:
		while (far_count && recv(far_ends[far], block, sizeof block, MSG_DONTWAIT) > 0)
			;
		break;
	case 7: {
		/* Much input, in a short step. */
		uint8_t header[FRAME_HEADER] = {F_DATA};
		put32(header + 4, what[1]);
		put32(header + 8, get16(what + 2));
		feed(header, sizeof header);
		feed(block, get16(what + 2));
		break;
	}
	case 8:
		now += get16(what + 2);
		relay_deadline(now);
		datagrams_ready();
		break;
	case 9:
		fails = what[2] & 1;
		if (what[1] & 1)
			port_event(port, EPOLLHUP);
		if (far_count && what[1] & 2)
			shutdown(far_ends[far], what[3] % 3);
		else
			hello();
		break;
	}
	check();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static uint8_t *in, *out; /* kept: to make them costs more than all the rest */
	if (!in) {
		in = malloc(2 * (FRAME_HEADER + MAX_PAYLOAD));
		out = malloc(1 << 20);
	}
	fails = false;
	relay_init(-1, true, 53);
	port->writable = false; /* the output stays for check_output() */
	port->in = in;
	port->out = out;
	hello();
	while (length >= 4) {
		const uint8_t *what = bytes;
		bytes += 4;
		length -= 4;
		size_t n = what[0] % 10 < 2 ? get16(what + 2) : 0;
		n = n < length ? n : length;
		step(what, bytes, n);
		bytes += n;
		length -= n;
	}
	port->kind->drop(port);
	check();
	require(!relay.mine && !relay.hosts_sockets);
	while (far_count)
		close(far_ends[--far_count]);
	return 0;
}
