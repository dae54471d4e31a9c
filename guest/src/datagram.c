/* DNS over UDP: each query is a stream of its own, and so is a connection without a socket. */
#include "relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { AT_ONCE = 32 };

static struct source socket_source = {.kind = S_DATAGRAM, .fd = -1};
static struct connection *waiting[MAX_DATAGRAMS];

bool datagrams_open(struct trouble *trouble)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(relay.dns_port)};
	address.sin_addr.s_addr = htonl(relay.real ? OWN_ADDRESS : INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
		trouble_is(trouble, "listen for DNS queries at UDP port %u", relay.dns_port);
		if (fd >= 0)
			close(fd);
		return false;
	}
	socket_source.fd = fd;
	watch(&socket_source, EPOLLIN);
	return true;
}

/* The queries that wait are connections, and end as such. */
void datagrams_close(void)
{
	close_source(&socket_source);
}

static struct connection **free_place(void)
{
	for (size_t i = 0; i < MAX_DATAGRAMS; i++)
		if (!waiting[i])
			return &waiting[i];
	return NULL;
}

/* DATA is u16 length, big-endian, and the datagram: `query` has room for the length before it. */
static void ask_host(uint8_t *query, size_t length, const struct sockaddr_in *client)
{
	static const struct target target = {.kind = OPEN_DATAGRAM, .port = 53};
	struct connection **place = free_place();
	struct connection *connection = place ? connection_open(&target, -1) : NULL;
	if (!connection)
		return;
	*place = connection;
	connection->client = *client;
	connection->deadline_ms = now_ms() + DATAGRAM_MS;
	query[0] = (uint8_t)(length >> 8);
	query[1] = (uint8_t)length;
	connection->ended_out = true;
	connection->credit_out -= (uint32_t)(2 + length);
	port_send(&relay.port, F_DATA, FLAG_END, connection->id, query, (uint32_t)(2 + length));
}

void datagrams_ready(void)
{
	for (int i = 0; i < AT_ONCE; i++) {
		uint8_t query[2 + MAX_QUERY + 1];
		struct sockaddr_in client;
		socklen_t size = sizeof client;
		if (port_full(&relay.port))
			return watch(&socket_source, 0);
		ssize_t n = recvfrom(socket_source.fd, query + 2, sizeof query - 2, 0, (struct sockaddr *)&client, &size);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n > 0 && n <= MAX_QUERY)
			ask_host(query, (size_t)n, &client);
	}
}

void datagrams_resume(void)
{
	if (socket_source.fd >= 0 && !port_full(&relay.port))
		watch(&socket_source, EPOLLIN);
}

/* Its stream has ended, and so all of the answer is there. An answer that is none is not sent. */
void datagram_answer(struct connection *connection)
{
	const uint8_t *answer = connection->pending;
	size_t length = connection->pending_length;
	if (length > 2 && length <= 2 + MAX_ANSWER && (size_t)(answer[0] << 8 | answer[1]) == length - 2)
		sendto(socket_source.fd, answer + 2, length - 2, MSG_DONTWAIT, (struct sockaddr *)&connection->client,
		       sizeof connection->client);
	connection_end(connection);
}

void datagram_forget(struct connection *connection)
{
	for (size_t i = 0; i < MAX_DATAGRAMS; i++)
		if (waiting[i] == connection)
			waiting[i] = NULL;
}

int64_t datagrams_due(int64_t now)
{
	int64_t next = 0;
	for (size_t i = 0; i < MAX_DATAGRAMS; i++) {
		if (waiting[i] && waiting[i]->deadline_ms <= now)
			connection_fail(waiting[i], ETIMEDOUT);
		if (waiting[i] && (!next || waiting[i]->deadline_ms < next))
			next = waiting[i]->deadline_ms;
	}
	return next;
}
