/* Puts a plan in force, and takes it back. */
#include "relay.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct plan current; /* what is in force; empty: everything is closed */
static const struct plan NOTHING;

const struct plan *setup_current(void)
{
	return &current;
}

bool trouble_is(struct trouble *trouble, const char *format, ...)
{
	int error = errno ? errno : EIO;
	va_list arguments;
	va_start(arguments, format);
	int n = vsnprintf(trouble->what, sizeof trouble->what, format, arguments);
	va_end(arguments);
	size_t length = n < 0 ? 0 : strlen(trouble->what);
	snprintf(trouble->what + length, sizeof trouble->what - length, ": %s", strerror(error));
	trouble->error = error;
	return false;
}

/* Everything that the plan may have opened. */
static void take_back(const struct plan *plan)
{
	struct trouble ignored;
	doors_close();
	datagrams_close();
	/* Last, so that a client that is reset finds nothing open; but with the routes there, or it would not hear of it. */
	connections_abort();
	if (relay.real)
		net_change(plan, &NOTHING, &ignored);
}

void setup_close(void)
{
	take_back(&current);
	plan_free(&current);
}

static bool put_in_force(const struct plan *plan, struct trouble *trouble)
{
	if (!relay.real && plan->network_count) {
		errno = EPERM;
		return trouble_is(trouble, "this agent has no network of its own");
	}
	connections_keep(plan);
	/* Again, because root in the guest may have taken it away. */
	if (relay.real && !plan_is_empty(plan) && !net_start(trouble))
		return false;
	if (current.dns && !plan->dns)
		datagrams_close();
	return doors_change(&current, plan, trouble) && (!plan->dns || current.dns || datagrams_open(trouble)) &&
	       (!relay.real || net_change(&current, plan, trouble));
}

bool setup_apply(struct plan *plan, struct trouble *trouble)
{
	bool done = put_in_force(plan, trouble);
	if (!done)
		take_back(plan);
	plan_free(done ? &current : plan);
	if (done)
		current = *plan;
	else
		setup_close();
	return done;
}
