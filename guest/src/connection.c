/*
 * The relay's streams: a client's socket, or one to a program of the guest, and what goes through it.
 *
 * Sockets are edge-triggered and asked for everything once, so a connection that stands still costs no event, and a RST
 * is noticed even when nothing can be read for want of credit. Bytes for the host are taken in turn, a piece from each
 * connection that has some; bytes from the host go to the socket at once, or wait in the connection's own buffer. So none
 * waits for another.
 *
 * A connection can end in any call that reads, writes or fails it. Its memory stays until the end of the loop's turn, because
 * events of this turn may still point at it.
 */
#include "relay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BUCKETS = 1024, /* a power of two */
	CREDIT_BATCH = RELAY_WINDOW / 4,
	PIECES = 16, /* taken for the host before the channels get their turn */
};

static struct connection *buckets[BUCKETS];
static struct connection *dead;
static struct connection *first, *last; /* those that have bytes for the host */

/* ---- which there are ---- */

static struct connection **bucket_of(uint32_t id)
{
	return &buckets[id / 2 % (BUCKETS / 2) * 2 + id % 2];
}

struct connection *connection_find(uint32_t id)
{
	struct connection *connection = *bucket_of(id);
	while (connection && connection->id != id)
		connection = connection->next;
	return connection;
}

bool connection_is_over(const struct connection *connection)
{
	return connection->ended_in && connection->ended_out;
}

struct connection *connection_new(uint32_t id, const struct target *target, bool mine, int fd)
{
	struct connection *connection = calloc(1, sizeof *connection);
	if (!connection)
		die("out of memory");
	connection->source = (struct source){.kind = S_CONNECTION, .fd = fd};
	connection->id = id;
	connection->target = *target;
	connection->mine = mine;
	connection->writable = true;
	connection->credit_in = connection->credit_out = RELAY_WINDOW;
	connection->next = *bucket_of(id);
	*bucket_of(id) = connection;
	if (mine) {
		relay.mine++;
	} else {
		relay.hosts_open++;
		relay.hosts_sockets++;
	}
	return connection;
}

/* ---- turns ---- */

static void turn_leave(struct connection *connection)
{
	if (!connection->in_turn)
		return;
	*(connection->turn_prev ? &connection->turn_prev->turn_next : &first) = connection->turn_next;
	*(connection->turn_next ? &connection->turn_next->turn_prev : &last) = connection->turn_prev;
	connection->in_turn = false;
}

/* Puts it at the end of those that wait for their turn, if it has anything to do there. */
static void turn_join(struct connection *connection)
{
	if (connection->in_turn || !connection->readable || !connection->credit_out || connection->ended_out ||
	    connection->connecting)
		return;
	connection->in_turn = true;
	connection->turn_next = NULL;
	connection->turn_prev = last;
	*(last ? &last->turn_next : &first) = connection;
	last = connection;
}

/* ---- the end ---- */

/* It does not count any more among those that the host knows of. */
static void host_lets_go(struct connection *connection)
{
	if (!connection->mine)
		relay.hosts_open--;
}

void connection_end(struct connection *connection)
{
	struct connection **at = bucket_of(connection->id);
	while (*at != connection)
		at = &(*at)->next;
	*at = connection->next;
	turn_leave(connection);
	close_source(&connection->source);
	if (connection->target.kind == OPEN_DATAGRAM)
		datagram_forget(connection);
	if (!connection_is_over(connection))
		host_lets_go(connection);
	if (connection->mine)
		relay.mine--;
	else
		relay.hosts_sockets--;
	free(connection->pending);
	connection->pending = NULL;
	connection->next = dead;
	dead = connection;
}

void connections_bury(void)
{
	while (dead) {
		struct connection *connection = dead;
		dead = connection->next;
		free(connection);
	}
}

/* So that close() sends a RST. */
static void make_abrupt(int fd)
{
	struct linger abruptly = {.l_onoff = 1, .l_linger = 0};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &abruptly, sizeof abruptly);
}

void socket_abort(int fd)
{
	make_abrupt(fd);
	close(fd);
}

void connection_abort(struct connection *connection)
{
	if (connection->source.fd >= 0)
		make_abrupt(connection->source.fd);
	connection_end(connection);
}

void connection_fail(struct connection *connection, int reason)
{
	if (!connection_is_over(connection)) {
		uint8_t bytes[4];
		put32(bytes, (uint32_t)reason);
		port_send(&relay.port, F_RESET, 0, connection->id, bytes, sizeof bytes);
	}
	connection_abort(connection);
}

void connections_keep(const struct plan *plan)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct connection *connection = buckets[i], *next; connection; connection = next) {
			next = connection->next;
			if (connection->mine && !plan_covers(plan, &connection->target))
				connection_fail(connection, ENETUNREACH);
		}
}

void connections_abort(void)
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (buckets[i])
			connection_abort(buckets[i]);
}

/* What is to be done when something has ended. May end the connection. */
static void settle(struct connection *connection)
{
	if (!connection->ended_in || connection->pending_length || connection->connecting)
		return;
	if (!connection->shut) {
		connection->shut = true;
		shutdown(connection->source.fd, SHUT_WR);
	}
	if (connection->ended_out)
		connection_end(connection);
}

/* What a socket's failure is to the host. */
static int reason_of(int error)
{
	return !error || error == EPIPE ? ECONNRESET : error;
}

static int socket_error(const struct connection *connection)
{
	int error = 0;
	socklen_t length = sizeof error;
	getsockopt(connection->source.fd, SOL_SOCKET, SO_ERROR, &error, &length);
	return error;
}

/* ---- to the host ---- */

/* Takes one piece from the client. */
static void pump_out(struct connection *connection)
{
	struct port *port = &relay.port;
	uint32_t want = connection->credit_out < MAX_PAYLOAD ? connection->credit_out : MAX_PAYLOAD;
	uint8_t *at = port_reserve(port, FRAME_HEADER + want);
	ssize_t n = read(connection->source.fd, at + FRAME_HEADER, want);
	if (n < 0 && errno == EINTR)
		return;
	if (n < 0 && errno != EAGAIN)
		return connection_fail(connection, reason_of(errno));
	if (n < 0 || ((size_t)n < want && !connection->client_ended))
		connection->readable = false; /* there will be an event */
	if (n > 0) {
		connection->credit_out -= (uint32_t)n;
		port_commit(port, at, F_DATA, 0, connection->id, (uint32_t)n);
	} else if (n == 0) {
		port_send(port, F_DATA, FLAG_END, connection->id, NULL, 0);
		connection->ended_out = true;
		if (connection->ended_in)
			host_lets_go(connection);
		settle(connection);
	}
}

bool connections_pump(void)
{
	for (int i = 0; i < PIECES && first && !port_full(&relay.port); i++) {
		struct connection *connection = first;
		turn_leave(connection);
		pump_out(connection);
		if (connection->source.fd >= 0)
			turn_join(connection);
		port_flush(&relay.port);
	}
	return first && !port_full(&relay.port);
}

void connection_credit(struct connection *connection, uint32_t bytes)
{
	if (!bytes || bytes > RELAY_WINDOW - connection->credit_out)
		return port_fault(&relay.port, "CREDIT of nothing, or beyond the window");
	connection->credit_out += bytes;
	turn_join(connection);
}

/* ---- from the host ---- */

/* Writes as much as the socket takes; returns how much that is, -1 when that was the connection's end. */
static ssize_t write_some(struct connection *connection, const uint8_t *bytes, size_t length)
{
	size_t written = 0;
	while (written < length && connection->writable) {
		ssize_t n = write(connection->source.fd, bytes + written, length - written);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			connection_fail(connection, reason_of(errno));
			return -1;
		}
		connection->writable = n >= 0;
		written += n > 0 ? (size_t)n : 0;
	}
	connection->unacked += (uint32_t)written;
	if (connection->unacked >= CREDIT_BATCH && !connection->ended_in) {
		uint8_t credit[4];
		put32(credit, connection->unacked);
		port_send(&relay.port, F_CREDIT, 0, connection->id, credit, sizeof credit);
		connection->credit_in += connection->unacked;
		connection->unacked = 0;
	}
	return (ssize_t)written;
}

/* What waits. May end the connection. */
static void pump_in(struct connection *connection)
{
	if (connection->pending_length) {
		ssize_t written = write_some(connection, connection->pending + connection->pending_start,
					     connection->pending_length);
		if (written < 0)
			return;
		connection->pending_start += (size_t)written;
		connection->pending_length -= (size_t)written;
	}
	if (!connection->pending_length) {
		free(connection->pending);
		connection->pending = NULL;
		connection->pending_start = 0;
	}
	settle(connection);
}

/* Never more than fits: the host may send no more than the window before it gets CREDIT. */
static void keep(struct connection *connection, const uint8_t *bytes, size_t length)
{
	if (!connection->pending && !(connection->pending = malloc(RELAY_WINDOW)))
		die("out of memory");
	if (connection->pending_start + connection->pending_length + length > RELAY_WINDOW) {
		memmove(connection->pending, connection->pending + connection->pending_start,
			connection->pending_length);
		connection->pending_start = 0;
	}
	memcpy(connection->pending + connection->pending_start + connection->pending_length, bytes, length);
	connection->pending_length += length;
}

void connection_input(struct connection *connection, const uint8_t *bytes, uint32_t length, bool end)
{
	connection->credit_in -= length;
	connection->ended_in = end;
	bool over = connection_is_over(connection);
	if (over)
		host_lets_go(connection);
	if (connection->target.kind == OPEN_DATAGRAM) {
		keep(connection, bytes, length);
		if (over)
			datagram_answer(connection);
		return;
	}
	ssize_t written = 0;
	if (!connection->pending_length && !connection->connecting)
		written = write_some(connection, bytes, length);
	if (written < 0)
		return;
	if ((size_t)written < length)
		keep(connection, bytes + written, length - (size_t)written);
	settle(connection);
}

/* ---- events ---- */

/* The answer to connect(). */
static void connected(struct connection *connection)
{
	connection->connecting = false;
	connection->accepted = true;
	port_send(&relay.port, F_ACCEPTED, 0, connection->id, NULL, 0);
}

void connection_ready(struct connection *connection, uint32_t events)
{
	if (events & EPOLLERR)
		return connection_fail(connection, reason_of(socket_error(connection)));
	if (connection->connecting) {
		if (!(events & EPOLLOUT))
			return;
		connected(connection);
	}
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP))
		connection->readable = true;
	if (events & (EPOLLRDHUP | EPOLLHUP))
		connection->client_ended = true;
	turn_join(connection);
	if (events & EPOLLOUT) {
		connection->writable = true;
		pump_in(connection);
	}
}
