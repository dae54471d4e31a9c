/*
 * The agent's tests: the agent runs as an ordinary process, and the test is its host.
 *
 * Each test runs in a process of its own, with an agent of its own, and ends at the first CHECK that does not hold. There
 * are no sleeps: where something must have happened, the test waits for what shows it, and the harness ends a test that
 * waits for ever.
 */
#ifndef CARAFE_TEST_H
#define CARAFE_TEST_H

#include "../src/agent.h"

#include <stdio.h>
#include <string.h>

/* ---- tests ---- */

struct test {
	const char *name;
	void (*run)(void);
	bool root_only;
	struct test *next;
};
void test_add(struct test *test);

#define TEST_(line, sentence, root) TEST__(line, sentence, root)
#define TEST__(line, sentence, root)                                                                                   \
	static void test_##line(void);                                                                                 \
	__attribute__((constructor)) static void add_##line(void)                                                      \
	{                                                                                                              \
		static struct test test = {.name = sentence, .run = test_##line, .root_only = root};                   \
		test_add(&test);                                                                                       \
	}                                                                                                              \
	static void test_##line(void)
#define TEST(sentence) TEST_(__LINE__, sentence, false)
#define ROOT_TEST(sentence) TEST_(__LINE__, sentence, true)

_Noreturn void failed(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define FAIL(...) failed(__FILE__, __LINE__, __VA_ARGS__)
#define CHECK(condition) ((condition) ? (void)0 : FAIL("%s", #condition))
#define CHECK_NUMBER(actual, expected) check_number(__FILE__, __LINE__, #actual, (long long)(actual), (long long)(expected))
#define CHECK_TEXT(actual, expected) check_text(__FILE__, __LINE__, #actual, (actual), (expected))
#define CHECK_HAS(actual, part) check_has(__FILE__, __LINE__, #actual, (actual), (part))
void check_number(const char *file, int line, const char *what, long long actual, long long expected);
void check_text(const char *file, int line, const char *what, const char *actual, const char *expected);
void check_has(const char *file, int line, const char *what, const char *actual, const char *part);

/* A path in this test's own empty directory. The result is the caller's for good. */
const char *scratch(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
void write_to(const char *path, const char *content);
const char *content_of(const char *path);
bool exists(const char *path);
int count_in(const char *directory); /* names in it */
void wait_until_gone(pid_t pid);
#define WAIT_UNTIL(condition)                                                                                          \
	while (!(condition))                                                                                           \
	breathe()
void breathe(void);

/* ---- bytes ---- */

struct bytes {
	uint8_t *at;
	size_t length, room;
};
void append(struct bytes *bytes, const void *more, size_t length);
void append32(struct bytes *bytes, uint32_t value);

/* ---- the host's side of a channel ---- */

struct lane_record {
	struct bytes bytes;
	uint64_t total;
	bool ended, no_credit; /* no_credit: the test's reader has stopped */
	bool discard;	       /* count, do not keep */
	void (*taker)(const uint8_t *at, size_t length);
};

/* What the guest has said of a stream. */
struct record {
	uint32_t id;
	bool started, done;
	uint32_t pid;
	int kind;
	uint32_t code;
	char message[MAX_MESSAGE + 1];
	struct lane_record lanes[LANES];
	uint32_t credit; /* what we may still send */
};

struct frame {
	uint8_t type, flags;
	uint32_t stream, length;
	uint8_t payload[MAX_PAYLOAD];
};

struct host {
	int fd;
	const char *magic;
	struct bytes in;
	size_t in_start;
	struct record *records[4096];
	size_t record_count;
	uint32_t last_id;
	uint64_t skipped; /* bytes before the last WELCOME */
};

extern const char *agent_program;
extern pid_t agent_pid;

struct host *agent_start(void);		    /* on a socketpair; no HELLO yet */
void agent_listen(const char *path);	    /* on a Unix socket */
struct host *agent_connect(const char *path); /* no HELLO yet */
/* An agent that serves a relay, after HELLO: without privilege; or with routes, in a network namespace of the test's own. */
struct host *relay_start(uint16_t dns_port);
struct host *network_start(void);
struct host *freezer_start(const char *upper); /* whose FREEZE sends that directory; after HELLO */
void host_close(struct host *host);
struct host *open_session(void); /* agent_start() and hello() */

void send_bytes(struct host *host, const void *bytes, size_t length);
void send_frame_of(struct host *host, uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
		   size_t length);
bool next_frame(struct host *host, struct frame *frame); /* false at end of file */
void send_hello(struct host *host, uint16_t lowest, uint16_t highest, const char *nonce);
/* Sends HELLO and skips to its WELCOME; returns the version that was chosen. */
int hello(struct host *host);
/* The next frame is FAULT, with these words; and nothing but HELLO is heard after it. */
void expect_fault(struct host *host, const char *words);

/* ---- requests ---- */

struct request {
	struct bytes bytes;
};
struct request request_of(enum operation operation);
void field(struct request *request, uint8_t tag, const void *value, size_t length);
void field_text(struct request *request, uint8_t tag, const char *value);
void field8(struct request *request, uint8_t tag, uint8_t value);
void field32(struct request *request, uint8_t tag, uint32_t value);
void field64(struct request *request, uint8_t tag, uint64_t value);
void field_terminal(struct request *request, uint16_t rows, uint16_t columns);
/* EXEC as the user we are. */
struct request exec_of(const char *first, ...) __attribute__((sentinel));
struct request shell(const char *script);

struct record *begin(struct host *host, const struct request *request);
void pump(struct host *host); /* takes one frame */
struct record *finish(struct host *host, struct record *record);
struct record *run(struct host *host, const struct request *request);
void wait_started(struct host *host, struct record *record);
void wait_output(struct host *host, struct record *record, const char *part); /* until lane 1 has it */
const char *text_of(const struct record *record, enum lane lane);
void give(struct host *host, struct record *record, const void *bytes, size_t length);
void give_text(struct host *host, struct record *record, const char *bytes);
void give_end(struct host *host, struct record *record);
void send_credit(struct host *host, const struct record *record, enum lane lane, uint32_t bytes);
void send_signal(struct host *host, const struct record *record, uint32_t number);
void send_resize(struct host *host, const struct record *record, uint16_t rows, uint16_t columns);
void send_cancel(struct host *host, const struct record *record);

#define CHECK_EXIT(record, expected) check_end(__FILE__, __LINE__, (record), R_DONE, (expected))
#define CHECK_END(record, kind, code) check_end(__FILE__, __LINE__, (record), (kind), (code))
void check_end(const char *file, int line, const struct record *record, int kind, uint32_t code);

/* ---- helpers that the test program is as a command ---- */

const char *self(void); /* its path */
uint8_t pattern(uint64_t position);

#endif
