/* Commands, and the agent's own long work: starting, signalling, ending. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

extern char **environ;

enum { PIPE_BYTES = 262144, BUILTIN_GRACE_MS = 2000 };

static const char DEFAULT_PATH[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct command {
	char **argv, **env; /* NULL-terminated; the strings are the request's, made C strings in place */
	size_t argc, envc;
	const char *directory;
	struct account account;
	bool terminal, detached, no_input;
	uint16_t rows, columns;
	uint64_t limit_ms;
};

/* What the parent keeps of the command's streams, and what the child gets. */
struct plumbing {
	int ours[LANES], theirs[LANES];
};

static void plumbing_close(int *fds)
{
	for (int i = 0; i < LANES; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

static bool pipe_lane(struct plumbing *plumbing, enum lane lane)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	int ours = lane == LANE_IN ? 1 : 0;
	fcntl(ends[ours], F_SETFL, O_NONBLOCK);
	fcntl(ends[0], F_SETPIPE_SZ, PIPE_BYTES); /* fewer switches between agent and command; a wish, not a need */
	plumbing->ours[lane] = ends[ours];
	plumbing->theirs[lane] = ends[!ours];
	return true;
}

static bool null_lane(struct plumbing *plumbing, enum lane lane)
{
	plumbing->theirs[lane] = open("/dev/null", (lane == LANE_IN ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
	return plumbing->theirs[lane] >= 0;
}

static bool terminal_lanes(struct plumbing *plumbing, const struct command *command)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (master < 0)
		return false;
	plumbing->ours[LANE_OUT] = master;
	if (unlockpt(master) < 0)
		return false;
	int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return false;
	plumbing->theirs[LANE_IN] = slave;
	struct winsize size = {.ws_row = command->rows, .ws_col = command->columns};
	ioctl(slave, TIOCSWINSZ, &size);
	plumbing->ours[LANE_IN] = fcntl(master, F_DUPFD_CLOEXEC, 0);
	plumbing->theirs[LANE_OUT] = fcntl(slave, F_DUPFD_CLOEXEC, 0);
	plumbing->theirs[LANE_ERR] = fcntl(slave, F_DUPFD_CLOEXEC, 0);
	return plumbing->ours[LANE_IN] >= 0 && plumbing->theirs[LANE_OUT] >= 0 && plumbing->theirs[LANE_ERR] >= 0;
}

/* fork, into the stream's control group. With `suspend`, returns in the parent once the child has exec'd or ended. */
static pid_t fork_into(int group, bool suspend)
{
	struct clone_args arguments = {.exit_signal = SIGCHLD};
	if (suspend)
		arguments.flags |= CLONE_VFORK;
	if (group_fd(group) >= 0) {
		arguments.flags |= CLONE_INTO_CGROUP;
		arguments.cgroup = (uint64_t)group_fd(group);
	}
	return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

static void child_reset(const int *theirs)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	for (int i = 0; i < LANES; i++)
		dup2(theirs[i], i);
}

/* Why a child could not start its command. */
struct failure {
	enum { AT_DIRECTORY, AT_USER, AT_PROGRAM, AT_TERMINAL } where;
	int error;
};

static _Noreturn void child_run(const struct command *command, const int *theirs, int report)
{
	struct failure failure = {.where = AT_TERMINAL};
	child_reset(theirs);
	if (command->terminal && ioctl(0, TIOCSCTTY, 0) < 0)
		goto failed;
	failure.where = AT_USER;
	const struct account *account = &command->account;
	if (geteuid() == 0) {
		if (command->terminal && fchown(0, account->uid, (gid_t)-1) < 0)
			goto failed;
		if (setgroups(account->group_count, account->groups) < 0 || setgid(account->gid) < 0 ||
		    setuid(account->uid) < 0)
			goto failed;
	} else if (account->uid != geteuid()) {
		errno = EPERM;
		goto failed;
	}
	failure.where = AT_DIRECTORY;
	if (chdir(command->directory) < 0)
		goto failed;
	failure.where = AT_PROGRAM;
	environ = command->env;
	execvp(command->argv[0], command->argv);
failed:
	failure.error = errno;
	ssize_t ignored = write(report, &failure, sizeof failure);
	(void)ignored;
	_exit(127);
}

static void not_started(struct stream *stream, const struct command *command, struct failure failure)
{
	const char *why = strerror(failure.error);
	switch (failure.where) {
	case AT_DIRECTORY:
		return stream_result(stream, R_NOT_STARTED, 126, "cannot enter directory '%.1000s': %s",
				     command->directory, why);
	case AT_USER:
		return stream_result(stream, R_NOT_STARTED, 126, "cannot become user '%.200s': %s",
				     command->account.name, why);
	case AT_TERMINAL:
		return stream_result(stream, R_NOT_STARTED, 126, "cannot open a terminal: %s", why);
	case AT_PROGRAM:
		return stream_result(stream, R_NOT_STARTED, failure.error == ENOENT ? 127 : 126, "%.1000s: %s",
				     command->argv[0], failure.error == ENOENT ? "command not found" : why);
	}
}

static void adopt(struct stream *stream, const struct plumbing *plumbing)
{
	for (int lane = 0; lane < LANES; lane++) {
		stream->lanes[lane].fd = plumbing->ours[lane];
		if (plumbing->ours[lane] < 0 && lane != LANE_IN)
			lane_end(stream, lane);
	}
	watch(&stream->lanes[LANE_OUT], EPOLLIN);
	watch(&stream->lanes[LANE_ERR], EPOLLIN);
}

static bool plumb(struct plumbing *plumbing, const struct command *command)
{
	if (command->terminal)
		return terminal_lanes(plumbing, command);
	if (command->detached)
		return null_lane(plumbing, LANE_IN) && null_lane(plumbing, LANE_OUT) && null_lane(plumbing, LANE_ERR);
	return (command->no_input ? null_lane(plumbing, LANE_IN) : pipe_lane(plumbing, LANE_IN)) &&
	       pipe_lane(plumbing, LANE_OUT) && pipe_lane(plumbing, LANE_ERR);
}

static void start_command(struct stream *stream, const struct command *command)
{
	int group = group_take();
	if (group == -2)
		return stream_result(stream, R_REFUSED, 0, "%d commands are running already", MAX_COMMANDS);

	struct plumbing plumbing = {{-1, -1, -1}, {-1, -1, -1}};
	int report[2] = {-1, -1};
	pid_t pid = -1;
	if (plumb(&plumbing, command) && pipe2(report, O_CLOEXEC) == 0) {
		pid = fork_into(group, true);
		if (pid == 0)
			child_run(command, plumbing.theirs, report[1]);
	}
	int error = errno;
	plumbing_close(plumbing.theirs);
	if (report[1] >= 0)
		close(report[1]);
	struct failure failure;
	bool failed = pid > 0 && read(report[0], &failure, sizeof failure) == sizeof failure;
	if (report[0] >= 0)
		close(report[0]);
	if (pid < 0 || failed) {
		plumbing_close(plumbing.ours);
		group_release(group);
		groups_sweep();
		if (failed)
			return not_started(stream, command, failure);
		return stream_result(stream, R_FAILED, (uint32_t)error, "cannot start a process: %s", strerror(error));
	}

	stream->pid = pid;
	stream->group = group;
	stream->terminal = command->terminal;
	send_started(stream);
	if (command->detached) {
		/* Nobody's any more: reap() finds no stream for it, so its group is let go now and free when empty. */
		group_release(group);
		stream->pid = 0;
		return stream_result(stream, R_DONE, 0, "%s", "");
	}
	if (command->no_input)
		stream->ended[LANE_IN] = true;
	if (command->limit_ms)
		stream->deadline_ms = now_ms() + (int64_t)command->limit_ms;
	adopt(stream, &plumbing);
}

/* ---- reading an EXEC request ---- */

/* Makes a field a C string in place: the byte after it is the next field's tag, or the spare byte at the request's end,
 * and the tag has been read by then because this is done in a second pass, backwards. */
struct text {
	uint8_t *at;
	uint32_t length;
};

static bool is_text(const struct field *field)
{
	return field->length && !memchr(field->value, 0, field->length);
}

static bool has_variable(const struct command *command, const char *name)
{
	size_t length = strlen(name);
	for (size_t i = 0; i < command->envc; i++)
		if (strncmp(command->env[i], name, length) == 0 && command->env[i][length] == '=')
			return true;
	return false;
}

static char *variable(const char *name, const char *value)
{
	char *text;
	return asprintf(&text, "%s=%s", name, value) < 0 ? NULL : text;
}

/* Reads the fields into `command`. Returns why not, or NULL. Strings end up terminated in place. */
static const char *read_command(struct fields fields, struct command *command, const char **user, size_t most)
{
	struct field field;
	enum field_next next;
	struct text *texts = calloc(most + 1, sizeof *texts);
	size_t text_count = 0;
	unsigned seen = 0;
	const char *wrong = NULL;
	command->argv = calloc(most + 1, sizeof *command->argv);
	command->env = calloc(most + 4, sizeof *command->env);
	command->directory = "/";
	*user = "0";
	if (!texts || !command->argv || !command->env) {
		free(texts);
		return "out of memory";
	}
	while (!wrong && (next = field_next(&fields, &field)) != FIELD_NONE) {
		if (next == FIELD_BAD) {
			wrong = "a field is longer than the request";
			break;
		}
		bool text = field.tag >= 1 && field.tag <= 4;
		if (field.tag < 1 || field.tag > 8)
			wrong = "an unknown field";
		else if (field.tag > 2 && seen & 1u << field.tag)
			wrong = "a field that is there twice";
		else if (text && field.tag > 1 && !is_text(&field))
			wrong = "an empty text, or one with a NUL";
		else if (field.tag == 1 && memchr(field.value, 0, field.length))
			wrong = "an argument with a NUL";
		else if (field.tag == 2 && (field.value[0] == '=' || !memchr(field.value, '=', field.length)))
			wrong = "an environment variable without a name";
		else if (field.tag == 3 && field.value[0] != '/')
			wrong = "a directory that is not absolute";
		else if ((field.tag == 5 && field.length != 4) || (field.tag == 6 && field.length != 8) ||
			 (field.tag > 6 && (field.length != 1 || field.value[0] != 1)))
			wrong = "a field of the wrong length or value";
		if (wrong)
			break;
		seen |= 1u << field.tag;
		if (text)
			texts[text_count++] = (struct text){(uint8_t *)field.value, field.length};
		switch (field.tag) {
		case 1:
			command->argv[command->argc++] = (char *)field.value;
			break;
		case 2:
			command->env[command->envc++] = (char *)field.value;
			break;
		case 3:
			command->directory = (const char *)field.value;
			break;
		case 4:
			*user = (const char *)field.value;
			break;
		case 5:
			command->terminal = true;
			command->rows = get16(field.value);
			command->columns = get16(field.value + 2);
			if (!command->rows || !command->columns)
				wrong = "a terminal without rows or columns";
			break;
		case 6:
			command->limit_ms = get64(field.value);
			if (!command->limit_ms || command->limit_ms > INT64_MAX / 2)
				wrong = "a time limit out of range";
			break;
		case 7:
			command->detached = true;
			break;
		case 8:
			command->no_input = true;
			break;
		}
	}
	if (!wrong && !command->argc)
		wrong = "no argument";
	if (!wrong && command->detached && (command->terminal || command->limit_ms))
		wrong = "a detached command with a terminal or a time limit";
	while (text_count--)
		texts[text_count].at[texts[text_count].length] = 0;
	free(texts);
	return wrong;
}

/* A later variable of the same name wins: the earlier ones are taken out. */
static void unique_environment(struct command *command)
{
	size_t kept = 0;
	for (size_t i = 0; i < command->envc; i++) {
		size_t name = strcspn(command->env[i], "=") + 1;
		bool later = false;
		for (size_t j = i + 1; j < command->envc && !later; j++)
			later = strncmp(command->env[i], command->env[j], name) == 0;
		if (!later)
			command->env[kept++] = command->env[i];
	}
	command->env[command->envc = kept] = NULL;
}

void serve_exec(struct stream *stream, struct fields fields)
{
	/* Each field takes at least 5 bytes. */
	size_t most = (size_t)(fields.end - fields.at) / 5 + 1;
	struct command command;
	memset(&command, 0, sizeof command);
	const char *user;
	char why[320];
	char *home = NULL, *name = NULL;
	const char *wrong = read_command(fields, &command, &user, most);
	if (wrong) {
		stream_result(stream, R_REFUSED, 0, "the EXEC request has %s", wrong);
	} else if (!account_find(user, &command.account, why, sizeof why)) {
		stream_result(stream, R_NOT_STARTED, 126, "%s", why);
	} else {
		unique_environment(&command);
		if (!has_variable(&command, "HOME"))
			home = command.env[command.envc++] = variable("HOME", command.account.home);
		if (!has_variable(&command, "USER"))
			name = command.env[command.envc++] = variable("USER", command.account.name);
		if (!has_variable(&command, "PATH"))
			command.env[command.envc++] = (char *)DEFAULT_PATH;
		start_command(stream, &command);
	}
	free(home);
	free(name);
	free(command.argv);
	free(command.env);
}

/* ---- the agent's own long work ---- */

static void start_builtin(struct stream *stream, const struct copy_request *copy)
{
	int group = group_take();
	if (group == -2)
		return stream_result(stream, R_REFUSED, 0, "%d commands are running already", MAX_COMMANDS);
	struct plumbing plumbing = {{-1, -1, -1}, {-1, -1, -1}};
	bool made = (stream->operation == OP_PUT ? pipe_lane(&plumbing, LANE_IN) : null_lane(&plumbing, LANE_IN)) &&
		    pipe_lane(&plumbing, LANE_OUT) && pipe_lane(&plumbing, LANE_ERR);
	pid_t pid = made ? fork_into(group, false) : -1;
	if (pid == 0) {
		child_reset(plumbing.theirs);
		syscall(SYS_close_range, 3, ~0u, 0); /* a copy of the agent must not keep the host's ports open */
		if (stream->operation == OP_PUT)
			copy_put(copy);
		if (stream->operation == OP_GET)
			copy_get(copy);
		sync();
		_exit(0);
	}
	int error = errno;
	plumbing_close(plumbing.theirs);
	if (pid < 0) {
		plumbing_close(plumbing.ours);
		group_release(group);
		groups_sweep();
		return stream_result(stream, R_FAILED, (uint32_t)error, "cannot start a process: %s", strerror(error));
	}
	stream->pid = pid;
	stream->group = group;
	if (stream->operation != OP_PUT)
		stream->ended[LANE_IN] = true;
	if (stream->operation != OP_SYNC)
		send_started(stream);
	else
		stream->ended[LANE_OUT] = true; /* the protocol gives SYNC no lanes */
	adopt(stream, &plumbing);
}

void serve_sync(struct stream *stream)
{
	start_builtin(stream, NULL);
}

static bool copy_text(char *to, size_t size, const struct field *field)
{
	if (!is_text(field) || field->length >= size)
		return false;
	memcpy(to, field->value, field->length);
	to[field->length] = 0;
	return true;
}

void serve_copy(struct stream *stream, struct fields fields)
{
	static struct copy_request copy; /* the child has its own copy of it */
	memset(&copy, 0, sizeof copy);
	bool put = stream->operation == OP_PUT, wrong = false;
	unsigned seen = 0;
	struct field field;
	enum field_next next;
	while (!wrong && (next = field_next(&fields, &field)) != FIELD_NONE) {
		if (next == FIELD_BAD || field.tag < 1 || field.tag > 5 || seen & 1u << field.tag) {
			wrong = true;
			break;
		}
		seen |= 1u << field.tag;
		switch (field.tag) {
		case 1:
			wrong = !copy_text(copy.path, sizeof copy.path, &field) || copy.path[0] != '/';
			break;
		case 2:
			wrong = !put || !copy_text(copy.base, sizeof copy.base, &field) || strchr(copy.base, '/') ||
				strcmp(copy.base, ".") == 0 || strcmp(copy.base, "..") == 0;
			break;
		case 3:
			wrong = !put || field.length != 8;
			copy.set_owner = true;
			copy.uid = wrong ? 0 : get32(field.value);
			copy.gid = wrong ? 0 : get32(field.value + 4);
			break;
		case 4:
			wrong = !put || field.length != 4 || get32(field.value) > 07777;
			copy.set_mode = true;
			copy.mode = wrong ? 0 : get32(field.value);
			break;
		case 5:
			wrong = put || field.length != 1 || field.value[0] != 1;
			copy.follow = true;
			break;
		}
	}
	if (wrong || !copy.path[0])
		return stream_result(stream, R_REFUSED, 0, "the %s request has a field that is missing or wrong",
				     put ? "PUT" : "GET");
	start_builtin(stream, &copy);
}

/* ---- while it runs ---- */

void stream_kill(struct stream *stream)
{
	group_kill(stream->group, stream->pid);
}

void stream_cancel(struct stream *stream)
{
	if (!stream->pid || stream->exited)
		return;
	if (stream->operation == OP_EXEC)
		return stream_kill(stream);
	kill(stream->pid, SIGTERM); /* a copy removes the file it is in the middle of */
	stream->kill_at_ms = now_ms() + BUILTIN_GRACE_MS;
}

void stream_signal(struct stream *stream, uint32_t number)
{
	if (!stream->pid || stream->exited || stream->operation != OP_EXEC)
		return;
	if (number == SIGKILL)
		return stream_kill(stream);
	pid_t target = stream->pid;
	if (stream->terminal && stream->lanes[LANE_OUT].fd >= 0) {
		pid_t foreground = tcgetpgrp(stream->lanes[LANE_OUT].fd);
		if (foreground > 0)
			target = foreground;
	}
	kill(-target, (int)number);
}

void stream_resize(struct stream *stream, uint16_t rows, uint16_t columns)
{
	if (!stream->terminal || stream->lanes[LANE_OUT].fd < 0)
		return;
	struct winsize size = {.ws_row = rows, .ws_col = columns};
	ioctl(stream->lanes[LANE_OUT].fd, TIOCSWINSZ, &size); /* the kernel sends SIGWINCH */
}
