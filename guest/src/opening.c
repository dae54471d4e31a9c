/* How a stream of the relay begins: a client of the guest's came, or the host wants to reach a program of the guest. */
#include "relay.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static void watch_all(struct connection *connection)
{
	watch(&connection->source, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

/* NULL, and nothing done, when there are too many. */
struct connection *connection_open(const struct target *target, int fd)
{
	enum { LAST_NUMBER = 0xfffffffd };
	if (relay.mine >= MAX_GUEST_STREAMS || relay.last_mine >= (uint32_t)LAST_NUMBER)
		return NULL;
	relay.last_mine += relay.last_mine ? 2 : 1;
	struct connection *connection = connection_new(relay.last_mine, target, true, fd);
	uint8_t payload[4 + 16] = {(uint8_t)target->kind};
	put16(payload + 2, target->port);
	uint32_t length = 4;
	if (target->kind == OPEN_IPV4 || target->kind == OPEN_IPV6) {
		uint32_t size = (uint32_t)address_length((uint8_t)target->kind);
		memcpy(payload + 4, target->address, size);
		length += size;
	}
	port_send(&relay.port, F_OPEN, 0, connection->id, payload, length);
	watch_all(connection);
	return connection;
}

void connection_accept(struct connection *connection)
{
	connection->accepted = true;
}

/* To a program of the guest. */
void connection_dial(uint32_t id, const struct target *target)
{
	union {
		struct sockaddr any;
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
	} address;
	memset(&address, 0, sizeof address);
	socklen_t length;
	if (target->kind == OPEN_IPV4) {
		address.ipv4.sin_family = AF_INET;
		address.ipv4.sin_port = htons(target->port);
		memcpy(&address.ipv4.sin_addr, target->address, 4);
		length = sizeof address.ipv4;
	} else {
		address.ipv6.sin6_family = AF_INET6;
		address.ipv6.sin6_port = htons(target->port);
		memcpy(&address.ipv6.sin6_addr, target->address, 16);
		length = sizeof address.ipv6;
	}
	int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct connection *connection = connection_new(id, target, false, fd);
	if (fd < 0)
		return connection_fail(connection, errno);
	if (relay.hosts_sockets > MAX_HOST_SOCKETS)
		return connection_fail(connection, EAGAIN);
	int yes = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	connection->connecting = true;
	if (connect(fd, &address.any, length) < 0 && errno != EINPROGRESS)
		return connection_fail(connection, errno);
	watch_all(connection);
}
