/*
 * What a request has while it runs: lanes, credit, its end.
 *
 * A lane is read or written whenever its descriptor is ready, there is credit, and the channel takes more output. Each of
 * these three brings it back when it was the one that was missing: the event, CREDIT, and channel_pump().
 *
 * A stream can end in any call that may send RESULT. Its memory stays until the end of the turn, because events of this
 * turn may still point at it, but its descriptors are closed and nobody finds it any more.
 */
#include "agent.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum {
	CREDIT_BATCH = WINDOW / 4,
	INPUT_SIZE = WINDOW + 2, /* all the host may send, and a terminal's end of file */
};

static struct stream *dead;

struct stream *stream_find(struct channel *channel, uint32_t id)
{
	for (size_t i = 0; i < MAX_STREAMS; i++)
		if (channel->streams[i] && channel->streams[i]->id == id)
			return channel->streams[i];
	return NULL;
}

struct stream *stream_of(struct channel *channel, pid_t pid)
{
	for (size_t i = 0; i < MAX_STREAMS; i++) {
		struct stream *stream = channel->streams[i];
		if (stream && stream->pid == pid && !stream->exited)
			return stream;
	}
	return NULL;
}

struct stream *stream_new(struct channel *channel, uint32_t id)
{
	size_t i = 0;
	while (i < MAX_STREAMS && channel->streams[i])
		i++;
	if (i == MAX_STREAMS)
		return NULL;
	struct stream *stream = calloc(1, sizeof *stream);
	if (!stream)
		die("out of memory");
	stream->channel = channel;
	stream->id = id;
	stream->group = NO_GROUP;
	for (int lane = 0; lane < LANES; lane++) {
		stream->lanes[lane] = (struct source){
			.kind = S_LANE, .fd = -1, .stream = stream, .lane = lane};
		stream->credit[lane] = WINDOW;
	}
	return channel->streams[i] = stream;
}

void stream_free(struct stream *stream)
{
	for (size_t i = 0; i < MAX_STREAMS; i++)
		if (stream->channel->streams[i] == stream)
			stream->channel->streams[i] = NULL;
	for (int i = 0; i < LANES; i++)
		close_source(&stream->lanes[i]);
	/* Detached, or killed a moment ago: its end will find no stream. */
	if (stream->pid && !stream->exited)
		group_release(stream->group);
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

/* ---- what is said of it ---- */

void stream_started(struct stream *stream)
{
	uint8_t pid[4];
	put32(pid, (uint32_t)stream->pid);
	port_send(&stream->channel->port, F_STARTED, 0, stream->id, pid, sizeof pid);
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
	port_send(&stream->channel->port, F_RESULT, 0, stream->id, payload, 8 + length);
	stream_free(stream);
}

void stream_errno(struct stream *stream, const char *what, int error)
{
	stream_result(stream, R_FAILED, (uint32_t)error, "%s: %s", what, strerror(error));
}

/* ---- out ---- */

void lane_end(struct stream *stream, enum lane lane)
{
	close_source(&stream->lanes[lane]);
	if (stream->ended[lane])
		return;
	stream->ended[lane] = true;
	/* The agent's own work has no lane but that of what it sends: its standard error is its message. */
	bool gives = stream->operation == OP_GET || stream->operation == OP_FREEZE;
	if (stream->operation == OP_EXEC || (gives && lane == LANE_OUT))
		port_send(&stream->channel->port, F_DATA, (uint8_t)lane | FLAG_END, stream->id, NULL, 0);
}

/* What read() means that gave nothing. */
static void nothing_read(struct stream *stream, enum lane lane, ssize_t n)
{
	/* A terminal whose last user is gone says EIO. With the main process gone, what others still hold open is not
	 * waited for. */
	if (n == 0 || errno != EAGAIN || stream->exited)
		lane_end(stream, lane);
	else
		watch(&stream->lanes[lane], EPOLLIN);
}

/* Sends what the command wrote, as far as credit and the channel allow. */
static void pump_output(struct stream *stream, enum lane lane)
{
	struct port *port = &stream->channel->port;
	struct source *source = &stream->lanes[lane];
	while (source->fd >= 0) {
		uint32_t want = stream->credit[lane] < MAX_PAYLOAD ? stream->credit[lane] : MAX_PAYLOAD;
		if (stream->exited && stream->left[lane] == 0)
			return lane_end(stream, lane);
		if (stream->exited && stream->left[lane] < want)
			want = stream->left[lane];
		if (!want || port_full(port))
			return watch(source, 0);
		uint8_t *at = port_reserve(port, FRAME_HEADER + want);
		ssize_t n = read(source->fd, at + FRAME_HEADER, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return nothing_read(stream, lane, n);
		port_commit(port, at, F_DATA, (uint8_t)lane, stream->id, (uint32_t)n);
		stream->credit[lane] -= (uint32_t)n;
		stream->left[lane] -= stream->exited ? (uint32_t)n : 0;
		port_flush(port);
	}
}

/* Keeps the beginning of what the agent's own work says of itself. */
static void pump_message(struct stream *stream)
{
	struct source *source = &stream->lanes[LANE_ERR];
	while (source->fd >= 0) {
		char rest[256];
		size_t room = MAX_MESSAGE - 1 - stream->message_length;
		char *at = room ? stream->message + stream->message_length : rest;
		ssize_t n = read(source->fd, at, room ? room : sizeof rest);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return nothing_read(stream, LANE_ERR, n);
		stream->message_length += room ? (size_t)n : 0;
	}
}

static void lane_out(struct stream *stream, enum lane lane)
{
	if (stream->operation != OP_EXEC && lane == LANE_ERR)
		pump_message(stream);
	else
		pump_output(stream, lane);
}

/* ---- in ---- */

/* Gives back what was consumed, in large steps, and nothing after END. */
static void give_credit(struct stream *stream)
{
	if (stream->unacked < CREDIT_BATCH || stream->ended[LANE_IN])
		return;
	uint8_t bytes[4];
	put32(bytes, stream->unacked);
	port_send(&stream->channel->port, F_CREDIT, LANE_IN, stream->id, bytes, sizeof bytes);
	stream->credit[LANE_IN] += stream->unacked;
	stream->unacked = 0;
}

/* Writes to the command as much as it takes; returns how much that is. When nobody reads any more, it is all. */
static size_t write_input(struct stream *stream, const uint8_t *bytes, size_t length)
{
	struct source *source = &stream->lanes[LANE_IN];
	size_t written = 0;
	while (written < length && source->fd >= 0) {
		ssize_t n = write(source->fd, bytes + written, length - written);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			close_source(source);
		else
			written += (size_t)n;
	}
	if (source->fd < 0)
		written = length;
	stream->unacked += (uint32_t)written;
	return written;
}

static void pump_input(struct stream *stream)
{
	struct source *source = &stream->lanes[LANE_IN];
	if (stream->input_length) {
		size_t written = write_input(stream, stream->input + stream->input_start, stream->input_length);
		stream->input_length -= written;
		stream->input_start = stream->input_length ? stream->input_start + written : 0;
	}
	give_credit(stream);
	if (stream->input_length)
		watch(source, EPOLLOUT);
	else if (stream->ended[LANE_IN])
		close_source(source);
	else
		watch(source, 0);
}

/* Never more than fits: the host may send no more than WINDOW before it gets CREDIT. */
static void add_input(struct stream *stream, const uint8_t *bytes, size_t length)
{
	/* The usual case: the command takes all at once, and nothing is copied. */
	size_t written = stream->input_length ? 0 : write_input(stream, bytes, length);
	bytes += written;
	length -= written;
	if (!length)
		return;
	if (!stream->input && !(stream->input = malloc(INPUT_SIZE)))
		die("out of memory");
	if (stream->input_start + stream->input_length + length > INPUT_SIZE) {
		memmove(stream->input, stream->input + stream->input_start, stream->input_length);
		stream->input_start = 0;
	}
	memcpy(stream->input + stream->input_start + stream->input_length, bytes, length);
	stream->input_length += length;
}

void stream_input(struct stream *stream, const uint8_t *bytes, size_t length, bool end)
{
	stream->credit[LANE_IN] -= (uint32_t)length;
	add_input(stream, bytes, length);
	if (length)
		stream->mid_line = bytes[length - 1] != '\n' && bytes[length - 1] != '\r';
	if (end) {
		stream->ended[LANE_IN] = true;
		/* What a person would type; in the middle of a line, the first one only ends that. */
		struct termios mode;
		if (stream->terminal && tcgetattr(stream->lanes[LANE_IN].fd, &mode) == 0) {
			uint8_t end_of_file[2] = {mode.c_cc[VEOF], mode.c_cc[VEOF]};
			add_input(stream, end_of_file, stream->mid_line ? 2 : 1);
		}
	}
	pump_input(stream);
}

/* ---- its end ---- */

static void finish(struct stream *stream)
{
	int status = stream->wait_status;
	if (stream->timed_out)
		stream_result(stream, R_TIMED_OUT, 0, "the time limit passed");
	else if (WIFSIGNALED(status))
		stream_result(stream, R_SIGNALLED, (uint32_t)WTERMSIG(status), "%s", "");
	else if (stream->operation == OP_PROBE)
		stream_result(stream, R_DONE, (uint32_t)WEXITSTATUS(status), "%.*s", (int)stream->message_length,
			      stream->message);
	else if (stream->operation == OP_EXEC || WEXITSTATUS(status) == 0)
		stream_result(stream, R_DONE, (uint32_t)WEXITSTATUS(status), "%s", "");
	else
		stream_result(stream, R_FAILED, (uint32_t)WEXITSTATUS(status), "%.*s", (int)stream->message_length,
			      stream->message);
}

/* RESULT, when there is nothing left to do. May free the stream. */
static void advance(struct stream *stream)
{
	if (!stream->exited)
		return;
	for (int lane = LANE_OUT; lane <= LANE_ERR; lane++)
		lane_out(stream, lane);
	if (stream->ended[LANE_OUT] && stream->ended[LANE_ERR])
		finish(stream);
}

void lane_ready(struct stream *stream, enum lane lane)
{
	if (lane == LANE_IN)
		pump_input(stream);
	else
		lane_out(stream, lane);
	advance(stream);
}

/* After the channel was full: goes on with the lanes that stopped for it. */
void stream_resume(struct stream *stream)
{
	for (int lane = LANE_OUT; lane <= LANE_ERR; lane++)
		if (stream->lanes[lane].fd >= 0 && !stream->lanes[lane].armed)
			lane_out(stream, lane);
	advance(stream);
}

void stream_exited(struct stream *stream, int status)
{
	stream->exited = true;
	stream->wait_status = status;
	group_release(stream->group);
	/* What it wrote is in the pipe now. What is added from now on is somebody else's, and might have no end. A
	 * terminal cannot say how much it holds, but that is less than this. */
	for (int lane = LANE_OUT; lane <= LANE_ERR; lane++) {
		int bytes;
		if (stream->terminal || ioctl(stream->lanes[lane].fd, FIONREAD, &bytes) < 0)
			bytes = WINDOW;
		stream->left[lane] = (uint32_t)bytes;
	}
	advance(stream);
}

/* All of it is killed, and what it wrote is not wanted any more: RESULT waits for nothing but its end. */
void stream_cancel(struct stream *stream)
{
	process_kill(stream);
	for (int lane = LANE_OUT; lane <= LANE_ERR; lane++)
		if (stream->operation == OP_EXEC || lane == LANE_OUT)
			lane_end(stream, lane);
	advance(stream);
}
