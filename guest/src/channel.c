/*
 * Bytes and frames, in and out.
 *
 * Memory is bounded by construction. Output: DATA is only read from a command when there is credit and the output
 * buffer is below OUT_HIGH; input is only parsed below OUT_HIGH too, and one input frame causes at most one short frame
 * of output, so OUT_SIZE leaves room for what all streams may say at once (STARTED, two ENDs, CREDIT for a whole window
 * and a RESULT each). Input: what a command does not take waits in its stream, at most WINDOW bytes, because the host
 * may send no more.
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
	OUT_HIGH = 4 * (FRAME_HEADER + MAX_PAYLOAD),
	OUT_PER_STREAM = 8 * (FRAME_HEADER + 4) + FRAME_HEADER + 8 + MAX_MESSAGE,
	OUT_SIZE = OUT_HIGH + FRAME_HEADER + MAX_PAYLOAD + (MAX_STREAMS + 2) * OUT_PER_STREAM,
	ROUNDS = 8, /* reads of one channel before the others get their turn */
	HANG_UP_GRACE_MS = 250,
	HELLO_GRACE_MS = 10000,
};

static const uint8_t MAGIC[8] = "CARAFE\r\n";

/* PID 1 that dies takes the machine down: better than one that goes on with wrong memory. */
_Noreturn void die(const char *what)
{
	say("%s", what);
	_exit(70);
}

void channel_init(struct channel *channel, int fd)
{
	memset(channel, 0, sizeof *channel);
	channel->source = (struct source){.kind = S_CHANNEL, .fd = fd, .channel = channel};
	channel->writable = true;
	channel->readable = true;
	watch(&channel->source, EPOLLIN | EPOLLOUT | EPOLLET);
}

static void buffers(struct channel *channel)
{
	if (channel->in)
		return;
	channel->in = malloc(IN_SIZE);
	channel->out = malloc(OUT_SIZE);
	if (!channel->in || !channel->out)
		die("out of memory");
}

/* ---- output ---- */

bool channel_full(const struct channel *channel)
{
	return channel->out_length >= OUT_HIGH;
}

uint8_t *out_reserve(struct channel *channel, size_t size)
{
	if (channel->out_start + channel->out_length + size > OUT_SIZE) {
		memmove(channel->out, channel->out + channel->out_start, channel->out_length);
		channel->out_start = 0;
	}
	if (channel->out_length + size > OUT_SIZE)
		die("output buffer overrun"); /* cannot happen: see the top of this file */
	return channel->out + channel->out_start + channel->out_length;
}

/* Makes what was written behind the header, at `at`, a frame. */
void out_commit(struct channel *channel, uint8_t *at, uint8_t type, uint8_t flags, uint32_t id, uint32_t length)
{
	at[0] = type;
	at[1] = flags;
	at[2] = at[3] = 0;
	put32(at + 4, id);
	put32(at + 8, length);
	channel->out_length += FRAME_HEADER + length;
}

void send_frame(struct channel *channel, uint8_t type, uint8_t flags, uint32_t id, const void *payload,
		uint32_t length)
{
	if (!channel->open && type != F_FAULT && type != F_WELCOME)
		return;
	uint8_t *at = out_reserve(channel, FRAME_HEADER + length);
	if (length)
		memcpy(at + FRAME_HEADER, payload, length);
	out_commit(channel, at, type, flags, id, length);
}

void channel_flush(struct channel *channel)
{
	while (channel->writable && channel->out_length) {
		ssize_t n = write(channel->source.fd, channel->out + channel->out_start, channel->out_length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			channel->writable = false;
			return;
		}
		channel->answered = true;
		channel->out_start += (size_t)n;
		channel->out_length -= (size_t)n;
	}
	if (!channel->out_length)
		channel->out_start = 0;
}

/* ---- sessions ---- */

void channel_drop(struct channel *channel)
{
	overlay_forget(channel); /* whoever froze the disk is gone and cannot thaw it */
	channel->open = false;
	for (size_t i = 0; i < MAX_STREAMS; i++)
		if (channel->streams[i]) {
			process_kill(channel->streams[i]);
			stream_free(channel->streams[i]);
		}
}

/* The host that this channel had is gone, and nobody reads what we had still to say to it. */
static void forget(struct channel *channel)
{
	channel_drop(channel);
	channel->out_start = channel->out_length = 0;
	channel->hang_up_at_ms = 0;
}

/*
 * Nobody is at the other end. Of a socket that is the truth; of a port it is what the kernel knows. That news and the
 * host's bytes come by different ways, and a new host's HELLO may overtake it: so a port is dropped only if it is still
 * without a host a little later.
 */
static void nobody_there(struct channel *channel)
{
	if (!is_init)
		forget(channel);
	else if (channel->open && !channel->hang_up_at_ms)
		channel->hang_up_at_ms = now_ms() + (channel->answered ? HANG_UP_GRACE_MS : HELLO_GRACE_MS);
}

/* That little later. */
void channel_hang_up(struct channel *channel)
{
	struct pollfd port = {.fd = channel->source.fd, .events = POLLIN};
	channel->hang_up_at_ms = 0;
	if (poll(&port, 1, 0) > 0 && port.revents & POLLHUP)
		forget(channel);
	/* To ask a port how it is takes what has arrived out of its queue, and then there is no event for that any more. */
	channel->readable = channel->writable = true;
}

/* The host broke the protocol: say how, and be deaf until the next HELLO. */
static void fault(struct channel *channel, const char *what)
{
	say("channel fault: %s", what);
	channel_drop(channel);
	send_frame(channel, F_FAULT, 0, 0, what, (uint32_t)strlen(what));
}

static void on_hello(struct channel *channel, const uint8_t *payload)
{
	forget(channel);
	bool fits = get16(payload + 8) <= 1 && get16(payload + 10) >= 1;
	uint8_t welcome[44];
	memset(welcome, 0, sizeof welcome);
	memcpy(welcome, MAGIC, 8);
	memcpy(welcome + 8, payload + 12, 16);
	put16(welcome + 24, fits ? 1 : 0);
	put16(welcome + 26, configured ? 1 : 0);
	put32(welcome + 28, MAX_PAYLOAD);
	put32(welcome + 32, MAX_STREAMS);
	put32(welcome + 36, WINDOW);
	send_frame(channel, F_WELCOME, 0, 0, welcome, sizeof welcome);
	channel->open = fits;
	channel->answered = false;
}

/* ---- frames ---- */

static void on_request(struct channel *channel, uint8_t flags, uint32_t id, const uint8_t *payload, uint32_t length)
{
	struct stream *stream = stream_find(channel, id);
	if (stream && stream->complete)
		return fault(channel, "a REQUEST for a stream that is in use");
	if (!stream && !(stream = stream_new(channel, id)))
		return fault(channel, "more than 64 streams at once");
	if (stream->request_length + length > MAX_REQUEST)
		return fault(channel, "a REQUEST of more than 2097152 bytes");
	/* A spare byte, so that the last text can become a C string. */
	uint8_t *grown = realloc(stream->request, stream->request_length + length + 1);
	if (!grown)
		die("out of memory");
	stream->request = grown;
	memcpy(stream->request + stream->request_length, payload, length);
	stream->request_length += length;
	if (flags & FLAG_MORE)
		return;
	stream->complete = true;
	request_serve(stream);
	free(stream->request);
	stream->request = NULL;
}

static void on_data(struct stream *stream, uint8_t flags, const uint8_t *payload, uint32_t length)
{
	struct channel *channel = stream->channel;
	if ((flags & LANE_MASK) != LANE_IN)
		return fault(channel, "DATA on a lane that is not the host's");
	if (stream->ended[LANE_IN])
		return fault(channel, "DATA after END, or for a request without input");
	if (!length && !(flags & FLAG_END))
		return fault(channel, "DATA without bytes and without END");
	if (length > stream->credit[LANE_IN])
		return fault(channel, "DATA beyond the window");
	stream_input(stream, payload, length, flags & FLAG_END);
}

static void on_credit(struct stream *stream, uint8_t flags, uint32_t bytes)
{
	enum lane lane = flags & LANE_MASK;
	if (lane != LANE_OUT && lane != LANE_ERR)
		return fault(stream->channel, "CREDIT for a lane that is not the guest's");
	if (!bytes || bytes > WINDOW - stream->credit[lane])
		return fault(stream->channel, "CREDIT of nothing, or beyond the window");
	stream->credit[lane] += bytes;
	lane_ready(stream, lane);
}

static void on_frame(struct channel *channel, const uint8_t *frame, uint32_t length)
{
	uint8_t type = frame[0], flags = frame[1];
	uint32_t id = get32(frame + 4);
	const uint8_t *payload = frame + FRAME_HEADER;

	if (type == F_HELLO && !flags && !id && length == 28 && memcmp(payload, MAGIC, 8) == 0)
		return on_hello(channel, payload);
	if (!channel->open)
		return; /* the rest of what a killed host process sent, or of what we have faulted */
	if (type == F_HELLO)
		return fault(channel, "a malformed HELLO");

	static const uint8_t allowed[] = {
		[F_REQUEST] = FLAG_MORE, [F_DATA] = LANE_MASK | FLAG_END, [F_CREDIT] = LANE_MASK,
		[F_SIGNAL] = 0, [F_RESIZE] = 0, [F_CANCEL] = 0,
	};
	if (type < F_REQUEST || type > F_CANCEL || type == F_STARTED || (flags & ~allowed[type]))
		return fault(channel, "a frame of a type or with flags the host does not send");
	if (!id)
		return fault(channel, "stream 0 in a frame that needs a stream");
	if (type == F_REQUEST)
		return on_request(channel, flags, id, payload, length);

	uint32_t fixed = type == F_CREDIT || type == F_SIGNAL || type == F_RESIZE ? 4 : 0;
	if (type != F_DATA && length != fixed)
		return fault(channel, "a frame whose length does not fit its type");
	struct stream *stream = stream_find(channel, id);
	if (!stream)
		return; /* its RESULT crossed this frame */
	if (!stream->complete)
		return fault(channel, "a frame between the parts of a REQUEST");

	switch (type) {
	case F_DATA:
		return on_data(stream, flags, payload, length);
	case F_CREDIT:
		return on_credit(stream, flags, get32(payload));
	case F_SIGNAL:
		if (get32(payload) < 1 || get32(payload) > 64)
			return fault(channel, "a signal that is not 1 to 64");
		return command_signal(stream, get32(payload));
	case F_RESIZE:
		if (!get16(payload) || !get16(payload + 2))
			return fault(channel, "a terminal without rows or columns");
		return command_resize(stream, get16(payload), get16(payload + 2));
	case F_CANCEL:
		return stream_cancel(stream);
	}
}

void channel_feed(struct channel *channel)
{
	size_t at = 0;
	while (at < channel->in_length && channel->out_length < OUT_HIGH) {
		const uint8_t *frame = channel->in + at;
		size_t left = channel->in_length - at;
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
			if (channel->open)
				fault(channel, "a header that is not one");
			at++;
			while (at < channel->in_length && channel->in[at] != 0)
				at++;
			continue;
		}
		if (left < FRAME_HEADER + length)
			break;
		on_frame(channel, frame, length);
		at += FRAME_HEADER + length;
	}
	channel->in_length -= at;
	memmove(channel->in, channel->in + at, channel->in_length);
}

/* Reads once; true when there may be more. */
static bool take_input(struct channel *channel)
{
	if (!channel->readable)
		return false;
	ssize_t n = read(channel->source.fd, channel->in + channel->in_length, IN_SIZE - channel->in_length);
	if (n < 0 && errno == EINTR)
		return true;
	channel->hung_up = n == 0 || (n < 0 && errno != EAGAIN);
	channel->readable = n > 0;
	if (n > 0)
		channel->in_length += (size_t)n;
	/* What is left of a frame stays: a host that comes after an unclean end begins with padding. */
	if (channel->hung_up)
		nobody_there(channel);
	return channel->readable;
}

void channel_event(struct channel *channel, uint32_t events)
{
	channel->readable = true;
	if (events & EPOLLOUT)
		channel->writable = true;
	if (events & EPOLLHUP)
		nobody_there(channel); /* here too, because a full output buffer keeps us from reading */
}

bool channel_pump(struct channel *channel)
{
	buffers(channel);
	bool more = true;
	for (int round = 0; more && round < ROUNDS; round++) {
		channel_flush(channel);
		if (channel_full(channel)) {
			more = false; /* it will become writable */
			break;
		}
		channel_feed(channel);
		/* If it stopped because the output is full, there may be frames left to parse: once more. Otherwise less
		 * than a frame is left, so there is room to read. */
		if (!channel_full(channel))
			more = take_input(channel);
	}
	/* Lanes that stopped because the output was full. Next time it is the turn of those that were not reached. */
	for (size_t i = 0; i < MAX_STREAMS && channel->writable && !channel_full(channel); i++) {
		channel->turn = (channel->turn + 1) % MAX_STREAMS;
		struct stream *stream = channel->streams[channel->turn];
		if (stream && stream->pid)
			stream_resume(stream);
	}
	channel_flush(channel);
	return more;
}
