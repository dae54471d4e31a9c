/*
 * Frames in and out, streams, credit.
 *
 * Memory is bounded by construction. Output: DATA is only read from a command when there is credit and the output
 * buffer is below OUT_HIGH; input is only parsed below OUT_HIGH too, and one input frame causes at most one short frame
 * of output, so OUT_SIZE leaves room for what all streams may say at once (STARTED, two ENDs and a RESULT each).
 * Input: what a command does not take waits in its stream, at most WINDOW bytes, because the host may send no more.
 *
 * The port is edge-triggered: after the host closed its side, a level-triggered one would report that for ever.
 */
#include "agent.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

enum sizes {
	IN_SIZE = 2 * (FRAME_HEADER + MAX_PAYLOAD),
	OUT_HIGH = 4 * (FRAME_HEADER + MAX_PAYLOAD),
	OUT_PER_STREAM = 4 * FRAME_HEADER + 16 + MAX_MESSAGE + 64,
	OUT_SIZE = OUT_HIGH + FRAME_HEADER + MAX_PAYLOAD + (MAX_STREAMS + 2) * OUT_PER_STREAM,
	CREDIT_BATCH = WINDOW / 4,
	HANG_UP_GRACE_MS = 250,
	HELLO_GRACE_MS = 10000,
};

static struct stream *dead;

static const uint8_t MAGIC[8] = "CARAFE\r\n";

void channel_init(struct channel *channel, int fd)
{
	memset(channel, 0, sizeof *channel);
	channel->source.kind = S_CHANNEL;
	channel->source.fd = fd;
	channel->source.channel = channel;
	channel->writable = true;
	channel->readable = true;
	watch(&channel->source, EPOLLIN | EPOLLOUT | EPOLLET);
}

static void *must(void *memory)
{
	if (memory)
		return memory;
	say("out of memory");
	abort();
}

static void buffers(struct channel *channel)
{
	if (channel->in)
		return;
	channel->in = must(malloc(IN_SIZE));
	channel->out = must(malloc(OUT_SIZE));
}

/* ---- output ---- */

static uint8_t *out_reserve(struct channel *channel, size_t size)
{
	if (channel->out_start + channel->out_length + size > OUT_SIZE) {
		memmove(channel->out, channel->out + channel->out_start, channel->out_length);
		channel->out_start = 0;
	}
	if (channel->out_length + size > OUT_SIZE) {
		/* Cannot happen: see the top of this file. Dying beats corrupting. */
		say("output buffer overrun");
		abort();
	}
	return channel->out + channel->out_start + channel->out_length;
}

static void header(uint8_t *at, uint8_t type, uint8_t flags, uint32_t stream, uint32_t length)
{
	at[0] = type;
	at[1] = flags;
	at[2] = at[3] = 0;
	put32(at + 4, stream);
	put32(at + 8, length);
}

static void send_frame(struct channel *channel, uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
		       uint32_t length)
{
	if (!channel->open && type != F_FAULT)
		return;
	uint8_t *at = out_reserve(channel, FRAME_HEADER + length);
	header(at, type, flags, stream, length);
	if (length)
		memcpy(at + FRAME_HEADER, payload, length);
	channel->out_length += FRAME_HEADER + length;
}

void send_started(struct stream *stream)
{
	uint8_t pid[4];
	put32(pid, (uint32_t)stream->pid);
	send_frame(stream->channel, F_STARTED, 0, stream->id, pid, sizeof pid);
}

static void give_credit(struct stream *stream)
{
	if (stream->unacked < CREDIT_BATCH || stream->ended[LANE_IN])
		return;
	uint8_t bytes[4];
	put32(bytes, stream->unacked);
	send_frame(stream->channel, F_CREDIT, LANE_IN, stream->id, bytes, sizeof bytes);
	stream->credit[LANE_IN] += stream->unacked;
	stream->unacked = 0;
}

static void flush(struct channel *channel)
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

/* ---- streams ---- */

static struct stream **find_slot(struct channel *channel, uint32_t id)
{
	for (size_t i = 0; i < MAX_STREAMS; i++)
		if (channel->streams[i] && channel->streams[i]->id == id)
			return &channel->streams[i];
	return NULL;
}

static void stream_free(struct stream *stream)
{
	struct stream **slot = find_slot(stream->channel, stream->id);
	if (slot)
		*slot = NULL;
	for (int i = 0; i < LANES; i++)
		close_source(&stream->lanes[i]);
	/* Events of this turn of the loop may still point at it. */
	stream->next_dead = dead;
	dead = stream;
}

void streams_bury(void)
{
	while (dead) {
		struct stream *stream = dead;
		dead = stream->next_dead;
		free(stream->request);
		free(stream->input);
		free(stream);
	}
}

void stream_result(struct stream *stream, enum result_kind kind, uint32_t code, const char *format, ...)
{
	uint8_t payload[8 + MAX_MESSAGE];
	memset(payload, 0, 8);
	payload[0] = (uint8_t)kind;
	put32(payload + 4, code);
	va_list arguments;
	va_start(arguments, format);
	int n = vsnprintf((char *)payload + 8, MAX_MESSAGE, format, arguments);
	va_end(arguments);
	uint32_t length = n < 0 ? 0 : n >= MAX_MESSAGE ? MAX_MESSAGE - 1 : (uint32_t)n;
	send_frame(stream->channel, F_RESULT, 0, stream->id, payload, 8 + length);
	stream_free(stream);
}

void lane_end(struct stream *stream, enum lane lane)
{
	close_source(&stream->lanes[lane]);
	if (stream->ended[lane])
		return;
	stream->ended[lane] = true;
	/* A builtin's standard error is its message, not a lane. */
	if (stream->operation == OP_EXEC || (stream->operation == OP_GET && lane == LANE_OUT))
		send_frame(stream->channel, F_DATA, (uint8_t)lane | FLAG_END, stream->id, NULL, 0);
}

/* Sends what the command wrote, as far as credit and the buffer allow. True when there is nothing more now. */
static bool pump_output(struct stream *stream, enum lane lane)
{
	struct channel *channel = stream->channel;
	struct source *source = &stream->lanes[lane];
	while (source->fd >= 0) {
		if (stream->operation != OP_EXEC && lane == LANE_ERR) {
			size_t room = MAX_MESSAGE - 1 - stream->message_length;
			char rest[256];
			ssize_t n = room ? read(source->fd, stream->message + stream->message_length, room)
					 : read(source->fd, rest, sizeof rest);
			if (n > 0) {
				stream->message_length += room ? (size_t)n : 0;
				continue;
			}
			if (n < 0 && errno == EINTR)
				continue;
			if (n == 0 || errno != EAGAIN || stream->exited)
				lane_end(stream, lane);
			else
				watch(source, EPOLLIN);
			return true;
		}
		uint32_t want = stream->credit[lane] < MAX_PAYLOAD ? stream->credit[lane] : MAX_PAYLOAD;
		if (!want || channel->out_length >= OUT_HIGH) {
			watch(source, 0); /* resumed by CREDIT, or by the channel becoming writable */
			return false;
		}
		uint8_t *at = out_reserve(channel, FRAME_HEADER + want);
		ssize_t n = read(source->fd, at + FRAME_HEADER, want);
		if (n > 0) {
			header(at, F_DATA, (uint8_t)lane, stream->id, (uint32_t)n);
			channel->out_length += FRAME_HEADER + (size_t)n;
			stream->credit[lane] -= (uint32_t)n;
			flush(channel);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		/* A terminal whose last user is gone says EIO. With the main process gone, what others still hold open is
		 * not waited for. */
		if (n == 0 || errno != EAGAIN || stream->exited)
			lane_end(stream, lane);
		else
			watch(source, EPOLLIN);
		return true;
	}
	return true;
}

static void pump_input(struct stream *stream)
{
	struct source *source = &stream->lanes[LANE_IN];
	while (stream->input_length && source->fd >= 0) {
		ssize_t n = write(source->fd, stream->input + stream->input_start, stream->input_length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			watch(source, EPOLLOUT);
			give_credit(stream);
			return;
		}
		if (n < 0) {
			close_source(source); /* nobody reads it any more */
			break;
		}
		stream->input_start += (size_t)n;
		stream->input_length -= (size_t)n;
		stream->unacked += (uint32_t)n;
	}
	if (source->fd < 0) {
		stream->unacked += (uint32_t)stream->input_length; /* taken by nobody, so that the host can go on */
		stream->input_length = 0;
	}
	stream->input_start = 0;
	give_credit(stream);
	if (source->fd < 0)
		return;
	watch(source, 0);
	if (!stream->ended[LANE_IN])
		return;
	if (stream->terminal) {
		uint8_t end_of_file = 4; /* VEOF: what a person would type */
		if (write(source->fd, &end_of_file, 1) != 1)
			say("stream %u: end of file was lost", stream->id);
	}
	close_source(source);
}

void lane_ready(struct stream *stream, enum lane lane)
{
	if (lane == LANE_IN)
		pump_input(stream);
	else
		pump_output(stream, lane);
	stream_advance(stream);
}

void stream_advance(struct stream *stream)
{
	if (!stream->pid || !stream->exited)
		return;
	for (int lane = LANE_OUT; lane <= LANE_ERR; lane++)
		if (!stream->ended[lane] && stream->lanes[lane].fd >= 0)
			pump_output(stream, lane);
	if (!stream->ended[LANE_OUT] || !stream->ended[LANE_ERR])
		return;
	int status = stream->wait_status;
	if (stream->timed_out)
		stream_result(stream, R_TIMED_OUT, 0, "the time limit passed");
	else if (WIFSIGNALED(status))
		stream_result(stream, R_SIGNALLED, (uint32_t)WTERMSIG(status), "%s", "");
	else if (stream->operation == OP_EXEC)
		stream_result(stream, R_DONE, (uint32_t)WEXITSTATUS(status), "%s", "");
	else if (WEXITSTATUS(status) == 0)
		stream_result(stream, R_DONE, 0, "%s", "");
	else
		stream_result(stream, R_FAILED, (uint32_t)WEXITSTATUS(status), "%.*s", (int)stream->message_length,
			      stream->message);
}

void channel_drop(struct channel *channel)
{
	if (frozen_by == channel)
		overlay_thaw(); /* whoever froze the disk is gone and cannot thaw it */
	for (size_t i = 0; i < MAX_STREAMS; i++) {
		struct stream *stream = channel->streams[i];
		if (!stream)
			continue;
		if (stream->pid && !stream->exited) {
			if (stream->operation == OP_EXEC)
				stream_kill(stream);
			else
				stream_cancel(stream); /* it sees end of file too, and cleans up */
		}
		stream_free(stream);
	}
	channel->open = false;
	channel->out_start = channel->out_length = 0;
}

/* ---- input ---- */

/* The host broke the protocol: say how, and be deaf until the next HELLO. */
static void fault(struct channel *channel, const char *what)
{
	say("channel fault: %s", what);
	channel_drop(channel);
	send_frame(channel, F_FAULT, 0, 0, what, (uint32_t)strlen(what));
}

static void on_hello(struct channel *channel, const uint8_t *payload)
{
	channel_drop(channel);
	channel->open = true;
	channel->answered = false;
	channel->hang_up_at_ms = 0;
	uint8_t welcome[44];
	memset(welcome, 0, sizeof welcome);
	memcpy(welcome, MAGIC, 8);
	memcpy(welcome + 8, payload + 12, 16);
	bool fits = get16(payload + 8) <= 1 && get16(payload + 10) >= 1;
	put16(welcome + 24, fits ? 1 : 0);
	put16(welcome + 26, configured ? 1 : 0);
	put32(welcome + 28, MAX_PAYLOAD);
	put32(welcome + 32, MAX_STREAMS);
	put32(welcome + 36, WINDOW);
	send_frame(channel, F_WELCOME, 0, 0, welcome, sizeof welcome);
	channel->open = fits;
}

static struct stream *stream_new(struct channel *channel, uint32_t id)
{
	struct stream **slot = NULL;
	for (size_t i = 0; i < MAX_STREAMS && !slot; i++)
		if (!channel->streams[i])
			slot = &channel->streams[i];
	if (!slot)
		return NULL;
	struct stream *stream = must(calloc(1, sizeof *stream));
	stream->channel = channel;
	stream->id = id;
	stream->group = -1;
	for (int lane = 0; lane < LANES; lane++) {
		stream->lanes[lane] = (struct source){
			.kind = S_LANE, .fd = -1, .channel = channel, .stream = stream, .lane = lane};
		stream->credit[lane] = WINDOW;
	}
	*slot = stream;
	return stream;
}

static void on_request(struct channel *channel, uint8_t flags, uint32_t id, const uint8_t *payload, uint32_t length)
{
	struct stream **slot = find_slot(channel, id);
	struct stream *stream = slot ? *slot : NULL;
	if (stream && stream->complete)
		return fault(channel, "a REQUEST for a stream that is in use");
	if (!stream && !(stream = stream_new(channel, id))) {
		uint8_t refused[8 + 32] = {R_REFUSED};
		const char *why = "too many streams at once";
		memcpy(refused + 8, why, strlen(why));
		send_frame(channel, F_RESULT, 0, id, refused, 8 + (uint32_t)strlen(why));
		return;
	}
	if (stream->request_length + length > MAX_REQUEST)
		return fault(channel, "a REQUEST of more than 2097152 bytes");
	uint8_t *grown = realloc(stream->request, stream->request_length + length + 1);
	stream->request = must(grown);
	memcpy(stream->request + stream->request_length, payload, length);
	stream->request_length += length;
	if (flags & FLAG_MORE)
		return;
	stream->complete = true;
	request_serve(stream);
}

static void on_data(struct stream *stream, uint8_t flags, const uint8_t *payload, uint32_t length)
{
	struct channel *channel = stream->channel;
	if ((flags & LANE_MASK) != LANE_IN)
		return fault(channel, "DATA on a lane that is not the host's");
	if (stream->ended[LANE_IN])
		return fault(channel, "DATA after END, or for a command without input");
	if (!length && !(flags & FLAG_END))
		return fault(channel, "DATA without bytes and without END");
	if (length > stream->credit[LANE_IN])
		return fault(channel, "DATA beyond the window");
	stream->credit[LANE_IN] -= length;
	if (flags & FLAG_END)
		stream->ended[LANE_IN] = true;
	struct source *source = &stream->lanes[LANE_IN];
	/* The usual case: the command takes all at once, and nothing is copied. */
	while (length && !stream->input_length && source->fd >= 0) {
		ssize_t n = write(source->fd, payload, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		payload += n;
		length -= (uint32_t)n;
		stream->unacked += (uint32_t)n;
	}
	if (length) {
		if (!stream->input)
			stream->input = must(malloc(WINDOW));
		if (stream->input_start + stream->input_length + length > WINDOW) {
			memmove(stream->input, stream->input + stream->input_start, stream->input_length);
			stream->input_start = 0;
		}
		memcpy(stream->input + stream->input_start + stream->input_length, payload, length);
		stream->input_length += length;
	}
	pump_input(stream);
}

static void on_credit(struct stream *stream, uint8_t flags, uint32_t bytes)
{
	enum lane lane = flags & LANE_MASK;
	if (lane != LANE_OUT && lane != LANE_ERR)
		return fault(stream->channel, "CREDIT for a lane that is not the guest's");
	if (!bytes || bytes > WINDOW - stream->credit[lane])
		return fault(stream->channel, "CREDIT beyond the window");
	stream->credit[lane] += bytes;
	if (stream->pid)
		lane_ready(stream, lane);
}

static void on_frame(struct channel *channel, const uint8_t *frame, uint32_t length)
{
	uint8_t type = frame[0], flags = frame[1];
	uint32_t id = get32(frame + 4);
	const uint8_t *payload = frame + FRAME_HEADER;

	if (type == F_HELLO) {
		if (flags || id || length != 28 || memcmp(payload, MAGIC, 8) != 0)
			return fault(channel, "a malformed HELLO");
		return on_hello(channel, payload);
	}
	if (!channel->open)
		return; /* the rest of what a killed host process sent, or of what we have faulted */

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
	struct stream **slot = find_slot(channel, id);
	if (!slot)
		return; /* its RESULT crossed this frame */
	struct stream *stream = *slot;
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
		return stream_signal(stream, get32(payload));
	case F_RESIZE:
		if (!get16(payload) || !get16(payload + 2))
			return fault(channel, "a terminal without rows or columns");
		return stream_resize(stream, get16(payload), get16(payload + 2));
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

/*
 * End of file: of a socket the end, of a port only that the kernel has not been told of a host. That news and the host's bytes come by
 * different ways, and a new host's HELLO may overtake it: so a port is dropped only if it is still without a host a little later.
 */
static void on_end(struct channel *channel)
{
	if (is_init) {
		if (channel->open && !channel->hang_up_at_ms)
			channel->hang_up_at_ms = now_ms() + (channel->answered ? HANG_UP_GRACE_MS : HELLO_GRACE_MS);
		return;
	}
	if (!channel->hung_up) {
		channel_drop(channel);
		channel->in_length = 0;
	}
	channel->hung_up = true;
}

void channel_hang_up(struct channel *channel)
{
	struct pollfd port = {.fd = channel->source.fd, .events = POLLIN};
	channel->hang_up_at_ms = 0;
	if (poll(&port, 1, 0) > 0 && port.revents & POLLHUP) {
		channel_drop(channel);
		channel->in_length = 0;
		return;
	}
	/* To ask a port how it is takes what has arrived out of its queue, and then there is no event for that any more. */
	channel->readable = channel->writable = true;
	channel_pump(channel);
}

void channel_pump(struct channel *channel)
{
	buffers(channel);
	for (;;) {
		flush(channel);
		bool full = channel->out_length >= OUT_HIGH;
		if (!full && channel->in_length)
			channel_feed(channel);
		if (full || !channel->readable || channel->in_length == IN_SIZE)
			break;
		ssize_t n = read(channel->source.fd, channel->in + channel->in_length, IN_SIZE - channel->in_length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0) {
			channel->hung_up = false;
			channel->in_length += (size_t)n;
			continue;
		}
		channel->readable = false;
		if (n == 0 || errno != EAGAIN)
			on_end(channel);
	}
	/* Lanes that stopped because the output buffer was full. */
	for (size_t i = 0; channel->writable && i < MAX_STREAMS; i++)
		for (int lane = LANE_OUT; lane <= LANE_ERR; lane++) {
			struct stream *stream = channel->streams[i];
			if (stream && stream->pid && stream->lanes[lane].fd >= 0 && !stream->lanes[lane].armed &&
			    stream->credit[lane])
				lane_ready(stream, lane);
		}
	flush(channel);
}
