/*
 * The guest agent: PID 1 of every machine, and the only thing the host talks to.
 *
 * One thread, one epoll loop, nothing in it blocks: what may take long (copying, syncing) runs in a child.
 * The contract with the host is docs/protocol.md; the names here are its names.
 *
 *   main.c       arguments, the loop, reaping
 *   boot.c       what PID 1 does first and last: mounts, modules, ports, turning off
 *   port.c       a port's bytes and frames, in and out
 *   channel.c    the frames of a channel
 *   stream.c     what a request has while it runs: lanes, credit, its end
 *   fields.c     fields: of requests, and of the relay's SETUP
 *   request.c    which function serves a request
 *   configure.c  a machine's identity: entropy, clock, root, names
 *   command.c    EXEC's fields
 *   exec.c       commands: starting, signals, terminals
 *   process.c    children and their pipes
 *   group.c      one control group per command
 *   users.c      /etc/passwd and /etc/group
 *   copy.c       PUT's and GET's fields, and what both directions share
 *   copy_in.c    PUT, in a child
 *   copy_out.c   GET, in a child
 *   copy_send.c  what GET and FREEZE send in the same way
 *   dm.c         the overlay's disk, which can be held as it was at one moment
 *   freeze.c     FREEZE, in a child: holds the disk while another child reads it
 *   layer.c      that child: what the machine has changed
 *   probe.c      PROBE, in a child
 *   relay.h      the machine's network, and its files
 */
#ifndef CARAFE_AGENT_H
#define CARAFE_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
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
	MAX_LEFT_OUT = 4096,
	MAX_ATTRIBUTES = 256,
	OUT_HIGH = 4 * (FRAME_HEADER + MAX_PAYLOAD), /* above it, a port's output buffer is full */
};

enum frame_type {
	F_HELLO = 1, F_WELCOME, F_REQUEST, F_STARTED, F_DATA, F_CREDIT,
	F_SIGNAL, F_RESIZE, F_CANCEL, F_RESULT, F_FAULT,
};

enum operation {
	OP_CONFIGURE = 1, OP_EXEC, OP_PUT, OP_GET, OP_SYNC, OP_FREEZE, OP_POWEROFF = 8, OP_PROBE, OP_PING,
};

enum result_kind {
	R_DONE = 0, R_SIGNALLED, R_TIMED_OUT, R_FAILED, R_REFUSED, R_NOT_STARTED,
};

enum lane { LANE_IN = 0, LANE_OUT = 1, LANE_ERR = 2, LANES = 3 };

#define FLAG_MORE 0x01
#define FLAG_END 0x80
#define LANE_MASK 0x03

struct port;
struct channel;
struct stream;

/* Numbers as the channel has them. */
static inline uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) | (uint32_t)get16(at + 2) << 16;
}

static inline uint64_t get64(const uint8_t *at)
{
	return (uint64_t)get32(at) | (uint64_t)get32(at + 4) << 32;
}

static inline void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static inline void put32(uint8_t *at, uint32_t value)
{
	put16(at, (uint16_t)value);
	put16(at + 2, (uint16_t)(value >> 16));
}

static inline void put64(uint8_t *at, uint64_t value)
{
	put32(at, (uint32_t)value);
	put32(at + 4, (uint32_t)(value >> 32));
}

/* What an epoll event points at. */
struct source {
	enum source_kind { S_LISTENER, S_SIGNALS, S_PORT, S_LANE, S_DOOR, S_DATAGRAM, S_CONNECTION } kind;
	int fd; /* -1 when closed */
	struct port *port;
	struct stream *stream;
	enum lane lane;
	uint32_t armed; /* epoll events asked for; 0 = not registered */
};

/* One request and what belongs to it. Lives from its first REQUEST frame to its RESULT. */
struct stream {
	struct channel *channel;
	uint32_t id;

	/* While it is collected. */
	uint8_t *request; /* until it has been served */
	size_t request_length;
	bool complete;

	/* While it runs. */
	enum operation operation;
	pid_t pid;	     /* main process; 0 before it starts */
	int group;	     /* index of its control group, or -1 */
	bool terminal;	     /* lanes IN and OUT are a pseudo-terminal's master */
	bool exited;	     /* the main process was reaped */
	bool timed_out;
	int wait_status;     /* valid once exited */
	int64_t deadline_ms; /* monotonic; 0 = none */

	struct source lanes[LANES];
	bool ended[LANES];      /* IN: host sent END. OUT, ERR: END was sent to the host */
	uint32_t credit[LANES]; /* OUT, ERR: bytes we may still send. IN: bytes the host may still send */
	uint32_t left[LANES];   /* OUT, ERR, once exited: how much of what is there may be the command's own */

	uint8_t *input; /* lane IN bytes the command has not taken yet; made when needed */
	size_t input_start, input_length;
	uint32_t unacked; /* bytes consumed of lane IN and not yet given back as CREDIT */
	bool mid_line;	  /* the last byte of lane IN did not end a line */

	char message[MAX_MESSAGE]; /* the agent's own work: what the child wrote to its standard error */
	size_t message_length;

	struct stream *next_dead;
};

/* What a port is, apart from bytes and frames. */
struct port_kind {
	char magic[9];
	uint32_t streams, window; /* for WELCOME */
	size_t out_size;	  /* of its output buffer: OUT_HIGH, a frame, and what its streams may say at once */
	uint16_t (*flags)(void);  /* for WELCOME */
	void (*frame)(struct port *port, const uint8_t *frame, uint32_t length); /* in a session, and not HELLO */
	void (*drop)(struct port *port); /* ends all that the session had */
};

struct port {
	struct source source;
	const struct port_kind *kind;
	bool open; /* HELLO was seen and no fault since */
	bool readable, writable;
	bool hung_up;
	bool answered; /* something was written since HELLO: the kernel knows of the host */
	int64_t hang_up_at_ms; /* in a machine: when to look whether the host is really gone; 0 = no need */

	uint8_t *in; /* made at first use */
	size_t in_length;
	uint8_t *out;
	size_t out_start, out_length;
};

struct channel {
	struct port port; /* first: see channel_of() */
	struct stream *streams[MAX_STREAMS];
	size_t turn; /* the last of them that was resumed */
};

/* main.c */
extern int epoll_fd;
extern bool is_init; /* we are PID 1 of a machine */
int64_t now_ms(void);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void watch(struct source *source, uint32_t events);
void close_source(struct source *source);

/* boot.c */
int boot(struct channel *channels); /* and the relay, if the machine has one */
_Noreturn void power_off(void);

/* port.c */
void port_init(struct port *port, const struct port_kind *kind, int fd);
void port_event(struct port *port, uint32_t events);
bool port_pump(struct port *port);    /* takes and parses input; true: come again without waiting */
void port_fault(struct port *port, const char *what); /* ends the session */
void port_hang_up(struct port *port); /* looks whether the host is really gone */
void port_feed(struct port *port);    /* parses what is in its buffer: also the fuzzers' door */
bool port_full(const struct port *port); /* no more output now; it will become writable */
void port_flush(struct port *port);
uint8_t *port_reserve(struct port *port, size_t size);
void port_commit(struct port *port, uint8_t *at, uint8_t type, uint8_t flags, uint32_t id, uint32_t length);
void port_send(struct port *port, uint8_t type, uint8_t flags, uint32_t id, const void *payload, uint32_t length);
_Noreturn void die(const char *what);

/* channel.c */
void channel_init(struct channel *channel, int fd);
bool channel_pump(struct channel *channel); /* does what can be done now; true: come again without waiting */

/* stream.c */
struct stream *stream_new(struct channel *channel, uint32_t id); /* NULL: all are in use */
struct stream *stream_find(struct channel *channel, uint32_t id);
struct stream *stream_of(struct channel *channel, pid_t pid); /* the one whose main process that is */
void stream_result(struct stream *stream, enum result_kind kind, uint32_t code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void stream_errno(struct stream *stream, const char *what, int error);
void stream_started(struct stream *stream);
void stream_input(struct stream *stream, const uint8_t *bytes, size_t length, bool end);
void stream_resume(struct stream *stream);
void stream_exited(struct stream *stream, int status);
void stream_cancel(struct stream *stream);
void stream_free(struct stream *stream);
void streams_bury(void); /* frees what ended in this turn of the loop */
void lane_end(struct stream *stream, enum lane lane);
void lane_ready(struct stream *stream, enum lane lane);

/* fields.c */
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
bool field_is_text(const struct field *field); /* not empty, and without NUL */

/* request.c */
void request_serve(struct stream *stream);

/* configure.c */
extern bool configured;
void serve_configure(struct stream *stream, struct fields fields);
int overlay_open(void);	   /* its directory, opened anew; or -1 */
void overlay_trim(int fd); /* gives the host back all that is free */

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

/* command.c */
struct command {
	char **argv, **env; /* NULL-terminated; the strings are the request's, made C strings in place */
	size_t argc, envc;
	const char *directory, *user;
	bool terminal, detached, no_input;
	uint16_t rows, columns;
	uint64_t limit_ms;
	struct account account;
	char *made[2]; /* variables that are not the request's */
};
const char *command_read(struct command *command, struct fields fields); /* what is wrong, or NULL */
void command_environment(struct command *command);
void command_free(struct command *command);

/* exec.c */
void serve_exec(struct stream *stream, struct fields fields);
void command_signal(struct stream *stream, uint32_t number);
void command_resize(struct stream *stream, uint16_t rows, uint16_t columns);

/* process.c */
struct plumbing {
	int ours[LANES], theirs[LANES]; /* what the agent keeps, and what the child gets as 0, 1 and 2 */
};
bool plumb_pipe(struct plumbing *plumbing, enum lane lane);
bool plumb_null(struct plumbing *plumbing, enum lane lane);
bool plumb_terminal(struct plumbing *plumbing, uint16_t rows, uint16_t columns);
void plumbing_close(int *fds);
pid_t fork_into(int group, bool suspend);
void child_begin(const int *theirs);
void process_adopt(struct stream *stream, pid_t pid, int group, const struct plumbing *plumbing);
void process_kill(struct stream *stream); /* does nothing when it has ended */
void work_start(struct stream *stream, void (*work)(void));
void serve_sync(struct stream *stream);

/* group.c */
enum { NO_GROUP = -1, TOO_MANY_GROUPS = -2 };
void groups_init(void);
int group_take(void);		/* an index, NO_GROUP when we are not PID 1, or TOO_MANY_GROUPS */
int group_fd(int group);	/* a directory descriptor for CLONE_INTO_CGROUP, or -1 */
void group_kill(int group, pid_t leader);
void group_release(int group);	/* nobody knows it any more; it is taken again once it is empty */
void groups_sweep(void);

/* copy.c; the rest of it runs in a child, and ends it */
enum entry_kind { E_END, E_FILE, E_DIRECTORY, E_SYMLINK, E_HARD_LINK, E_CHAR, E_BLOCK, E_FIFO, E_DELETED };
enum { ENTRY_HEADER = 40, CHUNK_HEADER = 12, MAX_CHUNK = 1048576, MAX_NAME = 255, COPY_BUFFER = 262144 };
#define CHUNK_BROKEN 0xFFFFFFFFu

struct copy_request {
	char path[MAX_PATH + 1];
	char base[MAX_NAME + 1];
	bool set_owner, set_mode, follow;
	uint32_t uid, gid, mode;
};
extern struct copy_request copying;
extern volatile int copy_unfinished; /* directory of the file that is being written, or -1 */
extern char copy_temporary[32];	     /* the name of that file */
void serve_copy(struct stream *stream, struct fields fields);
_Noreturn void copy_fail(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));
int copy_open(int root, const char *path, int flags);
void copy_in(void);  /* from standard input */
void copy_out(void); /* to standard output */

/* copy_send.c */
void copy_put(const void *bytes, size_t length);
void copy_flush(void);
void copy_entry(uint8_t *header, enum entry_kind kind, const struct stat *status, const char *path, const char *target);
/* The path under which this file was sent before, or NULL; then it is remembered under `path`. */
const char *copy_seen(const struct stat *status, const char *path);

/* dm.c; all return an errno, or 0 */
struct area {
	uint64_t offset, length; /* bytes of the disk */
};
int disk_map(const char *path, char *mapped, size_t size); /* from now on it is to be reached as `mapped` */
int disk_hold(const struct area *area, char *path, size_t size); /* makes a snapshot ready */
int disk_part(void);	  /* the moment: the disk goes on, the snapshot at `path` does not */
bool disk_held(void);	  /* the snapshot is still what the disk was */
int disk_let_go(void);	  /* undoes all that there is of it */

/* freeze.c */
struct left_out {
	const uint8_t *path; /* without the slash it begins with; not a C string */
	size_t length;
};
struct freeze_request {
	struct area area;
	struct left_out left_out[MAX_LEFT_OUT];
	size_t left_out_count;
};
extern struct freeze_request freezing; /* the child has its own copy of it */
extern const char *freeze_upper;       /* in the agent's own tests: what is sent instead of a snapshot */
void serve_freeze(struct stream *stream, struct fields fields);
int freeze_place(void);
void freeze_began(pid_t pid);
void freeze_stopped(pid_t pid); /* it was told to stop */
void freeze_ended(pid_t pid);

/* layer.c */
enum { ATTRIBUTE_HEADER = 8, MAP_HEADER = 16, MAP_PIECE = 16 };
enum { ENTRY_OPAQUE = 1, ENTRY_LINKED = 2 };
_Noreturn void layer_out(uint64_t still); /* of the current directory, to standard output */

/* probe.c */
void serve_probe(struct stream *stream, struct fields fields);

#endif
