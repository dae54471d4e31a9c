/* Arguments, the loop, reaping. */
#include "relay.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <fcntl.h>

int epoll_fd = -1;
bool is_init;

static struct channel channels[MAX_CHANNELS];
static int channel_count;

int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* To the console, which the host shows when something is wrong. */
void say(const char *format, ...)
{
	char line[512] = "carafe-agent: ";
	size_t start = strlen(line);
	va_list arguments;
	va_start(arguments, format);
	int n = vsnprintf(line + start, sizeof line - start - 1, format, arguments);
	va_end(arguments);
	size_t length = start + (n < 0 ? 0 : (size_t)n);
	if (length > sizeof line - 2)
		length = sizeof line - 2;
	line[length++] = '\n';
	ssize_t ignored = write(2, line, length);
	(void)ignored;
}

void watch(struct source *source, uint32_t events)
{
	if (source->fd < 0 || source->armed == events)
		return;
	struct epoll_event event = {.events = events, .data.ptr = source};
	int how = !source->armed ? EPOLL_CTL_ADD : events ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;
	if (epoll_ctl(epoll_fd, how, source->fd, &event) < 0)
		say("epoll_ctl: %s", strerror(errno));
	source->armed = events;
}

void close_source(struct source *source)
{
	if (source->fd < 0)
		return;
	watch(source, 0);
	close(source->fd);
	source->fd = -1;
}

static struct stream *find_process(pid_t pid)
{
	struct stream *stream = NULL;
	for (int i = 0; i < channel_count && !stream; i++)
		stream = stream_of(&channels[i], pid);
	return stream;
}

/* All that ended since. */
static void reap(void)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct stream *stream = find_process(pid);
		freeze_ended(pid);
		if (stream)
			stream_exited(stream, status);
	}
}

static void sooner(int64_t *next, int64_t then)
{
	if (then && then < *next)
		*next = then;
}

static void look_for_host(struct port *port, int64_t now, int64_t *next)
{
	if (port->hang_up_at_ms && port->hang_up_at_ms <= now) {
		port_hang_up(port);
		*next = now; /* for port_pump() */
	}
	sooner(next, port->hang_up_at_ms);
}

/* Acts on what is due; returns how long the loop may sleep, -1 for ever. */
static int deadlines(void)
{
	int64_t now = now_ms(), next = INT64_MAX;
	for (int i = 0; i < channel_count; i++) {
		struct channel *channel = &channels[i];
		look_for_host(&channel->port, now, &next);
		for (int j = 0; j < MAX_STREAMS; j++) {
			struct stream *stream = channel->streams[j];
			if (!stream || !stream->pid || stream->exited)
				continue;
			if (stream->deadline_ms && stream->deadline_ms <= now) {
				stream->timed_out = true;
				stream->deadline_ms = 0;
				process_kill(stream);
			}
			sooner(&next, stream->deadline_ms);
		}
	}
	if (relay.there) {
		look_for_host(&relay.port, now, &next);
		sooner(&next, relay_deadline(now));
	}
	if (next == INT64_MAX)
		return -1;
	if (next < now)
		return 0;
	return next - now > 1000000 ? 1000000 : (int)(next - now);
}

static void serve_listener(struct source *listener)
{
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	watch(listener, 0); /* one host at a time, like a port: the next one waits */
	channel_init(&channels[0], fd);
	channel_count = 1;
}

static void after_channel(struct channel *channel, struct source *listener, bool once)
{
	struct port *port = &channel->port;
	if (!port->hung_up || is_init)
		return;
	streams_bury();
	close_source(&port->source);
	free(port->in);
	free(port->out);
	if (once)
		exit(0);
	channel_count = 0;
	watch(listener, EPOLLIN);
}

static _Noreturn void loop(int signals, int listener, bool once)
{
	struct source signal_source = {.kind = S_SIGNALS, .fd = signals};
	struct source listener_source = {.kind = S_LISTENER, .fd = listener};
	watch(&signal_source, EPOLLIN);
	watch(&listener_source, EPOLLIN);
	bool more = true, ended = false;
	for (;;) {
		struct epoll_event events[64];
		int wait = deadlines();
		int count = epoll_wait(epoll_fd, events, 64, more ? 0 : wait);
		for (int i = 0; i < count; i++) {
			struct source *source = events[i].data.ptr;
			if (source->fd < 0)
				continue; /* closed by an earlier event of this turn */
			switch (source->kind) {
			case S_LISTENER:
				serve_listener(source);
				break;
			case S_SIGNALS: {
				struct signalfd_siginfo info;
				while (read(signals, &info, sizeof info) == sizeof info)
					;
				reap();
				ended = true;
				break;
			}
			case S_PORT:
				port_event(source->port, events[i].events);
				break;
			case S_LANE:
				lane_ready(source->stream, source->lane);
				break;
			case S_DOOR:
			case S_DATAGRAM:
			case S_CONNECTION:
				relay_event(source, events[i].events);
				break;
			}
		}
		more = false;
		for (int i = 0; i < channel_count; i++) {
			more |= channel_pump(&channels[i]);
			after_channel(&channels[i], &listener_source, once);
		}
		if (relay.there) {
			more |= relay_pump();
			if (relay.port.hung_up && !is_init)
				exit(0);
		}
		/* Only now that RESULT is under way: it takes a while. */
		if (ended)
			groups_sweep();
		ended = false;
		streams_bury();
		connections_bury();
	}
}

static int listen_on(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address.sun_path) {
		say("%s: the path is too long for a socket", path);
		exit(2);
	}
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 8) < 0) {
		say("%s: %s", path, strerror(errno));
		exit(1);
	}
	return fd;
}

/* A descriptor that we were started with. */
static int given_fd(const char *text)
{
	int fd = atoi(text);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0) {
		say("descriptor %s: %s", text, strerror(errno));
		exit(2);
	}
	return fd;
}

/* What the agent serves; returns the listener, or -1. False arguments end it. */
static int begin(int argc, char **argv)
{
	const char *mode = argc >= 3 ? argv[1] : "";
	int listener = -1;
	if (!is_init && argc == 4 && strcmp(mode, "--relay") != 0) {
		freeze_upper = argv[3];
		argc = 3;
	}
	if (is_init) {
		channel_count = boot(channels);
	} else if (argc == 3 && strcmp(mode, "--listen") == 0) {
		listener = listen_on(argv[2]);
	} else if (argc == 3 && strcmp(mode, "--channel") == 0) {
		channel_init(&channels[0], given_fd(argv[2]));
		channel_count = 1;
	} else if (argc <= 4 && strcmp(mode, "--relay") == 0) {
		relay_init(given_fd(argv[2]), false, argc == 4 ? (uint16_t)atoi(argv[3]) : 0);
	} else if (argc == 3 && strcmp(mode, "--network") == 0) {
		relay_init(given_fd(argv[2]), true, 53);
	} else {
		fprintf(stderr, "usage: carafe-agent --channel FD [UPPER] | --listen PATH [UPPER] | --relay FD [DNS-PORT] | --network FD\n");
		exit(2);
	}
	return listener;
}

int main(int argc, char **argv)
{
	is_init = getpid() == 1;
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	sigset_t blocked;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	/* What whoever started us ignored, our commands would: a shell in the background has Ctrl-C ignored. */
	for (int number = 1; number <= SIGRTMAX; number++)
		signal(number, SIG_DFL); /* fails for a few, which cannot be ignored */
	signal(SIGPIPE, SIG_IGN);
	int signals = signalfd(-1, &blocked, SFD_NONBLOCK | SFD_CLOEXEC);
	if (epoll_fd < 0 || signals < 0) {
		say("cannot start: %s", strerror(errno));
		return 1;
	}
	if (!is_init)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	int listener = begin(argc, argv);
	loop(signals, listener, listener < 0);
}
