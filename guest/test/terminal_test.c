/* docs/protocol.md: EXEC on a terminal. */
#include "test.h"

#include <signal.h>
#include <stdlib.h>

static struct request on_terminal(const char *script)
{
	struct request request = shell(script);
	field_terminal(&request, 24, 81);
	return request;
}

TEST("a terminal has the size that was asked for, and is the command's controlling terminal")
{
	struct host *host = open_session();
	struct request request = on_terminal("stty size; tty; test -t 0 -a -t 1 -a -t 2 && : </dev/tty && echo all");
	struct record *record = run(host, &request);
	CHECK_EXIT(record, 0);
	CHECK_HAS(text_of(record, LANE_OUT), "24 81\r\n/dev/pts/");
	CHECK_HAS(text_of(record, LANE_OUT), "all\r\n");
}

TEST("on a terminal standard error is on lane 1, and lane 2 ends at once")
{
	struct host *host = open_session();
	struct request request = on_terminal("echo err >&2; read line");
	struct record *record = begin(host, &request);
	wait_output(host, record, "err\r\n");
	CHECK(record->lanes[LANE_ERR].ended);
	CHECK_NUMBER(record->lanes[LANE_ERR].total, 0);
	give_text(host, record, "\n");
	CHECK_EXIT(finish(host, record), 0);
}

TEST("RESIZE changes the size, and the command gets SIGWINCH")
{
	struct host *host = open_session();
	struct request request = on_terminal("trap 'stty size; exit 8' WINCH; echo ready; while :; do sleep 0.01; done");
	struct record *record = begin(host, &request);
	wait_output(host, record, "ready");
	send_resize(host, record, 50, 132);
	CHECK_EXIT(finish(host, record), 8);
	CHECK_HAS(text_of(record, LANE_OUT), "50 132\r\n");
	/* The largest there is. */
	request = on_terminal("echo ready; read line; stty size");
	record = begin(host, &request);
	wait_output(host, record, "ready");
	send_resize(host, record, 65535, 65535);
	give_text(host, record, "\n");
	CHECK_EXIT(finish(host, record), 0);
	CHECK_HAS(text_of(record, LANE_OUT), "65535 65535");
}

TEST("RESIZE of a command without a terminal does nothing")
{
	struct host *host = open_session();
	struct request request = exec_of("cat", NULL);
	struct record *record = begin(host, &request);
	send_resize(host, record, 50, 132);
	give_end(host, record);
	CHECK_EXIT(finish(host, record), 0);
}

TEST("what is typed is echoed, and Ctrl-C interrupts")
{
	struct host *host = open_session();
	struct request request = on_terminal("trap 'echo interrupted; exit 7' INT; echo ready; while :; do sleep 0.01; done");
	struct record *record = begin(host, &request);
	wait_output(host, record, "ready");
	give_text(host, record, "typed");
	wait_output(host, record, "typed");
	give_text(host, record, "\3");
	CHECK_EXIT(finish(host, record), 7);
	CHECK_HAS(text_of(record, LANE_OUT), "^C");
	CHECK_HAS(text_of(record, LANE_OUT), "interrupted\r\n");
}

TEST("the end of input types end-of-file")
{
	struct host *host = open_session();
	struct request request = on_terminal("stty -echo; echo ready; cat; echo over");
	struct record *record = begin(host, &request);
	wait_output(host, record, "ready");
	give_text(host, record, "a line\n");
	give_end(host, record);
	CHECK_EXIT(finish(host, record), 0);
	CHECK_HAS(text_of(record, LANE_OUT), "a line\r\nover\r\n");
}

TEST("the end of input in the middle of a line is an end all the same")
{
	struct host *host = open_session();
	struct request request = on_terminal("stty -echo; echo ready; cat; echo over");
	struct record *record = begin(host, &request);
	wait_output(host, record, "ready");
	give_text(host, record, "no line");
	give_end(host, record);
	CHECK_EXIT(finish(host, record), 0);
	CHECK_HAS(text_of(record, LANE_OUT), "no lineover\r\n");
}

TEST("end-of-file is typed with the character that the terminal has for it")
{
	struct host *host = open_session();
	struct request request = on_terminal("stty -echo eof ^E; echo ready; cat; echo over");
	struct record *record = begin(host, &request);
	wait_output(host, record, "ready");
	give_end(host, record);
	CHECK_EXIT(finish(host, record), 0);
	CHECK_HAS(text_of(record, LANE_OUT), "over");
}

TEST("the end of input reaches a command that reads late, behind all that was typed")
{
	struct host *host = open_session();
	struct request request = on_terminal("stty raw -echo; echo ready; sleep 0.2; head -c 100001 | md5sum | cut -c 1-32");
	struct record *record = begin(host, &request);
	wait_output(host, record, "ready");
	/* More than a terminal takes at once, in the mode that loses nothing. */
	char *typed = malloc(100000);
	memset(typed, 'x', 100000);
	give(host, record, typed, 100000);
	give_end(host, record);
	CHECK_EXIT(finish(host, record), 0);
	struct request expected = shell("(head -c 100000 /dev/zero | tr '\\0' x; printf '\\4') | md5sum | cut -c 1-32");
	CHECK_HAS(text_of(record, LANE_OUT), text("%.32s", text_of(run(host, &expected), LANE_OUT)));
}

TEST("SIGNAL goes to the terminal's foreground group")
{
	struct host *host = open_session();
	/* An interactive shell gives its foreground job a group of its own. */
	struct request request = exec_of("sh", "-i", NULL);
	field_terminal(&request, 24, 80);
	field_text(&request, 2, "PS1=prompt>");
	struct record *record = begin(host, &request);
	wait_output(host, record, "prompt>");
	give_text(host, record, "sh -c 'trap \"exit 9\" USR1; echo rea''dy; while :; do sleep 0.01; done'; echo job ended with $?\n");
	wait_output(host, record, "ready");
	send_signal(host, record, SIGUSR1);
	wait_output(host, record, "job ended with 9");
	give_text(host, record, "exit 5\n");
	CHECK_EXIT(finish(host, record), 5);
}

TEST("much output of a terminal arrives whole")
{
	struct host *host = open_session();
	struct request request = on_terminal("stty -onlcr; seq 1 100000");
	struct record *record = run(host, &request);
	CHECK_EXIT(record, 0);
	CHECK_NUMBER(record->lanes[LANE_OUT].total, 588895);
	CHECK_HAS(text_of(record, LANE_OUT), "\n99999\n100000\n");
}

TEST("a command on a terminal that is told nothing to read gets no input, and DATA for it is a fault")
{
	struct host *host = open_session();
	struct request request = on_terminal("stty size; exec sleep 1000");
	field8(&request, 8, 1);
	struct record *record = begin(host, &request);
	wait_output(host, record, "24 81");
	give_text(host, record, "x");
	expect_fault(host, "without input");
}

TEST("when the channel goes, a command on a terminal goes with it")
{
	struct host *host = open_session();
	struct request request = on_terminal("trap '' HUP; echo ready; exec sleep 1000");
	struct record *record = begin(host, &request);
	wait_output(host, record, "ready");
	CHECK_NUMBER(hello(host), 1);
	wait_until_gone((pid_t)record->pid);
}
