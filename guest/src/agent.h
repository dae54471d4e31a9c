/*
 * The guest agent: PID 1 of every machine, and the only thing the host talks to.
 *
 * One thread, one epoll loop, nothing in it blocks: what may take long (copying, syncing) runs in a child.
 * The contract with the host is docs/protocol.md; the names here are its names.
 *
 *   main.c       arguments, the loop, reaping
 *   boot.c       what PID 1 does first: mounts, modules, ports
 *   channel.c    frames in and out, streams, credit
 *   request.c    a request's fields, and which function serves it
 *   configure.c  a machine's identity: entropy, clock, root, names
 *   exec.c       commands: users, terminals, starting, ending
 *   group.c      one control group per command
 *   copy.c       entries: files and trees, in and out
 *   users.c      /etc/passwd and /etc/group
 */
#ifndef CARAFE_AGENT_H
#define CARAFE_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum limits {
	FRAME_HEADER = 12,
	MAX_PAYLOAD = 65536,
	MAX_STREAMS = 64,
	MAX_CHANNELS = 16,
	MAX_REQUEST = 2 * 1024 * 1024,
	WINDOW = 262144,
	MAX_COMMANDS = 512,
	MAX_MESSAGE = 4096,
	MAX_PATH = 4095,
};

enum frame_type {
	F_HELLO = 1, F_WELCOME, F_REQUEST, F_STARTED, F_DATA, F_CREDIT,
	F_SIGNAL, F_RESIZE, F_CANCEL, F_RESULT, F_FAULT,
};

enum operation {
	OP_CONFIGURE = 1, OP_EXEC, OP_PUT, OP_GET, OP_SYNC, OP_FREEZE, OP_THAW, OP_POWEROFF,
};

enum result_kind {
	R_DONE = 0, R_SIGNALLED, R_TIMED_OUT, R_FAILED, R_REFUSED, R_NOT_STARTED,
};

enum lane { LANE_IN = 0, LANE_OUT = 1, LANE_ERR = 2, LANES = 3 };

#define FLAG_MORE 0x01
#define FLAG_END 0x80
#define LANE_MASK 0x03

struct channel;

/* What an epoll event points at. */
struct source {
	enum source_kind { S_LISTENER, S_SIGNALS, S_CHANNEL, S_LANE } kind;
	int fd; /* -1 when closed */
	struct channel *channel;
	struct stream *stream;
	enum lane lane;
	uint32_t armed; /* epoll events asked for; 0 = not registered */
};

/* One request and what belongs to it. Lives from its first REQUEST frame to its RESULT. */
struct stream {
	struct channel *channel;
	uint32_t id;

	/* While it is collected. */
	uint8_t *request;
	size_t request_length;
	bool complete;

	/* While it runs. */
	enum operation operation;
	pid_t pid;	       /* main process; 0 before it starts */
	int group;	       /* index of its control group, or -1 */
	bool terminal;	       /* lanes IN and OUT are a pseudo-terminal's master */
	bool exited;	       /* the main process was reaped */
	bool timed_out;
	int wait_status;       /* valid once exited */
	int64_t deadline_ms;   /* monotonic; 0 = none */
	int64_t kill_at_ms;    /* a cancelled builtin is killed then; 0 = not cancelled */

	struct source lanes[LANES];
	bool ended[LANES];     /* IN: host sent END. OUT, ERR: END was sent to the host */
	uint32_t credit[LANES];/* OUT, ERR: bytes we may still send. IN: bytes the host may still send */
	uint32_t unacked;      /* bytes consumed of lane IN and not yet given back as CREDIT */

	uint8_t *input;	       /* lane IN bytes the command has not taken yet; WINDOW large, made when needed */
	size_t input_start, input_length;

	struct stream *next_dead;

	char message[MAX_MESSAGE];
	size_t message_length; /* builtins: what the child wrote to its standard error */
};

struct channel {
	struct source source;
	bool open;	       /* HELLO was seen and no fault since */
	bool readable, writable;
	bool hung_up;
	bool answered; /* something was written since HELLO: the kernel knows of the host */
	int64_t hang_up_at_ms; /* a port: when to look whether the host is really gone; 0 = no need */

	uint8_t *in;	       /* IN_SIZE; made at first use */
	size_t in_length;
	uint8_t *out;	       /* OUT_SIZE */
	size_t out_start, out_length;

	struct stream *streams[MAX_STREAMS];
};

/* main.c */
extern int epoll_fd;
extern bool is_init; /* we are PID 1 of a machine */
int64_t now_ms(void);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void watch(struct source *source, uint32_t events);
void close_source(struct source *source);

/* boot.c */
int boot(struct channel *channels);
_Noreturn void power_off(void);

/* channel.c */
void channel_init(struct channel *channel, int fd);
void channel_pump(struct channel *channel); /* does all that can be done now */
void channel_drop(struct channel *channel); /* ends all its streams */
void channel_hang_up(struct channel *channel); /* drops it, if the host is still gone */
void channel_feed(struct channel *channel); /* parses what is in its buffer: also the fuzzer's door */
void streams_bury(void);		    /* frees the streams that ended in this turn of the loop */
void lane_end(struct stream *stream, enum lane lane);
void lane_ready(struct stream *stream, enum lane lane);
void stream_advance(struct stream *stream); /* sends RESULT when nothing is left to do; may free the stream */
void stream_result(struct stream *stream, enum result_kind kind, uint32_t code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void send_started(struct stream *stream);

/* request.c */
struct fields {
	const uint8_t *at, *end;
};
struct field {
	uint8_t tag;
	uint32_t length;
	const uint8_t *value;
};
enum field_next { FIELD_NONE, FIELD_OK, FIELD_BAD };
enum field_next field_next(struct fields *fields, struct field *field);
void request_serve(struct stream *stream);
uint16_t get16(const uint8_t *at);
uint32_t get32(const uint8_t *at);
uint64_t get64(const uint8_t *at);
void put16(uint8_t *at, uint16_t value);
void put32(uint8_t *at, uint32_t value);
void put64(uint8_t *at, uint64_t value);

/* configure.c */
extern bool configured;
void serve_configure(struct stream *stream, struct fields fields);
int overlay_freeze(void);
int overlay_thaw(void);
extern struct channel *frozen_by;

/* exec.c */
void serve_exec(struct stream *stream, struct fields fields);
void serve_copy(struct stream *stream, struct fields fields);
void serve_sync(struct stream *stream);
void stream_signal(struct stream *stream, uint32_t number);
void stream_resize(struct stream *stream, uint16_t rows, uint16_t columns);
void stream_cancel(struct stream *stream);
void stream_kill(struct stream *stream);
struct stream *stream_of(pid_t pid);

/* group.c */
void groups_init(void);
int group_take(void);		/* an index, -1 = none available (not PID 1), -2 = all in use */
int group_fd(int group);	/* a directory descriptor for CLONE_INTO_CGROUP, or -1 */
void group_kill(int group, pid_t leader);
void group_release(int group);	/* its main process is gone; it is taken again once it is empty */
void groups_sweep(void);

/* copy.c: run in a child, end it */
struct copy_request {
	char path[MAX_PATH + 1];
	char base[256];
	bool set_owner, set_mode, follow;
	uint32_t uid, gid, mode;
};
_Noreturn void copy_put(const struct copy_request *request);
_Noreturn void copy_get(const struct copy_request *request);

/* users.c */
struct account {
	uid_t uid;
	gid_t gid;
	gid_t groups[64];
	size_t group_count;
	char name[256];
	char home[MAX_PATH + 1];
};
/* False, with a reason in `why`, when there is no such user or group. */
bool account_find(const char *spec, struct account *account, char *why, size_t why_size);

#endif
