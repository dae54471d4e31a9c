/* Children and their pipes. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PIPE_BYTES = 262144 };

void plumbing_close(int *fds)
{
	for (int i = 0; i < LANES; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

bool plumb_pipe(struct plumbing *plumbing, enum lane lane)
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

bool plumb_null(struct plumbing *plumbing, enum lane lane)
{
	plumbing->theirs[lane] = open("/dev/null", (lane == LANE_IN ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
	return plumbing->theirs[lane] >= 0;
}

/* What a freeze reads from is a directory. */
static bool plumb_place(struct plumbing *plumbing, enum lane lane)
{
	plumbing->theirs[lane] = freeze_place();
	return plumbing->theirs[lane] >= 0;
}

bool plumb_terminal(struct plumbing *plumbing, uint16_t rows, uint16_t columns)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	plumbing->ours[LANE_OUT] = master;
	if (master < 0 || unlockpt(master) < 0)
		return false;
	int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	plumbing->theirs[LANE_IN] = slave;
	if (slave < 0)
		return false;
	struct winsize size = {.ws_row = rows, .ws_col = columns};
	ioctl(slave, TIOCSWINSZ, &size);
	plumbing->ours[LANE_IN] = fcntl(master, F_DUPFD_CLOEXEC, 0);
	plumbing->theirs[LANE_OUT] = fcntl(slave, F_DUPFD_CLOEXEC, 0);
	plumbing->theirs[LANE_ERR] = fcntl(slave, F_DUPFD_CLOEXEC, 0);
	return plumbing->ours[LANE_IN] >= 0 && plumbing->theirs[LANE_OUT] >= 0 && plumbing->theirs[LANE_ERR] >= 0;
}

/*
 * fork, into a control group. With `suspend`, returns in the parent once the child has exec'd or ended; the child has
 * memory of its own all the same, so nothing it does there is seen here.
 */
pid_t fork_into(int group, bool suspend)
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

void child_begin(const int *theirs)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (is_init) {
		struct rlimit files = {1024, 524288}; /* what programs expect; the agent itself needs more */
		setrlimit(RLIMIT_NOFILE, &files);
	}
	setsid();
	for (int i = 0; i < LANES; i++)
		dup2(theirs[i], i);
}

/* After STARTED. */
void process_adopt(struct stream *stream, pid_t pid, int group, const struct plumbing *plumbing)
{
	stream->pid = pid;
	stream->group = group;
	for (int lane = 0; lane < LANES; lane++) {
		stream->lanes[lane].fd = plumbing->ours[lane];
		if (plumbing->ours[lane] < 0 && lane != LANE_IN)
			lane_end(stream, lane);
	}
	watch(&stream->lanes[LANE_OUT], EPOLLIN);
	watch(&stream->lanes[LANE_ERR], EPOLLIN);
}

void process_kill(struct stream *stream)
{
	if (!stream->pid || stream->exited)
		return;
	if (stream->operation == OP_EXEC)
		group_kill(stream->group, stream->pid);
	else
		kill(stream->pid, SIGTERM); /* a copy removes the file it is in the middle of, a freeze its snapshot */
	freeze_stopped(stream->pid);
}

/* Does the agent's own long work in a child, which must not return from `work`. */
void work_start(struct stream *stream, void (*work)(void))
{
	int group = group_take();
	if (group == TOO_MANY_GROUPS)
		return stream_result(stream, R_REFUSED, 0, "%d commands are running already", MAX_COMMANDS);
	struct plumbing plumbing = {{-1, -1, -1}, {-1, -1, -1}};
	bool takes = stream->operation == OP_PUT, freezes = stream->operation == OP_FREEZE;
	bool gives = stream->operation == OP_GET || freezes;
	bool made = (takes ? plumb_pipe : freezes ? plumb_place : plumb_null)(&plumbing, LANE_IN) &&
		    (gives ? plumb_pipe : plumb_null)(&plumbing, LANE_OUT) && plumb_pipe(&plumbing, LANE_ERR);
	pid_t pid = made ? fork_into(group, false) : -1;
	if (pid == 0) {
		child_begin(plumbing.theirs);
		syscall(SYS_close_range, 3, ~0u, 0); /* a copy of the agent must not keep the host's ports open */
		work();
		_exit(0);
	}
	int error = errno;
	plumbing_close(plumbing.theirs);
	if (pid < 0) {
		plumbing_close(plumbing.ours);
		group_release(group);
		return stream_errno(stream, "cannot start a process", error);
	}
	if (!takes)
		stream->ended[LANE_IN] = true;
	stream->pid = pid;
	if (freezes)
		freeze_began(pid);
	if (takes || gives)
		stream_started(stream);
	process_adopt(stream, pid, group, &plumbing);
}

static void write_out(void)
{
	sync();
}

void serve_sync(struct stream *stream)
{
	work_start(stream, write_out);
}
