/* The relay's port: sessions and frames. */
#include "relay.h"

#include <errno.h>
#include <string.h>

enum {
	/* OPEN or ACCEPTED, END, RESET, CREDIT for a whole window. */
	OUT_PER_STREAM = 8 * (FRAME_HEADER + 4),
	OUT_SIZE = OUT_HIGH + FRAME_HEADER + MAX_PAYLOAD + (MAX_GUEST_STREAMS + MAX_HOST_SOCKETS) * OUT_PER_STREAM +
		   2 * (FRAME_HEADER + 4 + MAX_MESSAGE), /* SETUP_DONE, FAULT */
};

struct relay relay;

static void fault(const char *what)
{
	port_fault(&relay.port, what);
}

static void drop(struct port *port)
{
	(void)port;
	setup_close();
	relay.last_mine = relay.last_hosts = 0;
}

static void on_setup(const uint8_t *payload, uint32_t length)
{
	struct fields fields = {payload, payload + length};
	struct trouble trouble = {0, ""};
	struct plan plan;
	if (!plan_read(&plan, fields))
		return fault("a SETUP with a field that is wrong, or there too often");
	if (!setup_apply(&plan, &trouble))
		say("setup: %s", trouble.what);
	uint8_t answer[4 + sizeof trouble.what];
	size_t text = strlen(trouble.what);
	put32(answer, (uint32_t)trouble.error);
	memcpy(answer + 4, trouble.what, text);
	port_send(&relay.port, F_SETUP_DONE, 0, 0, answer, (uint32_t)(4 + text));
}

/* The agent dials loopback, and nothing else. */
static bool read_target(struct target *target, const uint8_t *payload, uint32_t length)
{
	static const uint8_t LOOPBACK_4[] = {127, 0, 0, 1}, LOOPBACK_6[16] = {[15] = 1};
	memset(target, 0, sizeof *target);
	if (length < 4 || payload[1] || !get16(payload + 2))
		return false;
	target->kind = payload[0];
	target->port = get16(payload + 2);
	memcpy(target->address, payload + 4, length - 4 < 16 ? length - 4 : 16);
	return (target->kind == OPEN_IPV4 && length == 8 && memcmp(payload + 4, LOOPBACK_4, 4) == 0) ||
	       (target->kind == OPEN_IPV6 && length == 20 && memcmp(payload + 4, LOOPBACK_6, 16) == 0);
}

static void on_open(uint32_t id, const uint8_t *payload, uint32_t length)
{
	struct target target;
	if (id % 2 || id <= relay.last_hosts)
		return fault("an OPEN whose number is not the host's, or not new");
	if (!read_target(&target, payload, length))
		return fault("an OPEN of something that the host may not open");
	if (relay.hosts_open == MAX_HOST_STREAMS)
		return fault("more than 256 streams of the host at once");
	relay.last_hosts = id;
	connection_dial(id, &target);
}

static void on_data(struct connection *connection, uint8_t flags, const uint8_t *payload, uint32_t length)
{
	if (connection->mine && !connection->accepted)
		return fault("DATA before ACCEPTED");
	if (connection->ended_in)
		return fault("DATA after END");
	if (!length && !flags)
		return fault("DATA without bytes and without END");
	if (length > connection->credit_in)
		return fault("DATA beyond the window");
	connection_input(connection, payload, length, flags & FLAG_END);
}

static void on_frame(struct port *port, const uint8_t *frame, uint32_t length)
{
	(void)port; /* there is only one relay */
	uint8_t type = frame[0], flags = frame[1];
	uint32_t id = get32(frame + 4);
	const uint8_t *payload = frame + FRAME_HEADER;

	bool known = type == F_DATA || type == F_CREDIT || type == F_SETUP || type == F_OPEN || type == F_ACCEPTED ||
		     type == F_RESET;
	if (!known || (flags & ~(type == F_DATA ? FLAG_END : 0)))
		return fault("a frame of a type or with flags the host does not send");
	if ((type == F_SETUP) != !id)
		return fault("stream 0 in a frame that needs a stream, or a stream in a SETUP");
	if (type == F_SETUP)
		return on_setup(payload, length);
	if (type == F_OPEN)
		return on_open(id, payload, length);
	if (type != F_DATA && length != (type == F_ACCEPTED ? 0 : 4))
		return fault("a frame whose length does not fit its type");
	if (id > (id % 2 ? relay.last_mine : relay.last_hosts))
		return fault("a frame for a stream that was never opened");
	struct connection *connection = connection_find(id);
	if (!connection || connection_is_over(connection))
		return; /* its end crossed this frame */

	switch (type) {
	case F_DATA:
		return on_data(connection, flags, payload, length);
	case F_CREDIT:
		return connection_credit(connection, get32(payload));
	case F_ACCEPTED:
		if (!connection->mine || connection->accepted)
			return fault("ACCEPTED for what was not asked");
		return connection_accept(connection);
	case F_RESET:
		if (!get32(payload) || get32(payload) > 4095)
			return fault("a RESET whose reason is no errno");
		return connection_abort(connection);
	}
}

static uint16_t flags_of_welcome(void)
{
	return 0;
}

static const struct port_kind KIND = {
	.magic = "CARAFENT", .streams = MAX_GUEST_STREAMS, .window = RELAY_WINDOW, .out_size = OUT_SIZE,
	.flags = flags_of_welcome, .frame = on_frame, .drop = drop,
};

void relay_init(int fd, bool real, uint16_t dns_port)
{
	struct trouble trouble;
	memset(&relay, 0, sizeof relay);
	relay.there = true;
	relay.real = real;
	relay.dns_port = dns_port;
	port_init(&relay.port, &KIND, fd);
	if (real && !net_start(&trouble))
		say("%s", trouble.what); /* a SETUP will fail */
}

void relay_event(struct source *source, uint32_t events)
{
	if (source->kind == S_DOOR)
		door_ready(source);
	else if (source->kind == S_DATAGRAM)
		datagrams_ready();
	else
		connection_ready((struct connection *)source, events);
}

bool relay_pump(void)
{
	bool more = port_pump(&relay.port);
	more |= connections_pump();
	port_flush(&relay.port);
	doors_resume(now_ms());
	datagrams_resume();
	return more;
}

static int64_t sooner(int64_t one, int64_t other)
{
	return !one || (other && other < one) ? other : one;
}

int64_t relay_deadline(int64_t now)
{
	int64_t next = sooner(datagrams_due(now), doors_deadline());
	port_flush(&relay.port); /* or what has just ended would wait for the next event */
	return next;
}
