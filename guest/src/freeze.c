/*
 * FREEZE: the machine's file system as it was at one moment, while the machine goes on.
 *
 * Two processes. The first makes the snapshot, mounts it where nobody else sees it, and undoes both, whatever happens: it
 * does nothing else, is the last to be killed when memory is short, and heeds SIGTERM only while it waits. The second
 * (layer.c) reads what is in the snapshot, which is of the guest's making, and may end as it likes.
 *
 * One freeze at a time: the first process holds a lock on the overlay's directory, which no command of the guest can reach.
 */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	SYNC_ROUNDS = 3,
	SYNC_ENOUGH_MS = 20,
};

const char *freeze_upper; /* in the agent's own tests */
struct freeze_request freezing;

static pid_t freezer; /* the first process of the freeze that goes on */
static bool stopping; /* it was told to stop: the next one waits for it */

/* ---- in the agent ---- */

static bool read_left_out(const struct field *field)
{
	const uint8_t *text = field->value;
	uint32_t length = field->length;
	if (!field_is_text(field) || length < 2 || length > MAX_PATH || text[0] != '/' || text[length - 1] == '/' ||
	    freezing.left_out_count == MAX_LEFT_OUT)
		return false;
	freezing.left_out[freezing.left_out_count++] = (struct left_out){text + 1, length - 1};
	return true;
}

static bool read_area(const struct field *field)
{
	if (field->length != 16 || freezing.area.length)
		return false;
	freezing.area = (struct area){get64(field->value), get64(field->value + 8)};
	uint64_t both = freezing.area.offset | freezing.area.length;
	return freezing.area.length && both % 4096 == 0 && both < 1ull << 62;
}

static _Noreturn void work(void);
static void begin(void)
{
	work();
}

void serve_freeze(struct stream *stream, struct fields fields)
{
	struct field field;
	enum field_next next;
	bool good = true;
	memset(&freezing, 0, sizeof freezing);
	while (good && (next = field_next(&fields, &field)) != FIELD_NONE)
		good = next == FIELD_OK && ((field.tag == 1 && read_left_out(&field)) ||
					    (field.tag == 2 && read_area(&field)));
	if (!good || (!freezing.area.length && !freeze_upper))
		return stream_result(stream, R_REFUSED, 0, "the FREEZE request has a field that is missing or wrong");
	if (freezer && !stopping)
		return stream_errno(stream, "the machine is being frozen already", EBUSY);
	work_start(stream, begin);
}

void freeze_began(pid_t pid)
{
	freezer = pid;
	stopping = false;
}

void freeze_stopped(pid_t pid)
{
	stopping |= pid == freezer;
}

void freeze_ended(pid_t pid)
{
	if (pid == freezer)
		freezer = 0;
}

/* What the first process has as its standard input: the overlay's directory. */
int freeze_place(void)
{
	return freeze_upper ? open(freeze_upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : overlay_open();
}

/* ---- in the first process ---- */

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, value, strlen(value)) < 0)
		say("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void set_oom(const char *value)
{
	set("/proc/self/oom_score_adj", value);
}

/*
 * Standing still is mostly waiting until no processor is inside some piece of the kernel any more: five times a timer's
 * tick or two, or at once where the kernel is told to hurry.
 */
static void hurry(bool now)
{
	set("/sys/kernel/rcu_expedited", now ? "1" : "0");
}

static _Noreturn void give_up(const char *what, int error)
{
	disk_let_go();
	hurry(false);
	copy_fail(error, "%s: %s", what, strerror(error));
}

/* Writes out beforehand what else would be written while the file system stands still. */
static void settle(void)
{
	for (int i = 0; i < SYNC_ROUNDS; i++) {
		int64_t begun = now_ms();
		syncfs(0);
		if (now_ms() - begun < SYNC_ENOUGH_MS)
			return;
	}
}

/* Mounts the snapshot; nobody but who has the descriptor can reach it. */
static int mount_snapshot(const char *path)
{
	int system = (int)syscall(SYS_fsopen, "ext4", FSOPEN_CLOEXEC), mounted = -1;
	if (system < 0)
		return -1;
	if (syscall(SYS_fsconfig, system, FSCONFIG_SET_STRING, "source", path, 0) == 0 &&
	    syscall(SYS_fsconfig, system, FSCONFIG_SET_FLAG, "ro", NULL, 0) == 0 &&
	    syscall(SYS_fsconfig, system, FSCONFIG_SET_FLAG, "noload", NULL, 0) == 0 &&
	    syscall(SYS_fsconfig, system, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		mounted = (int)syscall(SYS_fsmount, system, FSMOUNT_CLOEXEC,
				       MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	int error = errno;
	close(system);
	errno = error;
	return mounted;
}

/* Starts the second process; what it says of itself goes to `said`. */
static pid_t start_walker(int upper, uint64_t still, int *said)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(EPIPE);
		set_oom("500");
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		signal(SIGPIPE, SIG_IGN);
		dup2(ends[1], 2);
		if (fchdir(upper) < 0)
			copy_fail(errno, "enter the snapshot: %s", strerror(errno));
		layer_out(still);
	}
	close(ends[1]);
	*said = ends[0];
	if (pid < 0)
		close(ends[0]);
	return pid;
}

/* Waits for the second process; kills it when it is time to stop. */
static int await_walker(pid_t pid, const sigset_t *signals)
{
	int status;
	for (;;) {
		siginfo_t info;
		if (sigwaitinfo(signals, &info) == SIGTERM)
			kill(pid, SIGKILL);
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
	}
}

/* Gives the host back what was freed while the snapshot could not let it. Nobody waits for it. */
static void trim(void)
{
	if (fork() != 0)
		return;
	/* What the host waits for must not stay open. */
	close(1);
	close(2);
	flock(0, LOCK_UN);
	overlay_trim(0);
	_exit(0);
}

/* What is to be said when the second process has ended so. */
static _Noreturn void report(int status, int said, bool held)
{
	char message[1024];
	ssize_t n = read(said, message, sizeof message);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		_exit(0);
	if (!held)
		copy_fail(ENOSPC, "so much was written while the machine was frozen that the place for it is full; "
				  "freeze it again when it writes less");
	if (WIFEXITED(status) && n > 0)
		copy_fail(WEXITSTATUS(status), "%.*s", (int)n, message);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		copy_fail(EINTR, "it was stopped, or there was no memory left in the machine");
	copy_fail(EIO, "reading the snapshot ended with status %d", status);
}

static int enter_upper(const char *snapshot)
{
	if (!is_init)
		return 0;
	int mounted = mount_snapshot(snapshot);
	if (mounted < 0)
		give_up("mount the snapshot", errno);
	int upper = openat(mounted, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int error = errno;
	close(mounted);
	if (upper < 0)
		give_up("open the snapshot", error);
	return upper;
}

static _Noreturn void work(void)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (flock(0, LOCK_EX) < 0)
		copy_fail(errno, "lock the overlay: %s", strerror(errno));
	char snapshot[32] = "";
	uint64_t still = 0;
	int error;
	if (is_init) {
		set_oom("-1000");
		hurry(true);
		if ((error = disk_let_go())) /* what one that was killed has left */
			copy_fail(error, "clear the last freeze away: %s", strerror(error));
		if ((error = disk_hold(&freezing.area, snapshot, sizeof snapshot)))
			give_up("make a snapshot", error);
		settle();
		uint64_t begun = now_ns();
		if ((error = disk_part()))
			give_up("begin the snapshot", error);
		still = now_ns() - begun;
	}
	int upper = enter_upper(snapshot), said = -1;
	pid_t walker = start_walker(upper, still, &said);
	if (walker < 0) {
		error = errno;
		close(upper);
		give_up("cannot start a process", error);
	}
	int status = await_walker(walker, &signals);
	bool held = true;
	if (is_init) {
		held = disk_held();
		close(upper);
		if ((error = disk_let_go()))
			say("end of a freeze: %s", strerror(error));
		hurry(false);
		trim();
	}
	report(status, said, held);
}
