/* A request's fields, and which function serves it. */
#include "agent.h"

#include <errno.h>
#include <string.h>

uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) | (uint32_t)get16(at + 2) << 16;
}

uint64_t get64(const uint8_t *at)
{
	return (uint64_t)get32(at) | (uint64_t)get32(at + 4) << 32;
}

void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

void put32(uint8_t *at, uint32_t value)
{
	put16(at, (uint16_t)value);
	put16(at + 2, (uint16_t)(value >> 16));
}

void put64(uint8_t *at, uint64_t value)
{
	put32(at, (uint32_t)value);
	put32(at + 4, (uint32_t)(value >> 32));
}

enum field_next field_next(struct fields *fields, struct field *field)
{
	size_t left = (size_t)(fields->end - fields->at);
	if (left == 0)
		return FIELD_NONE;
	if (left < 5)
		return FIELD_BAD;
	field->tag = fields->at[0];
	field->length = get32(fields->at + 1);
	field->value = fields->at + 5;
	if (field->length > left - 5)
		return FIELD_BAD;
	fields->at += 5 + field->length;
	return FIELD_OK;
}

static void no_fields(struct stream *stream, struct fields fields)
{
	if (fields.at != fields.end)
		return stream_result(stream, R_REFUSED, 0, "this request takes no fields");
	int failed = 0;
	switch (stream->operation) {
	case OP_SYNC:
		return serve_sync(stream);
	case OP_FREEZE:
		failed = overlay_freeze();
		if (!failed)
			frozen_by = stream->channel;
		break;
	case OP_THAW:
		failed = overlay_thaw();
		break;
	case OP_POWEROFF: {
		struct channel *channel = stream->channel;
		stream_result(stream, R_DONE, 0, "%s", "");
		channel_pump(channel);
		power_off();
	}
	default:
		failed = EINVAL;
	}
	if (failed)
		stream_result(stream, R_FAILED, (uint32_t)failed, "%s", strerror(failed));
	else
		stream_result(stream, R_DONE, 0, "%s", "");
}

void request_serve(struct stream *stream)
{
	if (!stream->request_length)
		return stream_result(stream, R_REFUSED, 0, "an empty request");
	uint8_t operation = stream->request[0];
	struct fields fields = {stream->request + 1, stream->request + stream->request_length};
	if (operation < OP_CONFIGURE || operation > OP_POWEROFF)
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
	default:
		return no_fields(stream, fields);
	}
}
