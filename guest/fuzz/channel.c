/*
 * Fuzzes what the agent does with bytes from the host: frames, requests, streams.
 *
 * No process is ever started: clone3() gives a number that no process has. Pipes and terminals are real, and the fuzzer
 * plays the commands at their other ends. An input is a row of steps, see step().
 */
#include "../src/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- main.c and boot.c, as far as they are needed ---- */

int epoll_fd = -1;
bool is_init;

int64_t now_ms(void)
{
	return 1000;
}

void say(const char *format, ...)
{
	(void)format;
}

void watch(struct source *source, uint32_t events)
{
	if (source->fd >= 0)
		source->armed = events;
}

void close_source(struct source *source)
{
	if (source->fd >= 0)
		close(source->fd);
	source->fd = -1;
	source->armed = 0;
}

_Noreturn void power_off(void)
{
	abort();
}

void copy_in(void)
{
	abort();
}

void copy_out(void)
{
	abort();
}

/* ---- processes that are none ---- */

enum { NO_PID = 1 << 25 }; /* above all that there are */
static int pids;
static int far_ends[1024];
static size_t far_count;

long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	return number == SYS_clone3 ? NO_PID + pids++ : __real_syscall(number, a, b, c, d, e, f);
}

int __real_kill(pid_t pid, int signal);
int __wrap_kill(pid_t pid, int signal);
int __wrap_kill(pid_t pid, int signal)
{
	if ((pid < NO_PID && pid > -NO_PID) || signal < 1 || signal > 64)
		abort(); /* that would have been somebody else */
	return 0;
}

/* Keeps a second descriptor for both ends, so that the fuzzer can play the command. */
int __real_pipe2(int *ends, int flags);
int __wrap_pipe2(int *ends, int flags);
int __wrap_pipe2(int *ends, int flags)
{
	int failed = __real_pipe2(ends, flags);
	/* Of every third, one that cannot start. */
	if (!failed && far_count + 2 < sizeof far_ends / sizeof *far_ends && pids % 8 != 7)
		for (int i = 0; i < 2; i++) {
			far_ends[far_count] = fcntl(ends[i], F_DUPFD_CLOEXEC, 0);
			fcntl(far_ends[far_count++], F_SETFL, O_NONBLOCK);
		}
	return failed;
}

/* ---- the steps ---- */

static struct channel channel;
static struct port *const port = &channel.port;

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_stream(const struct stream *stream)
{
	require(stream->channel == &channel && stream->id);
	for (int lane = 0; lane < LANES; lane++)
		require(stream->credit[lane] <= WINDOW);
	require(stream->request_length <= MAX_REQUEST);
	require(stream->complete == (stream->pid != 0)); /* collected, or running */
	if (!stream->ended[LANE_IN])
		require(stream->credit[LANE_IN] + stream->unacked + stream->input_length == WINDOW);
	if (stream->exited)
		require(!stream->ended[LANE_OUT] || !stream->ended[LANE_ERR]); /* or it were gone */
	for (int other = 0; other < MAX_STREAMS; other++)
		require(!channel.streams[other] || channel.streams[other] == stream ||
			channel.streams[other]->id != stream->id);
}

/* What the agent would have sent: whole frames, of its own types, within the limits. Then it is gone. */
static void check_output(void)
{
	const uint8_t *at = port->out + port->out_start, *end = at + port->out_length;
	while (at < end) {
		require(end - at >= FRAME_HEADER);
		uint8_t type = at[0], flags = at[1];
		uint32_t id = get32(at + 4), length = get32(at + 8);
		require(!at[2] && !at[3] && length <= MAX_PAYLOAD && (size_t)(end - at) >= FRAME_HEADER + length);
		switch (type) {
		case F_WELCOME:
			require(!flags && !id && length == 44);
			break;
		case F_FAULT:
			require(!flags && !id && length && length <= MAX_MESSAGE);
			break;
		case F_STARTED:
			require(!flags && id && length == 4);
			break;
		case F_CREDIT:
			require(!flags && id && length == 4 && get32(at + 12) && get32(at + 12) <= WINDOW);
			break;
		case F_DATA:
			require((flags & ~FLAG_END) == LANE_OUT || (flags & ~FLAG_END) == LANE_ERR);
			require(id && (length || flags & FLAG_END));
			break;
		case F_RESULT:
			require(!flags && id && length >= 8 && length <= 8 + MAX_MESSAGE);
			require(at[12] <= R_NOT_STARTED && !at[13] && !at[14] && !at[15]);
			break;
		default:
			abort();
		}
		at += FRAME_HEADER + length;
	}
	port->out_start = port->out_length = 0;
}

static void check(void)
{
	for (int i = 0; i < MAX_STREAMS; i++)
		if (channel.streams[i])
			check_stream(channel.streams[i]);
	check_output();
	streams_bury();
}

static void feed(const uint8_t *bytes, size_t length)
{
	while (length) {
		size_t room = 2 * (FRAME_HEADER + MAX_PAYLOAD) - port->in_length;
		size_t n = length < room ? length : room;
		require(n); /* or it would stall */
		memcpy(port->in + port->in_length, bytes, n);
		port->in_length += n;
		bytes += n;
		length -= n;
		size_t before;
		do {
			before = port->in_length;
			port_feed(port);
			check();
		} while (port->in_length != before);
	}
}

static void hello(void)
{
	static const uint8_t frame[] = "\1\0\0\0\0\0\0\0\34\0\0\0CARAFE\r\n\1\0\1\0noncenoncenonce!";
	feed(frame, FRAME_HEADER + 28);
}

/* One step: a byte that says what, a byte that says of which stream, two bytes that say how much. */
static void step(const uint8_t *what, const uint8_t *bytes, size_t length)
{
	static uint8_t block[65536];
	struct stream *stream = channel.streams[what[1] % MAX_STREAMS];
	size_t far = far_count ? what[1] % far_count : 0;
	switch (what[0] % 9) {
	case 0:
	case 1:
		feed(bytes, length);
		break;
	case 2:
		if (stream && stream->pid && !stream->exited)
			stream_exited(stream, what[2] & 1 ? what[3] & 127 : what[3] << 8);
		break;
	case 3:
		for (int i = 0; stream && i < LANES; i++)
			if (stream == channel.streams[what[1] % MAX_STREAMS] && stream->lanes[i].armed)
				lane_ready(stream, i);
		break;
	case 4:
		if (stream && stream->pid)
			stream_resume(stream);
		break;
	case 5:
		if (far_count && write(far_ends[far], block, get16(what + 2)) < 0)
			errno = 0;
		break;
	case 6:
		while (far_count && read(far_ends[far], block, sizeof block) > 0)
			;
		break;
	case 7: {
		/* Much input, in a short step. */
		uint8_t header[FRAME_HEADER] = {F_DATA};
		put32(header + 4, stream ? stream->id : 1);
		put32(header + 8, get16(what + 2));
		feed(header, sizeof header);
		feed(block, get16(what + 2));
		break;
	}
	case 8:
		if (what[1] & 1)
			port_event(port, EPOLLHUP);
		hello();
		break;
	}
	check();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static uint8_t *in, *out; /* kept: to make them costs more than all the rest */
	if (!in) {
		in = malloc(2 * (FRAME_HEADER + MAX_PAYLOAD));
		out = malloc(1 << 20);
	}
	channel_init(&channel, -1);
	port->writable = false; /* the output stays for check_output() */
	port->in = in;
	port->out = out;
	pids = 0;
	hello();
	while (length >= 4) {
		const uint8_t *what = bytes;
		bytes += 4;
		length -= 4;
		size_t n = what[0] % 9 < 2 ? get16(what + 2) : 0;
		n = n < length ? n : length;
		step(what, bytes, n);
		bytes += n;
		length -= n;
	}
	port->kind->drop(port);
	check();
	while (far_count)
		close(far_ends[--far_count]);
	return 0;
}
