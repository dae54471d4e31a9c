/* docs/protocol.md: EXEC. */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- how it ends ---- */

TEST("the exit code of a command is its result's code")
{
	struct host *host = open_session();
	static const int codes[] = {0, 1, 3, 126, 127, 128, 255};
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		struct request request = shell(text("exit %d", codes[i]));
		struct record *record = run(host, &request);
		CHECK_EXIT(record, (uint32_t)codes[i]);
		CHECK(record->started && record->pid > 1);
		CHECK(record->lanes[LANE_OUT].ended && record->lanes[LANE_ERR].ended);
		CHECK_TEXT(record->message, "");
	}
}

TEST("a command that a signal ends says which")
{
	struct host *host = open_session();
	static const uint32_t signals[] = {SIGTERM, SIGKILL, SIGSEGV, SIGPIPE, 40};
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		struct request request = shell(text("kill -%u $$", signals[i]));
		CHECK_END(run(host, &request), R_SIGNALLED, signals[i]);
	}
}

static void not_started(struct host *host, struct request request, uint32_t code, const char *message)
{
	struct record *record = run(host, &request);
	CHECK_END(record, R_NOT_STARTED, code);
	CHECK_TEXT(record->message, message);
	CHECK(!record->started && !record->lanes[LANE_OUT].ended && !record->lanes[LANE_ERR].ended);
}

TEST("a program that is not there is not started, with 127")
{
	struct host *host = open_session();
	not_started(host, exec_of("no-such-program", NULL), 127, "no-such-program: command not found");
	not_started(host, exec_of("/no/such/program", NULL), 127, "/no/such/program: command not found");
	not_started(host, exec_of("", NULL), 127, ": command not found");
}

TEST("a program that cannot be executed is not started, with 126")
{
	struct host *host = open_session();
	not_started(host, exec_of("/", NULL), 126, "/: Permission denied");
	not_started(host, exec_of("/etc/passwd", NULL), 126, "/etc/passwd: Permission denied");
	not_started(host, exec_of("/etc/passwd/x", NULL), 126, "/etc/passwd/x: Not a directory");
}

TEST("a message that is too long is cut")
{
	struct host *host = open_session();
	struct request request = request_of(OP_EXEC);
	field_text(&request, 1, text("/%05000d", 0));
	if (geteuid() != 0)
		field_text(&request, 4, text("%u", geteuid()));
	struct record *record = run(host, &request);
	CHECK_END(record, R_NOT_STARTED, 126);
	CHECK(strlen(record->message) < MAX_MESSAGE);
	CHECK_HAS(record->message, "File name too long");
}

/* ---- what it gets ---- */

TEST("arguments arrive as they are: empty, with spaces, and of any bytes")
{
	struct host *host = open_session();
	struct request request = exec_of("printf", "[%s]", "", " a  b ", "$HOME\n*", "\xff\x80\xc3", NULL);
	CHECK_TEXT(text_of(run(host, &request), LANE_OUT), "[][ a  b ][$HOME\n*][\xff\x80\xc3]");
}

TEST("a program without a slash is looked for in the PATH it is given")
{
	struct host *host = open_session();
	CHECK(mkdir(scratch("bin"), 0755) == 0);
	write_to(scratch("bin/mine"), "#!/bin/sh\necho \"mine $PATH\"\n");
	CHECK(chmod(scratch("bin/mine"), 0755) == 0);
	struct request request = exec_of("mine", NULL);
	CHECK_END(run(host, &request), R_NOT_STARTED, 127);
	field_text(&request, 2, text("PATH=/nowhere:%s", scratch("bin")));
	CHECK_TEXT(text_of(run(host, &request), LANE_OUT), text("mine /nowhere:%s\n", scratch("bin")));
}

TEST("HOME, USER and PATH are set when the environment does not, and nothing else is")
{
	struct host *host = open_session();
	struct passwd *me = getpwuid(geteuid());
	CHECK(me);
	struct request request = exec_of("env", NULL);
	CHECK_TEXT(text_of(run(host, &request), LANE_OUT),
		   text("HOME=%s\nUSER=%s\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n",
			me->pw_dir, me->pw_name));
	field_text(&request, 2, "HOME=/h");
	field_text(&request, 2, "USER=u");
	field_text(&request, 2, "PATH=/usr/bin:/bin");
	CHECK_TEXT(text_of(run(host, &request), LANE_OUT), "HOME=/h\nPATH=/usr/bin:/bin\nUSER=u\n");
}

TEST("of two values of a variable the later wins, and names are compared whole")
{
	struct host *host = open_session();
	struct request request = exec_of("env", NULL);
	static const char *const given[] = {"B=1", "AB=1",  "A=1",    "B=2",  "A.B=1", "HOME=",
					    "USER=x", "PATH=/bin:/usr/bin", "A=\xff=2", "B=3=", "HOME=/y"};
	for (size_t i = 0; i < sizeof given / sizeof *given; i++)
		field_text(&request, 2, given[i]);
	CHECK_TEXT(text_of(run(host, &request), LANE_OUT),
		   "A=\xff=2\nA.B=1\nAB=1\nB=3=\nHOME=/y\nPATH=/bin:/usr/bin\nUSER=x\n");
}

static double processor_seconds(void)
{
	unsigned long user = 0, system = 0;
	const char *stat = strrchr(content_of(text("/proc/%d/stat", agent_pid)), ')');
	CHECK_NUMBER(sscanf(stat, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system), 2);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

TEST("an environment of a hundred thousand variables takes the agent less than five seconds")
{
	struct host *host = open_session();
	struct request request = shell("echo \"$V7 $LAST\"");
	for (int i = 0; i < 100000; i++)
		field_text(&request, 2, text("V%d=%d", i % 10, i));
	field_text(&request, 2, "LAST=yes");
	CHECK_TEXT(text_of(run(host, &request), LANE_OUT), "99997 yes\n");
	/* All different is more than execve() takes, but the agent must see that first. */
	request = exec_of("true", NULL);
	for (int i = 0; i < 150000; i++)
		field_text(&request, 2, text("V%d=", i));
	CHECK_END(run(host, &request), R_NOT_STARTED, 126);
	CHECK(processor_seconds() < 5);
}

TEST("a command runs in the directory that is asked for, or in the root")
{
	struct host *host = open_session();
	struct request request = exec_of("pwd", NULL);
	CHECK_TEXT(text_of(run(host, &request), LANE_OUT), "/\n");
	field_text(&request, 3, "/usr/bin");
	CHECK_TEXT(text_of(run(host, &request), LANE_OUT), "/usr/bin\n");
	request = exec_of("pwd", NULL);
	field_text(&request, 3, "/no/such");
	not_started(host, request, 126, "cannot enter directory '/no/such': No such file or directory");
}

TEST("a command inherits no descriptor but its three lanes, and no blocked or ignored signal")
{
	struct host *host = open_session();
	/* ls itself has one on the directory. */
	struct request request = exec_of("ls", "/proc/self/fd", NULL);
	CHECK_TEXT(text_of(run(host, &request), LANE_OUT), "0\n1\n2\n3\n");
	request = exec_of("ls", "/proc/self/fd", NULL);
	field_terminal(&request, 24, 80);
	CHECK_TEXT(text_of(run(host, &request), LANE_OUT), "0  1  2  3\r\n");
	request = exec_of("grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status", NULL);
	unsigned long long blocked = 1, ignored = 1;
	CHECK(sscanf(text_of(run(host, &request), LANE_OUT), "SigBlk: %llx SigIgn: %llx", &blocked, &ignored) == 2);
	CHECK_NUMBER(blocked, 0);
	CHECK_NUMBER(ignored & ~0x180000000ull, 0); /* 32 and 33 are the C library's own */
}

TEST("a command has a session and a process group of its own")
{
	struct host *host = open_session();
	struct request request = shell("cut -d' ' -f5,6 /proc/$$/stat");
	struct record *record = run(host, &request);
	CHECK_TEXT(text_of(record, LANE_OUT), text("%u %u\n", record->pid, record->pid));
}

/* ---- users ---- */

TEST("a user or group that does not exist is not started, with 126")
{
	struct host *host = open_session();
	struct request request = request_of(OP_EXEC);
	field_text(&request, 1, "true");
	struct request base = request;
	base.bytes.room = base.bytes.length;
#define WITH_USER(name) (request = (struct request){0}, append(&request.bytes, base.bytes.at, base.bytes.length), field_text(&request, 4, name), request)
	not_started(host, WITH_USER("nobody-of-that-name"), 126,
		    "there is no user 'nobody-of-that-name' in /etc/passwd");
	not_started(host, WITH_USER("root:no-such-group"), 126, "there is no group 'no-such-group' in /etc/group");
	not_started(host, WITH_USER(":0"), 126, "':0' is not a user");
	not_started(host, WITH_USER("root:"), 126, "'root:' is not a user");
	not_started(host, WITH_USER("4294967295"), 126, "there is no user '4294967295' in /etc/passwd");
	not_started(host, WITH_USER("-1"), 126, "there is no user '-1' in /etc/passwd");
	not_started(host, WITH_USER("99999999999999999999"), 126,
		    "there is no user '99999999999999999999' in /etc/passwd");
}

ROOT_TEST("root becomes a user by name, uid, uid:gid and name:group, with the groups that belong to it")
{
	struct host *host = open_session();
	struct passwd *user = getpwnam("nobody");
	CHECK(user);
	static const char SCRIPT[] = "id -u; id -g; id -G; echo $HOME $USER";
	struct request request = shell(SCRIPT);
	CHECK_TEXT(text_of(run(host, &request), LANE_OUT), "0\n0\n0\n/root root\n");
	request = shell(SCRIPT);
	field_text(&request, 4, "nobody");
	const char *expected = text("%u\n%u\n%u\n%s nobody\n", user->pw_uid, user->pw_gid, user->pw_gid, user->pw_dir);
	CHECK_TEXT(text_of(run(host, &request), LANE_OUT), expected);
	request = shell(SCRIPT);
	field_text(&request, 4, text("%u", user->pw_uid));
	CHECK_TEXT(text_of(run(host, &request), LANE_OUT), expected);
	request = shell(SCRIPT);
	field_text(&request, 4, "54321:12345");
	CHECK_TEXT(text_of(run(host, &request), LANE_OUT), "54321\n12345\n12345\n/ 54321\n");
	request = shell(SCRIPT);
	field_text(&request, 4, "54321");
	CHECK_TEXT(text_of(run(host, &request), LANE_OUT), "54321\n0\n0\n/ 54321\n");
	struct group *group = getgrnam("daemon");
	CHECK(group);
	request = shell(SCRIPT);
	field_text(&request, 4, "nobody:daemon");
	CHECK_TEXT(text_of(run(host, &request), LANE_OUT),
		   text("%u\n%u\n%u\n%s nobody\n", user->pw_uid, group->gr_gid, group->gr_gid, user->pw_dir));
}

ROOT_TEST("a user's command has a terminal that is the user's")
{
	struct host *host = open_session();
	struct request request = shell("stat -c %U /proc/self/fd/0 $(tty); echo again >$(tty)");
	field_text(&request, 4, "nobody");
	field_terminal(&request, 24, 80);
	CHECK_HAS(text_of(run(host, &request), LANE_OUT), "nobody\r\nagain\r\n");
}

TEST("who is not root becomes nobody else")
{
	struct host *host = open_session();
	struct request request = request_of(OP_EXEC);
	field_text(&request, 1, "true");
	if (geteuid() != 0)
		not_started(host, request, 126, "cannot become user 'root': Operation not permitted");
	else
		CHECK_EXIT(run(host, &request), 0);
}

/* ---- lanes ---- */

TEST("standard output and standard error are told apart")
{
	struct host *host = open_session();
	struct request request = shell("echo out; echo err >&2; echo out again");
	struct record *record = run(host, &request);
	CHECK_TEXT(text_of(record, LANE_OUT), "out\nout again\n");
	CHECK_TEXT(text_of(record, LANE_ERR), "err\n");
}

TEST("input reaches the command, and its end too")
{
	struct host *host = open_session();
	struct request request = exec_of("cat", NULL);
	struct record *record = begin(host, &request);
	give_text(host, record, "one ");
	give_text(host, record, "two");
	wait_output(host, record, "one two");
	give_end(host, record);
	CHECK_EXIT(finish(host, record), 0);
	CHECK_TEXT(text_of(record, LANE_OUT), "one two");
	record = begin(host, &request);
	send_frame_of(host, F_DATA, FLAG_END, record->id, "last words", 10);
	CHECK_TEXT(text_of(finish(host, record), LANE_OUT), "last words");
}

TEST("without input the command reads an end at once")
{
	struct host *host = open_session();
	struct request request = shell("cat; readlink /proc/self/fd/0");
	field8(&request, 8, 1);
	CHECK_TEXT(text_of(run(host, &request), LANE_OUT), "/dev/null\n");
}

TEST("a command that does not read its input takes no harm, and nor does the host")
{
	struct host *host = open_session();
	struct request request = shell("exec <&-; read line </dev/null; echo closed; cat /dev/zero | head -c 1000000 >/dev/null; exit 5");
	struct record *record = begin(host, &request);
	wait_output(host, record, "closed");
	static uint8_t much[1000000];
	give(host, record, much, sizeof much);
	CHECK_EXIT(finish(host, record), 5);
}

static uint64_t taken;
static void take_pattern(const uint8_t *at, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (at[i] != pattern(taken + i))
			FAIL("byte %llu is wrong", (unsigned long long)(taken + i));
	taken += length;
}

TEST("300 MB come out of a command byte for byte")
{
	struct host *host = open_session();
	struct request request = exec_of(self(), "write", "300000000", NULL);
	struct record *record = begin(host, &request);
	record->lanes[LANE_OUT].taker = take_pattern;
	CHECK_EXIT(finish(host, record), 0);
	CHECK_NUMBER(taken, 300000000);
}

TEST("100 MB go into a command byte for byte")
{
	struct host *host = open_session();
	struct request request = exec_of(self(), "read", "100000000", NULL);
	struct record *record = begin(host, &request);
	static uint8_t block[1000000];
	for (int i = 0; i < 100; i++) {
		for (size_t j = 0; j < sizeof block; j++)
			block[j] = pattern((uint64_t)i * sizeof block + j);
		give(host, record, block, sizeof block);
	}
	give_end(host, record);
	CHECK_EXIT(finish(host, record), 0);
}

TEST("10 MB go through a command in both directions at once")
{
	struct host *host = open_session();
	struct request request = exec_of("cat", NULL);
	struct record *record = begin(host, &request);
	record->lanes[LANE_OUT].taker = take_pattern;
	taken = 0;
	uint8_t block[10000];
	for (int i = 0; i < 1000; i++) {
		for (size_t j = 0; j < sizeof block; j++)
			block[j] = pattern((uint64_t)i * sizeof block + j);
		give(host, record, block, sizeof block);
	}
	give_end(host, record);
	CHECK_EXIT(finish(host, record), 0);
	CHECK_NUMBER(taken, 10000000);
}

/* ---- what it leaves behind ---- */

TEST("a process left behind that holds the output does not delay the result")
{
	struct host *host = open_session();
	struct request request = shell("sleep 1000 & echo $!; exit 4");
	struct record *record = run(host, &request);
	CHECK_EXIT(record, 4);
	CHECK_NUMBER(kill(atoi(text_of(record, LANE_OUT)), 0), 0); /* it lives on */
}

TEST("a process left behind that goes on writing does not delay the result either")
{
	struct host *host = open_session();
	for (int terminal = 0; terminal < 2; terminal++) {
		struct request request = shell("trap '' HUP PIPE; yes 2>/dev/null & exit 4");
		if (terminal)
			field_terminal(&request, 24, 80);
		struct record *record = begin(host, &request);
		struct lane_record *out = &record->lanes[LANE_OUT];
		out->no_credit = true;
		/* On a terminal, the end of the session's leader hangs it up. */
		while (!record->done && out->total < WINDOW)
			pump(host);
		/* Slowly, so that the other one has always written more. */
		for (int i = 0; !record->done; i++) {
			send_credit(host, record, LANE_OUT, 1000);
			while (!record->done && out->total < WINDOW + (uint64_t)(i + 1) * 1000)
				pump(host);
			CHECK(out->total < 4 * WINDOW);
		}
		CHECK_EXIT(record, 4);
	}
}

TEST("all that the main process wrote is sent, however much is left when it ends")
{
	struct host *host = open_session();
	struct request request = exec_of(self(), "write", "250000", NULL);
	for (int i = 0; i < 20; i++) {
		struct record *record = begin(host, &request);
		record->lanes[LANE_OUT].no_credit = true;
		finish(host, record);
		CHECK_EXIT(record, 0);
		CHECK_NUMBER(record->lanes[LANE_OUT].total, 250000);
	}
}

/* ---- ending it ---- */

TEST("when the time is up, the command and all in its process group are killed")
{
	struct host *host = open_session();
	struct request request = shell("trap '' TERM HUP INT; sleep 1000 & echo $!; wait; sleep 1000");
	field64(&request, 6, 200);
	struct record *record = run(host, &request);
	CHECK_END(record, R_TIMED_OUT, 0);
	wait_until_gone((pid_t)record->pid);
	wait_until_gone(atoi(text_of(record, LANE_OUT)));
}

TEST("a command that ends before its time is up says how it ended")
{
	struct host *host = open_session();
	struct request request = shell("exit 9");
	field64(&request, 6, 1000000000000000ull);
	CHECK_EXIT(run(host, &request), 9);
}

TEST("CANCEL kills the command and its process group")
{
	struct host *host = open_session();
	struct request request = shell("trap '' TERM HUP INT; sleep 1000 & echo $!; wait; sleep 1000");
	struct record *record = begin(host, &request);
	wait_output(host, record, "\n");
	send_cancel(host, record);
	CHECK_END(finish(host, record), R_SIGNALLED, SIGKILL);
	wait_until_gone((pid_t)record->pid);
	wait_until_gone(atoi(text_of(record, LANE_OUT)));
}

TEST("CANCEL is answered although nobody gives credit")
{
	struct host *host = open_session();
	struct request request = exec_of("yes", NULL);
	struct record *record = begin(host, &request);
	record->lanes[LANE_OUT].no_credit = true;
	while (record->lanes[LANE_OUT].total < WINDOW)
		pump(host);
	send_cancel(host, record);
	CHECK_END(finish(host, record), R_SIGNALLED, SIGKILL);
	/* Also when it has ended already and only the credit is missing. */
	request = exec_of(self(), "write", "300000", NULL);
	record = begin(host, &request);
	record->lanes[LANE_OUT].no_credit = true;
	wait_started(host, record);
	while (record->lanes[LANE_OUT].total < WINDOW)
		pump(host);
	wait_until_gone((pid_t)record->pid);
	send_cancel(host, record);
	CHECK_EXIT(finish(host, record), 0);
}

TEST("a signal goes to the command's process group, and to nothing else")
{
	struct host *host = open_session();
	struct request request =
		shell("trap 'echo got it; exit 6' USR1; sh -c \"trap 'echo child too' USR1; echo ready; sleep 1000\" & wait; wait");
	struct record *record = begin(host, &request);
	wait_output(host, record, "ready");
	send_signal(host, record, SIGUSR1);
	CHECK_EXIT(finish(host, record), 6);
	CHECK_HAS(text_of(record, LANE_OUT), "got it");
	request = exec_of("cat", NULL);
	for (uint32_t number = 34; number <= 64; number += 30) {
		record = begin(host, &request);
		wait_started(host, record);
		send_signal(host, record, number);
		CHECK_END(finish(host, record), R_SIGNALLED, number);
	}
}

TEST("SIGNAL 9 kills the whole group")
{
	struct host *host = open_session();
	struct request request = shell("sleep 1000 & echo $!; wait");
	struct record *record = begin(host, &request);
	wait_output(host, record, "\n");
	send_signal(host, record, SIGKILL);
	CHECK_END(finish(host, record), R_SIGNALLED, SIGKILL);
	wait_until_gone(atoi(text_of(record, LANE_OUT)));
}

TEST("a detached command has no lanes, and its result follows at once")
{
	struct host *host = open_session();
	CHECK(mkfifo(scratch("fifo"), 0600) == 0);
	struct request request = shell(text("readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2 | cat >%s; sleep 1000", scratch("fifo")));
	field8(&request, 7, 1);
	struct record *record = run(host, &request);
	CHECK_EXIT(record, 0);
	CHECK(record->started);
	CHECK(!record->lanes[LANE_OUT].ended && !record->lanes[LANE_ERR].ended);
	CHECK_TEXT(content_of(scratch("fifo")), "/dev/null\n/dev/null\n/dev/null\n");
	request = exec_of("no-such-program", NULL);
	field8(&request, 7, 1);
	CHECK_END(run(host, &request), R_NOT_STARTED, 127);
}

/* ---- what stays of it in the agent ---- */

static int descriptors(void)
{
	return count_in(text("/proc/%d/fd", agent_pid));
}

static long resident(void)
{
	long pages = 0, all = 0;
	CHECK_NUMBER(sscanf(content_of(text("/proc/%d/statm", agent_pid)), "%ld %ld", &all, &pages), 2);
	return pages * 4096;
}

static int zombies(void)
{
	const char *children = content_of(text("/proc/%d/task/%d/children", agent_pid, agent_pid));
	int count = 0;
	for (; *children; children++)
		count += *children == ' ';
	return count;
}

TEST("thousands of commands leave no descriptor, no process and no memory behind")
{
	struct host *host = open_session();
	struct request good = exec_of("true", NULL), bad = exec_of("no-such-program", NULL),
		       none = request_of(OP_EXEC), terminal = exec_of("true", NULL), detached = exec_of("true", NULL);
	field_terminal(&terminal, 24, 80);
	field8(&detached, 7, 1);
	for (int i = 0; i < 200; i++)
		run(host, &good);
	int fds = descriptors();
	long memory = resident();
	for (int i = 0; i < 300; i++) {
		for (int j = 0; j < 5; j++)
			CHECK_EXIT(run(host, &good), 0);
		CHECK_END(run(host, &bad), R_NOT_STARTED, 127);
		CHECK_END(run(host, &none), R_REFUSED, 0);
		CHECK_EXIT(run(host, &terminal), 0);
		CHECK_EXIT(run(host, &detached), 0);
	}
	WAIT_UNTIL(zombies() == 0);
	CHECK_NUMBER(descriptors(), fds);
	CHECK(resident() < memory + (64 << 20)); /* the sanitizer keeps what is freed for a while */
}

TEST("hundreds of sessions leave no descriptor behind")
{
	agent_listen(scratch("socket"));
	struct request request = exec_of("sleep", "1000", NULL);
	int fds = 0;
	for (int i = 0; i < 300; i++) {
		struct host *host = agent_connect(scratch("socket"));
		CHECK_NUMBER(hello(host), 1);
		if (i == 10)
			fds = descriptors();
		for (int j = 0; j < 3; j++)
			wait_started(host, begin(host, &request));
		if (i == 299) {
			CHECK_NUMBER(hello(host), 1);
			WAIT_UNTIL(zombies() == 0);
			CHECK_NUMBER(descriptors(), fds);
		}
		host_close(host);
	}
}
