/* docs/protocol.md: transport, frames, opening a session, streams and lanes, limits. */
#include "test.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static uint8_t zeros[FRAME_HEADER + MAX_PAYLOAD];

/* ---- opening ---- */

TEST("a welcome repeats the magic and the nonce, and states the limits")
{
	struct host *host = agent_start();
	struct frame frame;
	send_hello(host, 1, 1, "0123456789abcdef");
	CHECK(next_frame(host, &frame));
	CHECK_NUMBER(frame.type, F_WELCOME);
	CHECK_NUMBER(frame.flags, 0);
	CHECK_NUMBER(frame.stream, 0);
	CHECK_NUMBER(frame.length, 44);
	CHECK(memcmp(frame.payload, "CARAFE\r\n0123456789abcdef", 24) == 0);
	CHECK_NUMBER(get16(frame.payload + 24), 1);
	CHECK_NUMBER(get16(frame.payload + 26), 0);
	CHECK_NUMBER(get32(frame.payload + 28), 65536);
	CHECK_NUMBER(get32(frame.payload + 32), 64);
	CHECK_NUMBER(get32(frame.payload + 36), 262144);
	CHECK_NUMBER(get32(frame.payload + 40), 0);
}

TEST("a host that speaks more versions gets the one that both speak")
{
	struct host *host = agent_start();
	struct frame frame;
	send_hello(host, 0, 9, "0123456789abcdef");
	CHECK(next_frame(host, &frame));
	CHECK_NUMBER(get16(frame.payload + 24), 1);
}

TEST("a host whose versions do not fit is told so, and no session opens")
{
	struct host *host = agent_start();
	struct frame frame;
	struct request request = shell("echo heard");
	send_hello(host, 2, 3, "0123456789abcdef");
	CHECK(next_frame(host, &frame));
	CHECK_NUMBER(frame.type, F_WELCOME);
	CHECK_NUMBER(get16(frame.payload + 24), 0);
	send_frame_of(host, F_REQUEST, 0, 1, request.bytes.at, request.bytes.length);
	send_hello(host, 0, 0, "0123456789abcdef");
	CHECK(next_frame(host, &frame));
	CHECK_NUMBER(frame.type, F_WELCOME);
	CHECK_NUMBER(get16(frame.payload + 24), 0);
}

TEST("padding is skipped between frames, in any number")
{
	struct host *host = agent_start();
	struct request request = shell("echo heard");
	for (size_t n = 1; n < 40; n++)
		send_bytes(host, zeros, n);
	CHECK_NUMBER(hello(host), 1);
	send_bytes(host, zeros, sizeof zeros);
	struct record *record = begin(host, &request);
	send_bytes(host, zeros, 7);
	CHECK_EXIT(finish(host, record), 0);
}

TEST("after a whole frame of padding, a HELLO is heard whatever was under way before")
{
	/* Half a header; a header; half a payload of each length that matters. */
	static const size_t lengths[] = {1, 4, 11, 12, 13, 40, 65547};
	struct host *host = agent_start();
	uint8_t frame[FRAME_HEADER + MAX_PAYLOAD];
	memset(frame, 7, sizeof frame);
	memcpy(frame, (uint8_t[FRAME_HEADER]){F_DATA, 0, 0, 0, 9, 0, 0, 0, 0, 0, 1, 0}, FRAME_HEADER);
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		send_bytes(host, frame, lengths[i]);
		send_bytes(host, zeros, sizeof zeros);
		CHECK_NUMBER(hello(host), 1);
	}
}

TEST("garbage before HELLO is skipped without a word")
{
	struct host *host = agent_start();
	uint8_t garbage[3000];
	struct frame frame;
	for (size_t i = 0; i < sizeof garbage; i++)
		garbage[i] = (uint8_t)(pattern(i) | 128);
	send_bytes(host, garbage, sizeof garbage);
	send_bytes(host, zeros, sizeof zeros);
	send_hello(host, 1, 1, "0123456789abcdef");
	CHECK(next_frame(host, &frame));
	CHECK_NUMBER(frame.type, F_WELCOME);
}

TEST("frames before HELLO are skipped without a word, and do nothing")
{
	struct host *host = agent_start();
	struct request request = exec_of("touch", scratch("made"), NULL);
	struct frame frame;
	send_frame_of(host, F_REQUEST, 0, 1, request.bytes.at, request.bytes.length);
	send_frame_of(host, F_CREDIT, 3, 0, "", 0);
	send_frame_of(host, 200, 255, 5, zeros, 100);
	send_hello(host, 1, 1, "0123456789abcdef");
	CHECK(next_frame(host, &frame));
	CHECK_NUMBER(frame.type, F_WELCOME);
	CHECK(!exists(scratch("made")));
}

TEST("a HELLO with the wrong magic opens nothing, and is a fault in a session")
{
	static const char WRONG[] = "CARAFE\n\n\1\0\1\0noncenoncenonce!";
	struct host *host = agent_start();
	struct request request = exec_of("touch", scratch("made"), NULL);
	struct frame frame;
	send_frame_of(host, F_HELLO, 0, 0, WRONG, 28);
	send_frame_of(host, F_REQUEST, 0, 1, request.bytes.at, request.bytes.length);
	send_hello(host, 1, 1, "0123456789abcdef");
	CHECK(next_frame(host, &frame));
	CHECK_NUMBER(frame.type, F_WELCOME);
	send_frame_of(host, F_HELLO, 0, 0, WRONG, 28);
	expect_fault(host, "a malformed HELLO");
	CHECK(!exists(scratch("made")));
}

TEST("a HELLO of the wrong length, stream or flags is a fault")
{
	static const char GOOD[] = "CARAFE\r\n\1\0\1\0noncenoncenonce!";
	struct host *host = open_session();
	send_frame_of(host, F_HELLO, 0, 0, GOOD, 27);
	expect_fault(host, "a malformed HELLO");
	send_frame_of(host, F_HELLO, 0, 1, GOOD, 28);
	expect_fault(host, "a malformed HELLO");
	send_frame_of(host, F_HELLO, 1, 0, GOOD, 28);
	expect_fault(host, "a malformed HELLO");
}

TEST("a HELLO in the middle of a session kills its commands and forgets its streams")
{
	struct host *host = open_session();
	struct request sleeping = shell("echo $$; exec sleep 1000");
	struct record *first = begin(host, &sleeping), *second = begin(host, &sleeping);
	wait_output(host, first, "\n");
	wait_output(host, second, "\n");
	pid_t pids[] = {atoi(text_of(first, LANE_OUT)), atoi(text_of(second, LANE_OUT))};
	CHECK_NUMBER(hello(host), 1);
	wait_until_gone(pids[0]);
	wait_until_gone(pids[1]);
	/* Nothing of them is heard any more, and their numbers are free. */
	host->last_id = 0;
	struct request request = shell("echo new");
	CHECK_TEXT(text_of(run(host, &request), LANE_OUT), "new\n");
}

TEST("a HELLO drops what the guest had still to send")
{
	struct host *host = open_session();
	struct request request = exec_of(self(), "write", "200000", NULL);
	for (int i = 0; i < 20; i++)
		begin(host, &request);
	for (int i = 0; i < 100; i++)
		breathe();
	CHECK_NUMBER(hello(host), 1);
	CHECK(host->skipped < 20 * 200000);
	request = shell("exit 3");
	CHECK_EXIT(run(host, &request), 3);
}

/* ---- the end of a session ---- */

TEST("when the host closes, its commands are killed and the agent on a socketpair ends")
{
	struct host *host = open_session();
	struct request request = shell("sleep 1000 & echo $!; echo $$; wait");
	struct record *record = begin(host, &request);
	int pids[2];
	while (sscanf(text_of(record, LANE_OUT), "%d %d\n", &pids[0], &pids[1]) != 2)
		pump(host);
	host_close(host);
	wait_until_gone(pids[0]);
	wait_until_gone(pids[1]);
}

TEST("when the host is killed in a flood of output, its commands are killed all the same")
{
	agent_listen(scratch("socket"));
	struct host *host = agent_connect(scratch("socket"));
	CHECK_NUMBER(hello(host), 1);
	struct request request = shell("echo $$; yes & yes >&2; wait");
	struct record *records[4];
	for (int i = 0; i < 4; i++)
		wait_output(host, records[i] = begin(host, &request), "\n");
	/* Not reading: the agent's buffers fill, and it must find out all the same. */
	for (int i = 0; i < 1000; i++)
		breathe();
	host_close(host);
	for (int i = 0; i < 4; i++)
		wait_until_gone(atoi(text_of(records[i], LANE_OUT)));
	host = agent_connect(scratch("socket"));
	CHECK_NUMBER(hello(host), 1);
	request = shell("echo next");
	CHECK_TEXT(text_of(run(host, &request), LANE_OUT), "next\n");
}

TEST("one host after another is served, whatever the one before left half sent")
{
	agent_listen(scratch("socket"));
	for (size_t left = 0; left < 60; left += 3) {
		struct host *host = agent_connect(scratch("socket"));
		send_bytes(host, zeros, sizeof zeros);
		CHECK_NUMBER(hello(host), 1);
		struct request request = shell("echo heard");
		CHECK_TEXT(text_of(run(host, &request), LANE_OUT), "heard\n");
		uint8_t half[64] = {F_REQUEST, 0, 0, 0, 1, 0, 0, 0, 60, 0, 0, 0, OP_EXEC};
		send_bytes(host, half, left);
		host_close(host);
	}
}

TEST("a detached command lives on when its channel goes, and another does not")
{
	agent_listen(scratch("socket"));
	struct host *host = agent_connect(scratch("socket"));
	CHECK_NUMBER(hello(host), 1);
	struct request request = exec_of("sleep", "1000", NULL);
	struct record *attached = begin(host, &request);
	wait_started(host, attached);
	field8(&request, 7, 1);
	struct record *detached = run(host, &request);
	CHECK_EXIT(detached, 0);
	CHECK(detached->started);
	host_close(host);
	wait_until_gone((pid_t)attached->pid);
	host = agent_connect(scratch("socket"));
	CHECK_NUMBER(hello(host), 1);
	CHECK_NUMBER(kill((pid_t)detached->pid, 0), 0);
}

/* ---- what faults ---- */

#define FAULT(sentence, words, send)                                                                                   \
	TEST(sentence)                                                                                                 \
	{                                                                                                              \
		struct host *host = open_session();                                                                    \
		struct request cat = exec_of("cat", NULL), true_ = exec_of("true", NULL);                              \
		struct record *record = begin(host, &cat);                                                             \
		wait_started(host, record);                                                                            \
		(void)true_;                                                                                           \
		uint32_t id = record->id;                                                                              \
		(void)id;                                                                                              \
		send;                                                                                                  \
		expect_fault(host, words);                                                                             \
		wait_until_gone((pid_t)record->pid);                                                                   \
	}

FAULT("a frame type that does not exist is a fault", "of a type or with flags",
      send_frame_of(host, 12, 0, id, "", 0))
FAULT("a WELCOME from the host is a fault", "of a type or with flags",
      send_frame_of(host, F_WELCOME, 0, 0, zeros, 44))
FAULT("a STARTED from the host is a fault", "of a type or with flags",
      send_frame_of(host, F_STARTED, 0, id, zeros, 4))
FAULT("a RESULT from the host is a fault", "of a type or with flags",
      send_frame_of(host, F_RESULT, 0, id, zeros, 8))
FAULT("a FAULT from the host is a fault", "of a type or with flags", send_frame_of(host, F_FAULT, 0, 0, "", 0))
FAULT("a flag that REQUEST does not have is a fault", "of a type or with flags",
      send_frame_of(host, F_REQUEST, 2, 50, true_.bytes.at, true_.bytes.length))
FAULT("a flag that DATA does not have is a fault", "of a type or with flags",
      send_frame_of(host, F_DATA, 4, id, "x", 1))
FAULT("END on a CREDIT is a fault", "of a type or with flags",
      send_frame_of(host, F_CREDIT, FLAG_END | LANE_OUT, id, zeros, 4))
FAULT("a flag on SIGNAL is a fault", "of a type or with flags",
      send_frame_of(host, F_SIGNAL, 1, id, "\17\0\0\0", 4))
FAULT("a flag on RESIZE is a fault", "of a type or with flags",
      send_frame_of(host, F_RESIZE, 1, id, "\1\0\1\0", 4))
FAULT("a flag on CANCEL is a fault", "of a type or with flags", send_frame_of(host, F_CANCEL, 1, id, "", 0))
FAULT("a frame for stream 0 is a fault", "stream 0", send_frame_of(host, F_DATA, 0, 0, "x", 1))
FAULT("a REQUEST for stream 0 is a fault", "stream 0",
      send_frame_of(host, F_REQUEST, 0, 0, true_.bytes.at, true_.bytes.length))
FAULT("a payload of more than 65536 bytes is a fault", "a header that is not one",
      send_bytes(host, ((uint8_t[FRAME_HEADER]){F_DATA, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0}), FRAME_HEADER);
      send_bytes(host, zeros, sizeof zeros))
FAULT("bytes of a header that must be zero and are not are a fault", "a header that is not one",
      send_bytes(host, ((uint8_t[FRAME_HEADER]){F_DATA, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0}), FRAME_HEADER);
      send_bytes(host, zeros, sizeof zeros))
FAULT("DATA without bytes and without END is a fault", "DATA without bytes",
      send_frame_of(host, F_DATA, 0, id, "", 0))
FAULT("DATA on lane 1 from the host is a fault", "not the host's", send_frame_of(host, F_DATA, 1, id, "x", 1))
FAULT("DATA on lane 2 from the host is a fault", "not the host's", send_frame_of(host, F_DATA, 2, id, "x", 1))
FAULT("DATA on lane 3 is a fault", "not the host's", send_frame_of(host, F_DATA, 3, id, "x", 1))
FAULT("CREDIT for lane 0 from the host is a fault", "not the guest's",
      send_frame_of(host, F_CREDIT, 0, id, "\1\0\0\0", 4))
FAULT("CREDIT for lane 3 is a fault", "not the guest's", send_frame_of(host, F_CREDIT, 3, id, "\1\0\0\0", 4))
FAULT("CREDIT of 0 bytes is a fault", "CREDIT of nothing", send_credit(host, record, LANE_OUT, 0))
FAULT("CREDIT that lifts a window above its limit is a fault", "beyond the window",
      send_credit(host, record, LANE_OUT, 1))
FAULT("CREDIT of nearly 2^32 bytes is a fault", "beyond the window",
      send_credit(host, record, LANE_ERR, 0xFFFFFFFF))
FAULT("a CREDIT that is too short is a fault", "length does not fit",
      send_frame_of(host, F_CREDIT, 1, id, "\1\0\0", 3))
FAULT("a SIGNAL that is too long is a fault", "length does not fit",
      send_frame_of(host, F_SIGNAL, 0, id, "\17\0\0\0\0", 5))
FAULT("signal 0 is a fault", "not 1 to 64", send_signal(host, record, 0))
FAULT("signal 65 is a fault", "not 1 to 64", send_signal(host, record, 65))
FAULT("signal 2^31 is a fault", "not 1 to 64", send_signal(host, record, 0x80000000))
FAULT("a RESIZE to no rows is a fault", "without rows or columns", send_resize(host, record, 0, 80))
FAULT("a RESIZE to no columns is a fault", "without rows or columns", send_resize(host, record, 24, 0))
FAULT("a RESIZE that is too short is a fault", "length does not fit",
      send_frame_of(host, F_RESIZE, 0, id, "\1\0", 2))
FAULT("a CANCEL with a payload is a fault", "length does not fit", send_frame_of(host, F_CANCEL, 0, id, "x", 1))
FAULT("a second REQUEST for a stream that is open is a fault", "in use",
      send_frame_of(host, F_REQUEST, 0, id, true_.bytes.at, true_.bytes.length))
FAULT("a frame between the parts of its REQUEST is a fault", "between the parts",
      send_frame_of(host, F_REQUEST, FLAG_MORE, 50, "\2", 1);
      send_frame_of(host, F_DATA, 0, 50, "x", 1))
FAULT("a CANCEL between the parts of its REQUEST is a fault", "between the parts",
      send_frame_of(host, F_REQUEST, FLAG_MORE, 50, "\2", 1);
      send_frame_of(host, F_CANCEL, 0, 50, "", 0))
FAULT("a REQUEST of more than 2097152 bytes is a fault", "more than 2097152 bytes",
      for (int i = 0; i < 33; i++) send_frame_of(host, F_REQUEST, FLAG_MORE, 50, zeros, MAX_PAYLOAD))

TEST("DATA after END is a fault")
{
	struct host *host = open_session();
	struct request request = shell("cat; sleep 1000");
	struct record *record = begin(host, &request);
	wait_started(host, record);
	give_end(host, record);
	give_end(host, record);
	expect_fault(host, "DATA after END");
}

TEST("DATA for a command without input is a fault")
{
	struct host *host = open_session();
	struct request request = exec_of("sleep", "1000", NULL);
	field8(&request, 8, 1);
	struct record *record = begin(host, &request);
	wait_started(host, record);
	give_text(host, record, "x");
	expect_fault(host, "without input");
}

TEST("DATA beyond the window is a fault, and DATA up to it is not")
{
	struct host *host = open_session();
	struct request sleeping = exec_of("sleep", "1000", NULL), request = shell("echo heard");
	struct record *record = begin(host, &sleeping);
	/* The pipe to the command takes a window, and gives that back as credit; then the agent keeps another. */
	static uint8_t much[WINDOW];
	give(host, record, much, WINDOW);
	give(host, record, much, WINDOW);
	CHECK_EXIT(run(host, &request), 0);
	CHECK_NUMBER(record->credit, 0);
	send_frame_of(host, F_DATA, 0, record->id, "x", 1);
	expect_fault(host, "beyond the window");
}

TEST("frames for a stream that is not open are ignored")
{
	struct host *host = open_session();
	struct request request = shell("exit 3");
	struct record *record = run(host, &request);
	give_text(host, record, "x");
	give_end(host, record);
	give_end(host, record);
	send_signal(host, record, 15);
	send_resize(host, record, 1, 1);
	send_cancel(host, record);
	send_credit(host, record, LANE_OUT, WINDOW);
	record->id = 0xFFFFFFFF;
	send_cancel(host, record);
	CHECK_EXIT(run(host, &request), 3);
}

TEST("any number from 1 to 2^32-1 names a stream, and may be used again")
{
	struct host *host = open_session();
	struct request request = shell("exit 3");
	static const uint32_t numbers[] = {1, 0xFFFFFFFF, 0x80000000, 1, 77};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		host->last_id = numbers[i] - 1;
		CHECK_EXIT(run(host, &request), 3);
	}
}

TEST("64 streams run at once, and a 65th is a fault")
{
	struct host *host = open_session();
	struct request request = exec_of("cat", NULL);
	struct record *records[MAX_STREAMS];
	for (int i = 0; i < MAX_STREAMS; i++)
		wait_started(host, records[i] = begin(host, &request));
	for (int i = 0; i < MAX_STREAMS; i++) {
		give_text(host, records[i], text("this is %d", i));
		give_end(host, records[i]);
	}
	for (int i = 0; i < MAX_STREAMS; i++) {
		CHECK_EXIT(finish(host, records[i]), 0);
		CHECK_TEXT(text_of(records[i], LANE_OUT), text("this is %d", i));
	}
	for (int i = 0; i < MAX_STREAMS; i++)
		begin(host, &request);
	begin(host, &request);
	expect_fault(host, "more than 64 streams");
}

TEST("a request in many parts is one request, and other streams go on between them")
{
	struct host *host = open_session();
	struct request request = exec_of("printf", "%s", "in parts", NULL), other = shell("echo other");
	struct record *record = calloc(1, sizeof *record);
	record->id = ++host->last_id;
	host->records[host->record_count++] = record;
	for (size_t i = 0; i < request.bytes.length; i++) {
		send_frame_of(host, F_REQUEST, FLAG_MORE, record->id, request.bytes.at + i, 1);
		if (i == 10)
			CHECK_TEXT(text_of(run(host, &other), LANE_OUT), "other\n");
	}
	send_frame_of(host, F_REQUEST, 0, record->id, "", 0);
	CHECK_TEXT(text_of(finish(host, record), LANE_OUT), "in parts");
}

TEST("a request of exactly 2097152 bytes is read")
{
	struct host *host = open_session();
	struct request request = exec_of("true", NULL);
	size_t left = MAX_REQUEST - request.bytes.length - 5;
	uint8_t *name = malloc(left);
	memset(name, 'x', left);
	memcpy(name, "A=", 2);
	field(&request, 2, name, left);
	CHECK_NUMBER(request.bytes.length, MAX_REQUEST);
	struct record *record = run(host, &request); /* one string of that length is beyond what execve() takes */
	CHECK_END(record, R_NOT_STARTED, 126);
	CHECK_TEXT(record->message, "true: Argument list too long");
}

TEST("each of ten thousand requests sent at once is answered")
{
	struct host *host = open_session();
	enum { COUNT = 10000 };
	struct bytes frames = {0};
	for (uint32_t i = 1; i <= COUNT; i++) {
		uint8_t header[FRAME_HEADER] = {F_REQUEST};
		put32(header + 4, i);
		append(&frames, header, sizeof header); /* empty, so refused */
	}
	send_bytes(host, frames.at, frames.length);
	for (uint32_t i = 1; i <= COUNT; i++) {
		struct frame frame;
		CHECK(next_frame(host, &frame));
		CHECK_NUMBER(frame.type, F_RESULT);
		CHECK_NUMBER(frame.stream, i);
		CHECK_NUMBER(frame.payload[0], R_REFUSED);
	}
}

TEST("frames are understood however the bytes are cut")
{
	struct host *host = open_session();
	struct request request = shell("echo heard; exit 3");
	struct record *record = calloc(1, sizeof *record);
	record->id = ++host->last_id;
	host->records[host->record_count++] = record;
	uint8_t header[FRAME_HEADER] = {F_REQUEST};
	put32(header + 4, record->id);
	put32(header + 8, (uint32_t)request.bytes.length);
	struct bytes frame = {0};
	append(&frame, header, sizeof header);
	append(&frame, request.bytes.at, request.bytes.length);
	for (size_t i = 0; i < frame.length; i++) {
		send_bytes(host, frame.at + i, 1);
		breathe();
	}
	CHECK_EXIT(finish(host, record), 3);
}

/* ---- requests that make no sense ---- */

static void refused(struct host *host, struct request request, const char *words)
{
	struct record *record = run(host, &request);
	CHECK_END(record, R_REFUSED, 0);
	CHECK_HAS(record->message, words);
	CHECK(!record->started);
}

TEST("an unknown operation is refused")
{
	struct host *host = open_session();
	struct request request = {0};
	refused(host, request, "an empty request");
	refused(host, request_of(0), "unknown operation 0");
	refused(host, request_of(11), "unknown operation 11");
	refused(host, request_of(255), "unknown operation 255");
}

TEST("an EXEC whose fields make no sense is refused, with a reason")
{
	struct host *host = open_session();
	struct request request = request_of(OP_EXEC);
	refused(host, request, "no argument");

	field_text(&request, 9, "x");
	refused(host, request, "an unknown field");
	request = exec_of("true", NULL);
	field_text(&request, 0, "x");
	refused(host, request, "an unknown field");
	request = exec_of("true", NULL);
	append(&request.bytes, "\1\5\0\0\0four", 9);
	refused(host, request, "longer than the request");
	request = exec_of("true", NULL);
	append(&request.bytes, "\1\xff\xff\xff\xff", 5);
	refused(host, request, "longer than the request");
	request = exec_of("true", NULL);
	append(&request.bytes, "\1\0\0\0", 4);
	refused(host, request, "longer than the request");

	request = exec_of("true", NULL);
	field(&request, 1, "a\0b", 3);
	refused(host, request, "an argument with a NUL");
	request = exec_of("true", NULL);
	field(&request, 2, "A=\0b", 4);
	refused(host, request, "has a NUL");
	request = exec_of("true", NULL);
	field_text(&request, 2, "A");
	refused(host, request, "without a name or a value");
	request = exec_of("true", NULL);
	field_text(&request, 2, "=b");
	refused(host, request, "without a name or a value");
	request = exec_of("true", NULL);
	field_text(&request, 2, "");
	refused(host, request, "empty");
	request = exec_of("true", NULL);
	field_text(&request, 3, "tmp");
	refused(host, request, "not absolute");
	request = exec_of("true", NULL);
	field_text(&request, 3, "/");
	field_text(&request, 3, "/");
	refused(host, request, "twice");
	request = request_of(OP_EXEC);
	field_text(&request, 1, "true");
	field_text(&request, 4, "");
	refused(host, request, "a user that is empty");

	request = exec_of("true", NULL);
	field_terminal(&request, 0, 80);
	refused(host, request, "without rows or columns");
	request = exec_of("true", NULL);
	field_text(&request, 5, "abc");
	refused(host, request, "wrong length");
	request = exec_of("true", NULL);
	field64(&request, 6, 0);
	refused(host, request, "time limit out of range");
	request = exec_of("true", NULL);
	field64(&request, 6, 1ull << 62);
	refused(host, request, "time limit out of range");
	request = exec_of("true", NULL);
	field8(&request, 7, 2);
	refused(host, request, "not 1");
	request = exec_of("true", NULL);
	field8(&request, 8, 0);
	refused(host, request, "not 1");
	request = exec_of("true", NULL);
	field8(&request, 7, 1);
	field_terminal(&request, 24, 80);
	refused(host, request, "for a detached command");
	request = exec_of("true", NULL);
	field8(&request, 7, 1);
	field64(&request, 6, 1000);
	refused(host, request, "for a detached command");
}

TEST("a PUT or GET whose fields make no sense is refused")
{
	struct host *host = open_session();
	for (enum operation operation = OP_PUT; operation <= OP_GET; operation++) {
		refused(host, request_of(operation), "missing or wrong");
		struct request request = request_of(operation);
		field_text(&request, 1, "relative");
		refused(host, request, "missing or wrong");
		request = request_of(operation);
		field_text(&request, 1, text("/%04095d", 0));
		refused(host, request, "missing or wrong");
		request = request_of(operation);
		field(&request, 1, "/a\0b", 4);
		refused(host, request, "missing or wrong");
		request = request_of(operation);
		field_text(&request, 1, "/a");
		field_text(&request, 1, "/a");
		refused(host, request, "missing or wrong");
		request = request_of(operation);
		field_text(&request, 1, "/a");
		field_text(&request, 6, "x");
		refused(host, request, "missing or wrong");
		request = request_of(operation);
		field_text(&request, 1, "/a");
		append(&request.bytes, "\1\5\0\0\0", 5);
		refused(host, request, "missing or wrong");
	}
	static const char *const names[] = {"", ".", "..", "a/b", "/"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct request request = request_of(OP_PUT);
		field_text(&request, 1, "/a");
		field_text(&request, 2, names[i]);
		refused(host, request, "missing or wrong");
	}
	struct request request = request_of(OP_PUT);
	field_text(&request, 1, "/a");
	field_text(&request, 2, text("%0256d", 0));
	refused(host, request, "missing or wrong");
	request = request_of(OP_PUT);
	field_text(&request, 1, "/a");
	field32(&request, 4, 010000);
	refused(host, request, "missing or wrong");
	request = request_of(OP_PUT);
	field_text(&request, 1, "/a");
	field32(&request, 3, 0);
	refused(host, request, "missing or wrong");
	request = request_of(OP_PUT);
	field_text(&request, 1, "/a");
	field8(&request, 5, 1);
	refused(host, request, "missing or wrong");
	for (uint8_t tag = 2; tag <= 4; tag++) {
		request = request_of(OP_GET);
		field_text(&request, 1, "/a");
		field(&request, tag, zeros, tag == 3 ? 8 : 4);
		refused(host, request, "missing or wrong");
	}
	request = request_of(OP_GET);
	field_text(&request, 1, "/a");
	field8(&request, 5, 0);
	refused(host, request, "missing or wrong");
}

TEST("what only a machine can do fails in a plain process, and does nothing")
{
	struct host *host = open_session();
	struct request request = request_of(OP_POWEROFF);
	CHECK_END(run(host, &request), R_FAILED, 1 /* EPERM */);
	request = request_of(OP_CONFIGURE);
	field_text(&request, 5, "name");
	CHECK_END(run(host, &request), R_FAILED, 1);
	request = request_of(OP_FREEZE);
	uint8_t area[16] = {0, 16, [9] = 16};
	field(&request, 2, area, sizeof area);
	CHECK_END(run(host, &request), R_FAILED, 6 /* ENXIO */);
	for (enum operation operation = OP_SYNC; operation <= OP_POWEROFF; operation += 3) {
		request = request_of(operation);
		field_text(&request, 1, "x");
		refused(host, request, "takes no fields");
	}
}

TEST("an operation that there was once is unknown")
{
	struct host *host = open_session();
	struct request request = request_of(OP_FREEZE + 1);
	refused(host, request, "unknown operation 7");
}

TEST("PING is answered at once, also beside a command that is silent, and takes no fields")
{
	struct host *host = open_session();
	struct request silent = exec_of("sleep", "100", NULL);
	struct record *sleeping = begin(host, &silent);
	struct request request = request_of(OP_PING);
	CHECK_END(run(host, &request), R_DONE, 0);
	request = request_of(OP_PING);
	field_text(&request, 1, "x");
	refused(host, request, "takes no fields");
	send_cancel(host, sleeping);
	finish(host, sleeping);
}

TEST("SYNC answers with nothing but its result, and may be cancelled")
{
	struct host *host = open_session();
	struct request request = request_of(OP_SYNC);
	struct record *record = begin(host, &request);
	send_cancel(host, record); /* not to wait for this machine's disks */
	finish(host, record);
	CHECK(record->kind == R_DONE || (record->kind == R_SIGNALLED && record->code == SIGTERM));
	CHECK(!record->started && !record->lanes[LANE_OUT].ended && !record->lanes[LANE_ERR].ended);
}

/* ---- credit ---- */

TEST("a lane stops at its window, and goes on by exactly the credit it gets")
{
	struct host *host = open_session();
	struct request request = exec_of(self(), "write", "1000000", NULL), other = shell("echo other");
	struct record *record = begin(host, &request);
	struct lane_record *out = &record->lanes[LANE_OUT];
	out->no_credit = true;
	while (out->total < WINDOW)
		pump(host);
	run(host, &other);
	CHECK_NUMBER(out->total, WINDOW);
	send_credit(host, record, LANE_OUT, 1);
	send_credit(host, record, LANE_OUT, 99);
	while (out->total < WINDOW + 100)
		pump(host);
	run(host, &other);
	CHECK_NUMBER(out->total, WINDOW + 100);
	out->no_credit = false;
	send_credit(host, record, LANE_OUT, WINDOW);
	CHECK_EXIT(finish(host, record), 0);
	CHECK_NUMBER(out->total, 1000000);
}

TEST("a reader that has stopped stalls no other stream, nor the other lane of its own")
{
	struct host *host = open_session();
	struct request flood = shell("yes & i=0; while [ $i -lt 40000 ]; do echo line $i >&2; i=$((i+1)); done; echo done >&2; wait");
	struct record *record = begin(host, &flood);
	record->lanes[LANE_OUT].no_credit = true;
	while (!record->lanes[LANE_ERR].bytes.length || !strstr(text_of(record, LANE_ERR), "done"))
		pump(host);
	struct request other = exec_of(self(), "write", "3000000", NULL);
	struct record *second = run(host, &other);
	CHECK_NUMBER(second->lanes[LANE_OUT].total, 3000000);
	CHECK_NUMBER(record->lanes[LANE_OUT].total, WINDOW);
}

TEST("a flood on other streams leaves each its turn")
{
	struct host *host = open_session();
	struct request flood = exec_of("yes", NULL), request = exec_of("cat", NULL);
	struct record *first = begin(host, &request);
	for (int i = 0; i < 8; i++)
		begin(host, &flood)->lanes[LANE_OUT].discard = true;
	struct record *last = begin(host, &request);
	for (uint64_t round = 1; round <= 20; round++) {
		give_text(host, first, "x");
		give_text(host, last, "x");
		while (first->lanes[LANE_OUT].total < round || last->lanes[LANE_OUT].total < round)
			pump(host);
	}
}
