/* Which function serves a request. */
#include "agent.h"

#include <errno.h>

static void serve_poweroff(struct stream *stream)
{
	if (!is_init)
		return stream_errno(stream, "this agent is not a machine's first process", EPERM);
	struct port *port = &stream->channel->port;
	stream_result(stream, R_DONE, 0, "%s", "");
	port_flush(port);
	power_off();
}

static void done(struct stream *stream, const char *what, int error)
{
	if (error)
		stream_errno(stream, what, error);
	else
		stream_result(stream, R_DONE, 0, "%s", "");
}

static void serve_plain(struct stream *stream, struct fields fields)
{
	if (fields.at != fields.end)
		return stream_result(stream, R_REFUSED, 0, "this request takes no fields");
	switch (stream->operation) {
	case OP_PING:
		return done(stream, "answer", 0);
	case OP_SYNC:
		return serve_sync(stream);
	default:
		return serve_poweroff(stream);
	}
}

void request_serve(struct stream *stream)
{
	if (!stream->request_length)
		return stream_result(stream, R_REFUSED, 0, "an empty request");
	uint8_t operation = stream->request[0];
	struct fields fields = {stream->request + 1, stream->request + stream->request_length};
	if (operation < OP_CONFIGURE || operation > OP_PING || operation == OP_FREEZE + 1)
		return stream_result(stream, R_REFUSED, 0, "unknown operation %u", operation);
	stream->operation = operation;
	switch (stream->operation) {
	case OP_CONFIGURE:
		return serve_configure(stream, fields);
	case OP_EXEC:
		return serve_exec(stream, fields);
	case OP_PUT:
	case OP_GET:
		return serve_copy(stream, fields);
	case OP_FREEZE:
		return serve_freeze(stream, fields);
	case OP_PROBE:
		return serve_probe(stream, fields);
	default:
		return serve_plain(stream, fields);
	}
}
