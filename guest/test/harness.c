/* Runs the tests, and is the host. */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TEST_SECONDS = 60, JOBS = 2 };

const char *agent_program;
pid_t agent_pid;
static char directory[64]; /* this test's own */
static struct test *tests;
static bool listening;

/* ---- checks ---- */

_Noreturn void failed(const char *file, int line, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fprintf(stderr, "  %s:%d: ", file, line);
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
	va_end(arguments);
	_exit(1);
}

void check_number(const char *file, int line, const char *what, long long actual, long long expected)
{
	if (actual != expected)
		failed(file, line, "%s is %lld, not %lld", what, actual, expected);
}

void check_text(const char *file, int line, const char *what, const char *actual, const char *expected)
{
	if (strcmp(actual, expected) != 0)
		failed(file, line, "%s is '%.2000s', not '%.2000s'", what, actual, expected);
}

void check_has(const char *file, int line, const char *what, const char *actual, const char *part)
{
	if (!strstr(actual, part))
		failed(file, line, "%s is '%.2000s', without '%.2000s'", what, actual, part);
}

void check_end(const char *file, int line, const struct record *record, int kind, uint32_t code)
{
	if (record->kind != kind || record->code != code)
		failed(file, line, "the result is kind %d code %u '%s', not kind %d code %u; it said '%.500s'",
		       record->kind, record->code, record->message, kind, code, text_of(record, LANE_ERR));
}

/* ---- files ---- */

static char *format_text(const char *format, va_list arguments)
{
	char *made;
	if (vasprintf(&made, format, arguments) < 0)
		abort();
	return made;
}

const char *text(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *made = format_text(format, arguments);
	va_end(arguments);
	return made;
}

const char *scratch(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *made = format_text(format, arguments);
	va_end(arguments);
	return text("%s/%s", directory, made);
}

void write_to(const char *path, const char *content)
{
	FILE *file = fopen(path, "w");
	if (!file || fputs(content, file) < 0 || fclose(file) < 0)
		FAIL("%s: %s", path, strerror(errno));
}

const char *content_of(const char *path)
{
	static char content[65536];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, content, sizeof content - 1);
	if (n < 0)
		FAIL("%s: %s", path, strerror(errno));
	content[n] = 0;
	close(fd);
	return content;
}

bool exists(const char *path)
{
	struct stat status;
	return lstat(path, &status) == 0;
}

int count_in(const char *path)
{
	DIR *names = opendir(path);
	CHECK(names);
	int count = 0;
	for (struct dirent *item; (item = readdir(names));)
		count += strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0;
	closedir(names);
	return count;
}

void breathe(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
}

void wait_until_gone(pid_t pid)
{
	/* When the agent is gone too, it is ours to reap. */
	WAIT_UNTIL(waitpid(pid, NULL, WNOHANG) == pid || (kill(pid, 0) < 0 && errno == ESRCH));
}

/* ---- bytes ---- */

void append(struct bytes *bytes, const void *more, size_t length)
{
	if (bytes->length + length > bytes->room) {
		bytes->room = (bytes->length + length) * 2;
		bytes->at = realloc(bytes->at, bytes->room);
		CHECK(bytes->at);
	}
	if (length)
		memcpy(bytes->at + bytes->length, more, length);
	bytes->length += length;
}

void append32(struct bytes *bytes, uint32_t value)
{
	uint8_t four[4];
	put32(four, value);
	append(bytes, four, 4);
}

/* ---- the agent ---- */

static void start(char *const *argv, int keep)
{
	agent_pid = fork();
	CHECK(agent_pid >= 0);
	if (agent_pid)
		return;
	if (keep >= 0)
		fcntl(keep, F_SETFD, 0);
	execv(agent_program, argv);
	FAIL("%s: %s", agent_program, strerror(errno));
}

static struct host *host_on(int fd)
{
	struct host *host = calloc(1, sizeof *host);
	CHECK(host);
	fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
	host->fd = fd;
	host->magic = "CARAFE\r\n";
	return host;
}

static struct host *start_on_pair(const char *mode, const char *extra)
{
	int ends[2];
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	char number[16];
	snprintf(number, sizeof number, "%d", ends[1]);
	start((char *[]){"carafe-agent", (char *)mode, number, (char *)extra, NULL}, ends[1]);
	close(ends[1]);
	return host_on(ends[0]);
}

struct host *agent_start(void)
{
	return start_on_pair("--channel", NULL);
}

struct host *freezer_start(const char *upper)
{
	struct host *host = start_on_pair("--channel", upper);
	CHECK_NUMBER(hello(host), 1);
	return host;
}

struct host *relay_start(uint16_t dns_port)
{
	struct host *host = start_on_pair("--relay", text("%u", dns_port));
	host->magic = "CARAFENT";
	CHECK_NUMBER(hello(host), 1);
	return host;
}

struct host *network_start(void)
{
	CHECK(unshare(CLONE_NEWNET) == 0);
	struct host *host = start_on_pair("--network", NULL);
	host->magic = "CARAFENT";
	CHECK_NUMBER(hello(host), 1);
	return host;
}

void agent_listen(const char *path)
{
	listening = true;
	start((char *[]){"carafe-agent", "--listen", (char *)path, NULL}, -1);
}

struct host *agent_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	WAIT_UNTIL(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
	return host_on(fd);
}

void host_close(struct host *host)
{
	close(host->fd);
	host->fd = -1;
}

struct host *open_session(void)
{
	struct host *host = agent_start();
	CHECK_NUMBER(hello(host), 1);
	return host;
}

/* ---- frames ---- */

/* Reads what is there, waiting for it; false at end of file. */
static bool take(struct host *host)
{
	struct pollfd ready = {.fd = host->fd, .events = POLLIN};
	poll(&ready, 1, -1);
	if (host->in_start == host->in.length)
		host->in_start = host->in.length = 0;
	static uint8_t buffer[262144];
	ssize_t n = read(host->fd, buffer, sizeof buffer);
	if (n > 0)
		append(&host->in, buffer, (size_t)n);
	return n > 0 || (n < 0 && errno == EAGAIN);
}

void send_bytes(struct host *host, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;
	while (length) {
		ssize_t n = send(host->fd, at, length, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			/* The agent may be waiting for us to read. */
			struct pollfd ready = {.fd = host->fd, .events = POLLIN | POLLOUT};
			poll(&ready, 1, -1);
			if (ready.revents & POLLIN)
				take(host);
			continue;
		}
		if (n < 0)
			FAIL("send: %s", strerror(errno));
		at += n;
		length -= (size_t)n;
	}
}

void send_frame_of(struct host *host, uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
		   size_t length)
{
	uint8_t *frame = malloc(FRAME_HEADER + length);
	CHECK(frame);
	frame[0] = type;
	frame[1] = flags;
	frame[2] = frame[3] = 0;
	put32(frame + 4, stream);
	put32(frame + 8, (uint32_t)length);
	if (length)
		memcpy(frame + FRAME_HEADER, payload, length);
	send_bytes(host, frame, FRAME_HEADER + length);
	free(frame);
}

static bool need(struct host *host, size_t length)
{
	while (host->in.length - host->in_start < length)
		if (!take(host))
			return false;
	return true;
}

bool next_frame(struct host *host, struct frame *frame)
{
	do
		if (!need(host, 1))
			return false;
	while (host->in.at[host->in_start] == 0 && ++host->in_start);
	if (!need(host, FRAME_HEADER))
		return false;
	const uint8_t *at = host->in.at + host->in_start;
	frame->type = at[0];
	frame->flags = at[1];
	frame->stream = get32(at + 4);
	frame->length = get32(at + 8);
	CHECK_NUMBER(at[2] | at[3], 0);
	CHECK(frame->length <= MAX_PAYLOAD);
	if (!need(host, FRAME_HEADER + frame->length))
		return false;
	memcpy(frame->payload, host->in.at + host->in_start + FRAME_HEADER, frame->length);
	host->in_start += FRAME_HEADER + frame->length;
	return true;
}

void send_hello(struct host *host, uint16_t lowest, uint16_t highest, const char *nonce)
{
	uint8_t payload[28];
	memcpy(payload, host->magic, 8);
	put16(payload + 8, lowest);
	put16(payload + 10, highest);
	memcpy(payload + 12, nonce, 16);
	send_frame_of(host, F_HELLO, 0, 0, payload, sizeof payload);
}

int hello(struct host *host)
{
	static int count;
	char nonce[17];
	snprintf(nonce, sizeof nonce, "nonce-%010d", ++count);
	send_hello(host, 1, 1, nonce);
	uint8_t mark[FRAME_HEADER + 24] = {F_WELCOME, 0, 0, 0, 0, 0, 0, 0, 44};
	memcpy(mark + FRAME_HEADER, host->magic, 8);
	memcpy(mark + FRAME_HEADER + 8, nonce, 16);
	for (host->skipped = 0; need(host, sizeof mark); host->in_start++, host->skipped++)
		if (memcmp(host->in.at + host->in_start, mark, sizeof mark) == 0)
			break;
	struct frame welcome;
	CHECK(next_frame(host, &welcome));
	host->record_count = 0; /* of the session before */
	return get16(welcome.payload + 24);
}

void expect_fault(struct host *host, const char *words)
{
	struct frame frame;
	do
		CHECK(next_frame(host, &frame));
	while (frame.type != F_FAULT);
	CHECK_NUMBER(frame.stream, 0);
	CHECK_NUMBER(frame.flags, 0);
	CHECK_HAS(text("%.*s", (int)frame.length, (char *)frame.payload), words);

	struct request request = shell("echo heard");
	send_frame_of(host, F_REQUEST, 0, 77, request.bytes.at, request.bytes.length);
	send_frame_of(host, F_CANCEL, 0, 77, "too long", 8); /* would be a fault of its own */
	send_hello(host, 1, 1, "after the fault.");
	CHECK(next_frame(host, &frame));
	CHECK_NUMBER(frame.type, F_WELCOME);
	CHECK_EXIT(run(host, &request), 0);
}

/* ---- streams ---- */

static struct record *find(struct host *host, uint32_t id)
{
	for (size_t i = host->record_count; i > 0; i--)
		if (host->records[i - 1]->id == id && !host->records[i - 1]->done)
			return host->records[i - 1];
	FAIL("a frame for stream %u, which is not open", id);
}

static void on_data(struct host *host, struct record *record, const struct frame *frame)
{
	enum lane lane = frame->flags & LANE_MASK;
	CHECK(lane == LANE_OUT || lane == LANE_ERR);
	struct lane_record *to = &record->lanes[lane];
	CHECK(!to->ended);
	CHECK(frame->length || frame->flags & FLAG_END);
	to->ended = frame->flags & FLAG_END;
	to->total += frame->length;
	if (to->taker)
		to->taker(frame->payload, frame->length);
	else if (!to->discard)
		append(&to->bytes, frame->payload, frame->length);
	if (!to->no_credit && frame->length)
		send_credit(host, record, lane, frame->length);
}

void pump(struct host *host)
{
	static struct frame frame;
	CHECK(next_frame(host, &frame));
	if (frame.type == F_FAULT)
		FAIL("FAULT: %.*s", (int)frame.length, (char *)frame.payload);
	struct record *record = find(host, frame.stream);
	switch (frame.type) {
	case F_STARTED:
		CHECK(!record->started);
		CHECK_NUMBER(frame.length, 4);
		record->started = true;
		record->pid = get32(frame.payload);
		break;
	case F_DATA:
		CHECK(record->started);
		on_data(host, record, &frame);
		break;
	case F_CREDIT:
		CHECK_NUMBER(frame.flags, LANE_IN);
		CHECK_NUMBER(frame.length, 4);
		record->credit += get32(frame.payload);
		CHECK(record->credit <= WINDOW);
		break;
	case F_RESULT:
		CHECK(frame.length >= 8 && frame.length <= 8 + MAX_MESSAGE);
		CHECK_NUMBER(frame.payload[1] | frame.payload[2] | frame.payload[3], 0);
		record->done = true;
		record->kind = frame.payload[0];
		record->code = get32(frame.payload + 4);
		memcpy(record->message, frame.payload + 8, frame.length - 8);
		break;
	default:
		FAIL("a frame of type %d", frame.type);
	}
}

struct record *begin(struct host *host, const struct request *request)
{
	struct record *record = calloc(1, sizeof *record);
	CHECK(record);
	record->id = ++host->last_id;
	record->credit = WINDOW;
	if (host->record_count == sizeof host->records / sizeof *host->records)
		host->record_count = 0;
	host->records[host->record_count++] = record;
	const uint8_t *at = request->bytes.at;
	size_t left = request->bytes.length;
	for (; left > MAX_PAYLOAD; at += MAX_PAYLOAD, left -= MAX_PAYLOAD)
		send_frame_of(host, F_REQUEST, FLAG_MORE, record->id, at, MAX_PAYLOAD);
	send_frame_of(host, F_REQUEST, 0, record->id, at, left);
	return record;
}

struct record *finish(struct host *host, struct record *record)
{
	while (!record->done)
		pump(host);
	return record;
}

struct record *run(struct host *host, const struct request *request)
{
	return finish(host, begin(host, request));
}

void wait_started(struct host *host, struct record *record)
{
	while (!record->started && !record->done)
		pump(host);
	CHECK(record->started);
}

const char *text_of(const struct record *record, enum lane lane)
{
	const struct bytes *bytes = &record->lanes[lane].bytes;
	return text("%.*s", (int)bytes->length, bytes->at ? (char *)bytes->at : "");
}

void wait_output(struct host *host, struct record *record, const char *part)
{
	while (!strstr(text_of(record, LANE_OUT), part)) {
		if (record->done)
			FAIL("it ended, and said only '%s'", text_of(record, LANE_OUT));
		pump(host);
	}
}

void give(struct host *host, struct record *record, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;
	while (length) {
		while (!record->credit && !record->done)
			pump(host);
		if (record->done)
			return;
		size_t n = length < MAX_PAYLOAD ? length : MAX_PAYLOAD;
		n = n < record->credit ? n : record->credit;
		record->credit -= (uint32_t)n;
		send_frame_of(host, F_DATA, LANE_IN, record->id, at, n);
		at += n;
		length -= n;
	}
}

void give_text(struct host *host, struct record *record, const char *bytes)
{
	give(host, record, bytes, strlen(bytes));
}

void give_end(struct host *host, struct record *record)
{
	send_frame_of(host, F_DATA, LANE_IN | FLAG_END, record->id, NULL, 0);
}

static void send32(struct host *host, const struct record *record, uint8_t type, uint8_t flags, uint32_t value)
{
	uint8_t payload[4];
	put32(payload, value);
	send_frame_of(host, type, flags, record->id, payload, 4);
}

void send_credit(struct host *host, const struct record *record, enum lane lane, uint32_t bytes)
{
	send32(host, record, F_CREDIT, (uint8_t)lane, bytes);
}

void send_signal(struct host *host, const struct record *record, uint32_t number)
{
	send32(host, record, F_SIGNAL, 0, number);
}

void send_resize(struct host *host, const struct record *record, uint16_t rows, uint16_t columns)
{
	send32(host, record, F_RESIZE, 0, rows | (uint32_t)columns << 16);
}

void send_cancel(struct host *host, const struct record *record)
{
	send_frame_of(host, F_CANCEL, 0, record->id, NULL, 0);
}

/* ---- requests ---- */

struct request request_of(enum operation operation)
{
	struct request request = {0};
	uint8_t byte = (uint8_t)operation;
	append(&request.bytes, &byte, 1);
	return request;
}

void field(struct request *request, uint8_t tag, const void *value, size_t length)
{
	append(&request->bytes, &tag, 1);
	append32(&request->bytes, (uint32_t)length);
	append(&request->bytes, value, length);
}

void field_text(struct request *request, uint8_t tag, const char *value)
{
	field(request, tag, value, strlen(value));
}

void field8(struct request *request, uint8_t tag, uint8_t value)
{
	field(request, tag, &value, 1);
}

void field32(struct request *request, uint8_t tag, uint32_t value)
{
	uint8_t bytes[4];
	put32(bytes, value);
	field(request, tag, bytes, 4);
}

void field64(struct request *request, uint8_t tag, uint64_t value)
{
	uint8_t bytes[8];
	put64(bytes, value);
	field(request, tag, bytes, 8);
}

void field_terminal(struct request *request, uint16_t rows, uint16_t columns)
{
	field32(request, 5, rows | (uint32_t)columns << 16);
}

struct request exec_of(const char *first, ...)
{
	struct request request = request_of(OP_EXEC);
	va_list arguments;
	va_start(arguments, first);
	for (const char *argument = first; argument; argument = va_arg(arguments, const char *))
		field_text(&request, 1, argument);
	va_end(arguments);
	if (geteuid() != 0)
		field_text(&request, 4, text("%u", geteuid()));
	return request;
}

struct request shell(const char *script)
{
	return exec_of("sh", "-c", script, NULL);
}

/* ---- what the test program is as a command ---- */

const char *self(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	CHECK(n > 0);
	path[n] = 0;
	return path;
}

uint8_t pattern(uint64_t position)
{
	uint64_t word = (position / 8 + 1) * 0x9E3779B97F4A7C15ull;
	word ^= word >> 29;
	return (uint8_t)(word >> (position % 8 * 8));
}

static int write_pattern(uint64_t total)
{
	static uint8_t block[65536];
	for (uint64_t done = 0; done < total;) {
		size_t n = total - done < sizeof block ? (size_t)(total - done) : sizeof block;
		for (size_t i = 0; i < n; i++)
			block[i] = pattern(done + i);
		for (size_t at = 0; at < n;) {
			ssize_t written = write(1, block + at, n - at);
			if (written <= 0)
				return 1;
			at += (size_t)written;
		}
		done += n;
	}
	return 0;
}

static int read_pattern(uint64_t total)
{
	static uint8_t block[65536];
	uint64_t done = 0;
	ssize_t n;
	while ((n = read(0, block, sizeof block)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			if (block[i] != pattern(done + (uint64_t)i))
				return 3;
		done += (uint64_t)n;
	}
	return done == total ? 0 : 4;
}

/* ---- running ---- */

void test_add(struct test *test)
{
	/* Constructors of a file run in its order; keep that. */
	struct test **last = &tests;
	while (*last)
		last = &(*last)->next;
	*last = test;
}

/* An agent on a socketpair ends when we close it: with 0, unless a sanitizer has found something. */
static void end_agent(void)
{
	int status = 0;
	if (listening) {
		CHECK(waitpid(agent_pid, &status, WNOHANG) == 0);
		kill(agent_pid, SIGTERM);
		return;
	}
	if (!agent_pid || waitpid(agent_pid, &status, 0) < 0)
		return;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		FAIL("the agent ended with status %#x", status);
}

static _Noreturn void run_one(const struct test *test, const char *log)
{
	int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600), null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	dup2(fd, 2);
	closefrom(3); /* whatever our own caller has left open */
	snprintf(directory, sizeof directory, "%s.d", log);
	CHECK(mkdir(directory, 0700) == 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	alarm(TEST_SECONDS);
	test->run();
	/* Closes all channels. */
	closefrom(3);
	end_agent();
	_exit(0);
}

/* Stops what a test has left behind: all of it became our children, or will when its parents are gone. */
static void sweep(void)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	do {
		FILE *children = fopen(path, "r");
		for (int pid; children && fscanf(children, "%d", &pid) == 1;)
			kill(pid, SIGKILL);
		if (children)
			fclose(children);
	} while (waitpid(-1, NULL, 0) > 0);
}

static bool passed(const struct test *test, int number)
{
	static char logs[64];
	if (!*logs)
		snprintf(logs, sizeof logs, "/tmp/carafe-agent-test-%d", (int)getpid());
	const char *log = text("%s-%d", logs, number);
	pid_t pid = fork();
	if (pid == 0)
		run_one(test, log);
	int status;
	waitpid(pid, &status, 0);
	sweep();
	bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (!good) {
		printf("FAILED: %s%s\n", test->name,
		       WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? " (it waits for ever)" : "");
		printf("%s", exists(log) ? content_of(log) : "");
	}
	/* It knows how to remove what is too deep for a path. */
	if (system(text("rm -rf %s.d %s", log, log)) != 0)
		printf("%s.d could not be removed\n", log);
	return good;
}

/* Every JOBS-th test, beginning with the given one. */
static int run_share(int first, const char *only)
{
	int number = 0, failures = 0;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (struct test *test = tests; test; test = test->next, number++) {
		if (number % JOBS != first || (only && !strstr(test->name, only)) ||
		    (test->root_only && geteuid() != 0))
			continue;
		if (getenv("VERBOSE"))
			printf("%s\n", test->name);
		fflush(stdout);
		failures += !passed(test, number);
		fflush(stdout);
	}
	return failures;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOFBF, 65536);
	if (argc == 3 && strcmp(argv[1], "write") == 0)
		return write_pattern(strtoull(argv[2], NULL, 10));
	if (argc == 3 && strcmp(argv[1], "read") == 0)
		return read_pattern(strtoull(argv[2], NULL, 10));
	if (argc < 2) {
		fprintf(stderr, "usage: agent-test AGENT [PART OF A TEST'S NAME]\n");
		return 2;
	}
	agent_program = argv[1];
	const char *only = argc > 2 ? argv[2] : NULL;
	pid_t jobs[JOBS];
	int chosen = 0, failures = 0, for_root = 0;
	for (struct test *test = tests; test; test = test->next) {
		bool named = !only || strstr(test->name, only), may = !test->root_only || geteuid() == 0;
		chosen += named && may;
		for_root += named && !may;
	}
	for (int i = 0; i < JOBS; i++)
		if ((jobs[i] = fork()) == 0)
			_exit(run_share(i, only));
	for (int i = 0; i < JOBS; i++) {
		int status = 0;
		waitpid(jobs[i], &status, 0);
		failures += WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	}
	if (for_root)
		printf("%d tests that need root were not run\n", for_root);
	printf("%d passed, %d failed\n", chosen - failures, failures);
	return failures != 0;
}
