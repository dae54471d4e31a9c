/* EXEC's fields. */
#include "agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char DEFAULT_PATH[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static const char *read_number(struct command *command, const struct field *field)
{
	switch (field->tag) {
	case 5:
		if (field->length != 4)
			break;
		command->terminal = true;
		command->rows = get16(field->value);
		command->columns = get16(field->value + 2);
		return command->rows && command->columns ? NULL : "a terminal without rows or columns";
	case 6:
		if (field->length != 8)
			break;
		command->limit_ms = get64(field->value);
		return command->limit_ms && command->limit_ms <= INT64_MAX / 2 ? NULL : "a time limit out of range";
	case 7:
		command->detached = true;
		return field->length == 1 && field->value[0] == 1 ? NULL : "a 'detached' that is not 1";
	case 8:
		command->no_input = true;
		return field->length == 1 && field->value[0] == 1 ? NULL : "a 'no input' that is not 1";
	}
	return "a field of the wrong length";
}

static const char *read_field(struct command *command, const struct field *field)
{
	char *text = (char *)field->value;
	switch (field->tag) {
	case 1:
		if (memchr(text, 0, field->length))
			return "an argument with a NUL";
		command->argv[command->argc++] = text;
		return NULL;
	case 2:
		if (!field_is_text(field))
			return "an environment variable that is empty or has a NUL";
		if (*text == '=' || !memchr(text, '=', field->length))
			return "an environment variable without a name or a value";
		command->env[command->envc++] = text;
		return NULL;
	case 3:
		command->directory = text;
		return field_is_text(field) && *text == '/' ? NULL : "a directory that is not absolute";
	case 4:
		command->user = text;
		return field_is_text(field) ? NULL : "a user that is empty or has a NUL";
	case 5:
	case 6:
	case 7:
	case 8:
		return read_number(command, field);
	}
	return "an unknown field";
}

const char *command_read(struct command *command, struct fields fields)
{
	/* Each field takes at least 5 bytes; HOME, USER, PATH and the end come on top. */
	size_t most = (size_t)(fields.end - fields.at) / 5 + 4;
	memset(command, 0, sizeof *command);
	command->argv = calloc(most, sizeof *command->argv);
	command->env = calloc(most, sizeof *command->env);
	command->directory = "/";
	command->user = "0";
	if (!command->argv || !command->env)
		return "more in it than there is memory for";

	struct fields again = fields;
	struct field field;
	enum field_next next;
	unsigned seen = 0;
	while ((next = field_next(&fields, &field)) != FIELD_NONE) {
		if (next == FIELD_BAD)
			return "a field that is longer than the request";
		const char *wrong = read_field(command, &field);
		if (wrong)
			return wrong;
		if (field.tag > 2 && seen & 1u << field.tag)
			return "a field that is there twice";
		seen |= 1u << field.tag;
	}
	if (!command->argc)
		return "no argument";
	if (command->detached && (command->terminal || command->limit_ms))
		return "a terminal or a time limit for a detached command";

	/* Now the texts become C strings: the byte after one is the tag of the next field, or the spare byte at the
	 * request's end. A tag is overwritten only after the field has been found. */
	uint8_t *end = NULL;
	do {
		next = field_next(&again, &field);
		if (end)
			*end = 0;
		end = (uint8_t *)field.value + field.length;
	} while (next == FIELD_OK);
	return NULL;
}

/* By name; of one name, as they came: they all lie in the one request. */
static int compare(const void *left, const void *right)
{
	const char *a = *(char *const *)left, *b = *(char *const *)right;
	size_t a_length = strcspn(a, "="), b_length = strcspn(b, "=");
	int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
	if (order)
		return order;
	if (a_length != b_length)
		return a_length < b_length ? -1 : 1;
	return a < b ? -1 : a > b;
}

static bool has(const struct command *command, const char *name)
{
	size_t length = strlen(name);
	for (size_t i = 0; i < command->envc; i++)
		if (strncmp(command->env[i], name, length) == 0 && command->env[i][length] == '=')
			return true;
	return false;
}

static void add(struct command *command, char **made, const char *name, const char *value)
{
	if (has(command, name))
		return;
	if (asprintf(made, "%s=%s", name, value) < 0)
		*made = NULL;
	else
		command->env[command->envc++] = *made;
}

/* A later variable of the same name wins; HOME, USER and PATH are always there. */
void command_environment(struct command *command)
{
	qsort(command->env, command->envc, sizeof *command->env, compare);
	size_t kept = 0;
	for (size_t i = 0; i < command->envc; i++) {
		size_t name = strcspn(command->env[i], "=") + 1;
		if (i + 1 == command->envc || strncmp(command->env[i], command->env[i + 1], name) != 0)
			command->env[kept++] = command->env[i];
	}
	command->envc = kept;
	add(command, &command->made[0], "HOME", command->account.home);
	add(command, &command->made[1], "USER", command->account.name);
	if (!has(command, "PATH"))
		command->env[command->envc++] = DEFAULT_PATH;
	command->env[command->envc] = NULL;
}

void command_free(struct command *command)
{
	free(command->argv);
	free(command->env);
	free(command->made[0]);
	free(command->made[1]);
}
