/*
 * Listeners, and who comes in.
 *
 * In a machine there is one for IPv4 and one for IPv6, on loopback ports that mean nothing: the program of steer.c brings
 * connections to them, and where each was meant to go is its socket's own address. Somebody who connects to the listener
 * directly is turned away. In tests each service has a listener of its own, on 127.0.0.1.
 *
 * Nobody is let in while the output buffer is full: every OPEN needs room there.
 */
#include "relay.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BACKLOG = 4096,
	AT_ONCE = 64,		/* clients let in before others get their turn */
	SOCKET_BYTES = 262144,	/* a client that stops costs the kernel no more than that each way */
	PAUSE_MS = 100,		/* when the kernel has no memory for another connection */
};

struct door {
	struct source source; /* first: see door_ready() */
	uint16_t port;	      /* of the service, in tests */
};

static struct door doors[MAX_SERVICES];
static size_t door_count;
static bool waiting; /* some do not listen for want of room */
static int64_t paused_until_ms;

union address {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

/* ---- opening and closing ---- */

static struct door *door_add(void)
{
	struct door *door = &doors[door_count++];
	memset(door, 0, sizeof *door);
	door->source = (struct source){.kind = S_DOOR, .fd = -1};
	return door;
}

static void door_remove(struct door *door)
{
	close_source(&door->source);
	struct door *last = &doors[--door_count];
	if (door == last)
		return;
	/* epoll knows the place of its source. */
	bool armed = last->source.armed;
	watch(&last->source, 0);
	*door = *last;
	watch(&door->source, armed ? EPOLLIN : 0);
	last->source.fd = -1;
}

static bool listen_at(struct door *door, const union address *address, socklen_t length)
{
	int yes = 1, bytes = SOCKET_BYTES;
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	/* Who is accepted inherits these. */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	if (address->any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
	if (bind(fd, &address->any, length) < 0 || listen(fd, BACKLOG) < 0) {
		int error = errno;
		close(fd);
		errno = error;
		return false;
	}
	door->source.fd = fd;
	watch(&door->source, EPOLLIN);
	return true;
}

static bool listen_ipv4(struct door *door, uint16_t port)
{
	union address address = {.ipv4 = {.sin_family = AF_INET, .sin_port = htons(port)}};
	address.ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return listen_at(door, &address, sizeof address.ipv4);
}

static bool listen_ipv6(struct door *door)
{
	union address address = {.ipv6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}};
	return listen_at(door, &address, sizeof address.ipv6);
}

static bool open_steered(struct trouble *trouble)
{
	struct door *ipv4 = door_add(), *ipv6 = door_add();
	if (!listen_ipv4(ipv4, 0) || (!listen_ipv6(ipv6) && errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL))
		return trouble_is(trouble, "listen for connections");
	return steer_open(ipv4->source.fd, ipv6->source.fd, trouble);
}

static bool service_opens(uint16_t port, struct trouble *trouble)
{
	if (relay.real)
		return steer_service(port, true, trouble);
	struct door *door = door_add();
	door->port = port;
	return listen_ipv4(door, port) || trouble_is(trouble, "listen at 127.0.0.1:%u", port);
}

static bool service_closes(uint16_t port, struct trouble *trouble)
{
	if (relay.real)
		return steer_service(port, false, trouble);
	for (size_t i = 0; i < door_count; i++)
		if (doors[i].port == port) {
			door_remove(&doors[i]);
			break;
		}
	return true;
}

bool doors_change(const struct plan *from, const struct plan *to, struct trouble *trouble)
{
	if (relay.real && !door_count && !plan_is_empty(to) && !open_steered(trouble))
		return false;
	for (size_t i = 0; i < from->service_count; i++)
		if (!plan_has_service(to, from->services[i]) && !service_closes(from->services[i], trouble))
			return false;
	for (size_t i = 0; i < to->service_count; i++)
		if (!plan_has_service(from, to->services[i]) && !service_opens(to->services[i], trouble))
			return false;
	return true;
}

void doors_close(void)
{
	steer_close();
	while (door_count)
		close_source(&doors[--door_count].source);
	waiting = false;
	paused_until_ms = 0;
}

/* ---- coming in ---- */

/* Where a client meant to go; false: nowhere that we serve. */
static bool find_target(const struct door *door, int fd, struct target *target)
{
	union address address;
	socklen_t length = sizeof address;
	memset(target, 0, sizeof *target);
	target->kind = OPEN_SERVICE;
	target->port = door->port;
	if (!relay.real)
		return true;
	if (getsockname(fd, &address.any, &length) < 0)
		return false;
	if (address.any.sa_family == AF_INET6) {
		target->kind = OPEN_IPV6;
		target->port = ntohs(address.ipv6.sin6_port);
		memcpy(target->address, &address.ipv6.sin6_addr, 16);
		return !IN6_IS_ADDR_LOOPBACK(&address.ipv6.sin6_addr);
	}
	uint32_t number = ntohl(address.ipv4.sin_addr.s_addr);
	target->port = ntohs(address.ipv4.sin_port);
	if (number != OWN_ADDRESS) {
		target->kind = OPEN_IPV4;
		memcpy(target->address, &address.ipv4.sin_addr, 4);
	}
	return number >> 24 != 127;
}

static void wait_for_room(struct door *door)
{
	watch(&door->source, 0);
	waiting = true;
}

static void let_in(const struct door *door, int fd)
{
	struct target target;
	/* The plan may have changed since the kernel took the connection. */
	if (!find_target(door, fd, &target) || !plan_covers(setup_current(), &target) || !connection_open(&target, fd))
		socket_abort(fd);
}

void door_ready(struct source *source)
{
	struct door *door = (struct door *)source;
	for (int i = 0; i < AT_ONCE; i++) {
		if (port_full(&relay.port))
			return wait_for_room(door);
		int fd = accept4(door->source.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			let_in(door, fd);
		} else if (errno == EAGAIN) {
			return;
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			paused_until_ms = now_ms() + PAUSE_MS;
			return wait_for_room(door);
		} /* else this one client is gone already */
	}
}

void doors_resume(int64_t now)
{
	if (!waiting || port_full(&relay.port) || paused_until_ms > now)
		return;
	waiting = false;
	paused_until_ms = 0;
	for (size_t i = 0; i < door_count; i++)
		watch(&doors[i].source, EPOLLIN);
}

int64_t doors_deadline(void)
{
	return port_full(&relay.port) ? 0 : paused_until_ms; /* with a full buffer, time changes nothing */
}
