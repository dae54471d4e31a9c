/*
 * A port's frames when it is a channel: requests, and what the host says to those that run.
 */
#include "agent.h"

#include <stdlib.h>
#include <string.h>

enum {
	/* STARTED, two ENDs, CREDIT for a whole window, and a RESULT. */
	OUT_PER_STREAM = 8 * (FRAME_HEADER + 4) + FRAME_HEADER + 8 + MAX_MESSAGE,
	OUT_SIZE = OUT_HIGH + FRAME_HEADER + MAX_PAYLOAD + (MAX_STREAMS + 2) * OUT_PER_STREAM,
};

static struct channel *channel_of(struct port *port)
{
	return (struct channel *)port; /* its first member */
}

static void drop(struct port *port)
{
	struct channel *channel = channel_of(port);
	for (size_t i = 0; i < MAX_STREAMS; i++)
		if (channel->streams[i]) {
			process_kill(channel->streams[i]);
			stream_free(channel->streams[i]);
		}
}

static void fault(struct channel *channel, const char *what)
{
	port_fault(&channel->port, what);
}

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

static void on_frame(struct port *port, const uint8_t *frame, uint32_t length)
{
	struct channel *channel = channel_of(port);
	uint8_t type = frame[0], flags = frame[1];
	uint32_t id = get32(frame + 4);
	const uint8_t *payload = frame + FRAME_HEADER;

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

static uint16_t flags(void)
{
	return configured ? 1 : 0;
}

static const struct port_kind KIND = {
	.magic = "CARAFE\r\n", .streams = MAX_STREAMS, .window = WINDOW, .out_size = OUT_SIZE,
	.flags = flags, .frame = on_frame, .drop = drop,
};

void channel_init(struct channel *channel, int fd)
{
	memset(channel, 0, sizeof *channel);
	port_init(&channel->port, &KIND, fd);
}

bool channel_pump(struct channel *channel)
{
	struct port *port = &channel->port;
	bool more = port_pump(port);
	/* Lanes that stopped because the output was full. Next time it is the turn of those that were not reached. */
	for (size_t i = 0; i < MAX_STREAMS && port->writable && !port_full(port); i++) {
		channel->turn = (channel->turn + 1) % MAX_STREAMS;
		struct stream *stream = channel->streams[channel->turn];
		if (stream && stream->pid)
			stream_resume(stream);
	}
	port_flush(port);
	return more;
}
