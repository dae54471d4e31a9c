/* Commands: starting, signals, terminals. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

extern char **environ;

/* Why a child could not start its command. */
struct failure {
	enum { AT_TERMINAL, AT_USER, AT_DIRECTORY, AT_PROGRAM } where;
	int error;
};

static bool become(const struct account *account, bool terminal)
{
	if (geteuid() != 0) {
		errno = EPERM;
		return account->uid == geteuid();
	}
	return (!terminal || fchown(0, account->uid, (gid_t)-1) == 0) &&
	       setgroups(account->group_count, account->groups) == 0 && setgid(account->gid) == 0 &&
	       setuid(account->uid) == 0;
}

static _Noreturn void child_run(const struct command *command, const int *theirs, int report)
{
	struct failure failure = {.where = AT_TERMINAL};
	child_begin(theirs);
	if (command->terminal && ioctl(0, TIOCSCTTY, 0) < 0)
		goto failed;
	failure.where = AT_USER;
	if (!become(&command->account, command->terminal))
		goto failed;
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
	case AT_TERMINAL:
		return stream_result(stream, R_NOT_STARTED, 126, "cannot open a terminal: %s", why);
	case AT_USER:
		return stream_result(stream, R_NOT_STARTED, 126, "cannot become user '%.200s': %s",
				     command->account.name, why);
	case AT_DIRECTORY:
		return stream_result(stream, R_NOT_STARTED, 126, "cannot enter directory '%.1000s': %s",
				     command->directory, why);
	case AT_PROGRAM:
		return stream_result(stream, R_NOT_STARTED, failure.error == ENOENT ? 127 : 126, "%.1000s: %s",
				     command->argv[0], failure.error == ENOENT ? "command not found" : why);
	}
}

static bool plumb(struct plumbing *plumbing, const struct command *command)
{
	if (command->terminal)
		return plumb_terminal(plumbing, command->rows, command->columns);
	bool no_input = command->no_input || command->detached;
	bool (*output)(struct plumbing *, enum lane) = command->detached ? plumb_null : plumb_pipe;
	return (no_input ? plumb_null : plumb_pipe)(plumbing, LANE_IN) && output(plumbing, LANE_OUT) &&
	       output(plumbing, LANE_ERR);
}

static void start(struct stream *stream, const struct command *command)
{
	int group = group_take();
	if (group == TOO_MANY_GROUPS)
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
		if (failed)
			return not_started(stream, command, failure);
		return stream_errno(stream, "cannot start a process", error);
	}

	stream->pid = pid;
	stream->group = group;
	stream_started(stream);
	if (command->detached)
		return stream_result(stream, R_DONE, 0, "%s", ""); /* nobody's any more */
	stream->terminal = command->terminal;
	stream->ended[LANE_IN] = command->no_input;
	if (command->limit_ms)
		stream->deadline_ms = now_ms() + (int64_t)command->limit_ms;
	process_adopt(stream, pid, group, &plumbing);
}

void serve_exec(struct stream *stream, struct fields fields)
{
	struct command command;
	char why[320];
	const char *wrong = command_read(&command, fields);
	if (wrong) {
		stream_result(stream, R_REFUSED, 0, "the EXEC request has %s", wrong);
	} else if (!account_find(command.user, &command.account, why, sizeof why)) {
		stream_result(stream, R_NOT_STARTED, 126, "%s", why);
	} else {
		command_environment(&command);
		start(stream, &command);
	}
	command_free(&command);
}

void command_signal(struct stream *stream, uint32_t number)
{
	if (!stream->pid || stream->exited || stream->operation != OP_EXEC)
		return;
	if (number == SIGKILL)
		return process_kill(stream);
	pid_t group = stream->pid;
	if (stream->terminal && stream->lanes[LANE_OUT].fd >= 0) {
		pid_t foreground = tcgetpgrp(stream->lanes[LANE_OUT].fd);
		if (foreground > 1)
			group = foreground;
	}
	kill(-group, (int)number);
}

void command_resize(struct stream *stream, uint16_t rows, uint16_t columns)
{
	if (!stream->terminal || stream->lanes[LANE_OUT].fd < 0)
		return;
	struct winsize size = {.ws_row = rows, .ws_col = columns};
	ioctl(stream->lanes[LANE_OUT].fd, TIOCSWINSZ, &size); /* the kernel sends SIGWINCH */
}
