/*
 * One port: bytes and frames, in and out, and the opening of sessions. What the frames mean is its owner's: a channel's, or
 * the relay's.
 *
 * Memory is bounded by construction. Output: DATA is only read from a command or a client when there is credit and the output
 * buffer is below OUT_HIGH; input is only parsed below OUT_HIGH too, and one input frame causes at most one short frame
 * of output, so the size that the kind of port has for its output leaves room for what all its streams may say at once.
 * Input: what nobody takes waits in its stream, at most a window, because the host may send no more.
 *
 * The port is edge-triggered: after the host closed its side, a level-triggered one would report that for ever. So
 * `readable` and `writable` remember what was reported, until a read or a write finds otherwise.
 */
#include "agent.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum sizes {
	IN_SIZE = 2 * (FRAME_HEADER + MAX_PAYLOAD),
	ROUNDS = 8, /* reads of one port before the others get their turn */
	HANG_UP_GRACE_MS = 250,
	HELLO_GRACE_MS = 10000,
};

/* PID 1 that dies takes the machine down: better than one that goes on with wrong memory. */
_Noreturn void die(const char *what)
{
	say("%s", what);
	_exit(70);
}

void port_init(struct port *port, const struct port_kind *kind, int fd)
{
	memset(port, 0, sizeof *port);
	port->source = (struct source){.kind = S_PORT, .fd = fd, .port = port};
	port->kind = kind;
	port->writable = true;
	port->readable = true;
	watch(&port->source, EPOLLIN | EPOLLOUT | EPOLLET);
}

static void buffers(struct port *port)
{
	if (port->in)
		return;
	port->in = malloc(IN_SIZE);
	port->out = malloc(port->kind->out_size);
	if (!port->in || !port->out)
		die("out of memory");
}

/* ---- output ---- */

bool port_full(const struct port *port)
{
	return port->out_length >= OUT_HIGH;
}

uint8_t *port_reserve(struct port *port, size_t size)
{
	if (port->out_start + port->out_length + size > port->kind->out_size) {
		memmove(port->out, port->out + port->out_start, port->out_length);
		port->out_start = 0;
	}
	if (port->out_length + size > port->kind->out_size)
		die("output buffer overrun"); /* cannot happen: see the top of this file */
	return port->out + port->out_start + port->out_length;
}

/* Makes what was written behind the header, at `at`, a frame. */
void port_commit(struct port *port, uint8_t *at, uint8_t type, uint8_t flags, uint32_t id, uint32_t length)
{
	at[0] = type;
	at[1] = flags;
	at[2] = at[3] = 0;
	put32(at + 4, id);
	put32(at + 8, length);
	port->out_length += FRAME_HEADER + length;
}

void port_send(struct port *port, uint8_t type, uint8_t flags, uint32_t id, const void *payload, uint32_t length)
{
	if (!port->open && type != F_FAULT && type != F_WELCOME)
		return;
	uint8_t *at = port_reserve(port, FRAME_HEADER + length);
	if (length)
		memcpy(at + FRAME_HEADER, payload, length);
	port_commit(port, at, type, flags, id, length);
}

void port_flush(struct port *port)
{
	while (port->writable && port->out_length) {
		ssize_t n = write(port->source.fd, port->out + port->out_start, port->out_length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			port->writable = false;
			return;
		}
		port->answered = true;
		port->out_start += (size_t)n;
		port->out_length -= (size_t)n;
	}
	if (!port->out_length)
		port->out_start = 0;
}

/* ---- sessions ---- */

static void drop(struct port *port)
{
	port->open = false;
	port->kind->drop(port);
}

/* The host that this port had is gone, and nobody reads what we had still to say to it. */
static void forget(struct port *port)
{
	drop(port);
	port->out_start = port->out_length = 0;
	port->hang_up_at_ms = 0;
}

/*
 * Nobody is at the other end. Of a socket that is the truth; of a port it is what the kernel knows. That news and the
 * host's bytes come by different ways, and a new host's HELLO may overtake it: so a port is dropped only if it is still
 * without a host a little later.
 */
static void nobody_there(struct port *port)
{
	if (!is_init)
		forget(port);
	else if (port->open && !port->hang_up_at_ms)
		port->hang_up_at_ms = now_ms() + (port->answered ? HANG_UP_GRACE_MS : HELLO_GRACE_MS);
}

/* That little later. */
void port_hang_up(struct port *port)
{
	struct pollfd asked = {.fd = port->source.fd, .events = POLLIN};
	port->hang_up_at_ms = 0;
	if (poll(&asked, 1, 0) > 0 && asked.revents & POLLHUP)
		forget(port);
	/* To ask a port how it is takes what has arrived out of its queue, and then there is no event for that any more. */
	port->readable = port->writable = true;
}

/* The host broke the protocol: say how, and be deaf until the next HELLO. */
void port_fault(struct port *port, const char *what)
{
	say("fault: %s", what);
	drop(port);
	port_send(port, F_FAULT, 0, 0, what, (uint32_t)strlen(what));
}

static void on_hello(struct port *port, const uint8_t *payload)
{
	forget(port);
	bool fits = get16(payload + 8) <= 1 && get16(payload + 10) >= 1;
	uint8_t welcome[44];
	memset(welcome, 0, sizeof welcome);
	memcpy(welcome, port->kind->magic, 8);
	memcpy(welcome + 8, payload + 12, 16);
	put16(welcome + 24, fits ? 1 : 0);
	put16(welcome + 26, port->kind->flags());
	put32(welcome + 28, MAX_PAYLOAD);
	put32(welcome + 32, port->kind->streams);
	put32(welcome + 36, port->kind->window);
	port_send(port, F_WELCOME, 0, 0, welcome, sizeof welcome);
	port->open = fits;
	port->answered = false;
}

/* ---- frames ---- */

static void on_frame(struct port *port, const uint8_t *frame, uint32_t length)
{
	const uint8_t *payload = frame + FRAME_HEADER;
	if (frame[0] == F_HELLO && !frame[1] && !get32(frame + 4) && length == 28 &&
	    memcmp(payload, port->kind->magic, 8) == 0)
		return on_hello(port, payload);
	if (!port->open)
		return; /* the rest of what a killed host process sent, or of what we have faulted */
	if (frame[0] == F_HELLO)
		return port_fault(port, "a malformed HELLO");
	port->kind->frame(port, frame, length);
}

void port_feed(struct port *port)
{
	size_t at = 0;
	while (at < port->in_length && !port_full(port)) {
		const uint8_t *frame = port->in + at;
		size_t left = port->in_length - at;
		if (frame[0] == 0) {
			const uint8_t *start = frame;
			while (left && *frame == 0)
				frame++, left--;
			at += (size_t)(frame - start);
			continue;
		}
		if (left < FRAME_HEADER)
			break;
		uint32_t length = get32(frame + 8);
		if (length > MAX_PAYLOAD || frame[2] || frame[3]) {
			/* Frame boundaries are lost. Padding brings them back: skip to the next zero byte. */
			if (port->open)
				port_fault(port, "a header that is not one");
			at++;
			while (at < port->in_length && port->in[at] != 0)
				at++;
			continue;
		}
		if (left < FRAME_HEADER + length)
			break;
		on_frame(port, frame, length);
		at += FRAME_HEADER + length;
	}
	port->in_length -= at;
	memmove(port->in, port->in + at, port->in_length);
}

/* Reads once; true when there may be more. */
static bool take_input(struct port *port)
{
	if (!port->readable)
		return false;
	ssize_t n = read(port->source.fd, port->in + port->in_length, IN_SIZE - port->in_length);
	if (n < 0 && errno == EINTR)
		return true;
	port->hung_up = n == 0 || (n < 0 && errno != EAGAIN);
	port->readable = n > 0;
	if (n > 0)
		port->in_length += (size_t)n;
	/* What is left of a frame stays: a host that comes after an unclean end begins with padding. */
	if (port->hung_up)
		nobody_there(port);
	return port->readable;
}

void port_event(struct port *port, uint32_t events)
{
	port->readable = true;
	if (events & EPOLLOUT)
		port->writable = true;
	if (events & EPOLLHUP)
		nobody_there(port); /* here too, because a full output buffer keeps us from reading */
}

bool port_pump(struct port *port)
{
	buffers(port);
	bool more = true;
	for (int round = 0; more && round < ROUNDS; round++) {
		port_flush(port);
		if (port_full(port)) {
			more = false; /* it will become writable */
			break;
		}
		port_feed(port);
		/* If it stopped because the output is full, there may be frames left to parse: once more. Otherwise less
		 * than a frame is left, so there is room to read. */
		if (!port_full(port))
			more = take_input(port);
	}
	return more;
}
