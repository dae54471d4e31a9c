/* /etc/passwd and /etc/group, read as they are: a static program cannot use the guest's name services. */
#include "agent.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whoever is root in the guest decides what is there: only a file of reasonable size is read, and never waited for. */
static FILE *open_table(const char *path)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	bool good = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= 4 << 20;
	FILE *file = good ? fdopen(fd, "r") : NULL;
	if (!file)
		close(fd);
	return file;
}

/* Splits `line` at colons in place; returns the number of parts found, at most `limit`. */
static int split(char *line, char **parts, int limit)
{
	line[strcspn(line, "\n")] = 0;
	int count = 0;
	for (char *at = line; count < limit; at++) {
		parts[count++] = at;
		at = strchr(at, ':');
		if (!at)
			break;
		*at = 0;
	}
	return count;
}

static bool number(const char *text, uint32_t *value)
{
	char *end;
	if (*text < '0' || *text > '9')
		return false;
	unsigned long n = strtoul(text, &end, 10);
	if (*end || n > UINT32_MAX - 1)
		return false;
	*value = (uint32_t)n;
	return true;
}

/* Finds the line of `path` whose name, or whose third part (the id), is `key`. */
static bool find_line(const char *path, const char *key, char *line, size_t size, char **parts, int limit)
{
	FILE *file = open_table(path);
	if (!file)
		return false;
	uint32_t wanted = 0, id = 0;
	bool by_id = number(key, &wanted), found = false;
	while (!found && fgets(line, (int)size, file)) {
		int count = split(line, parts, limit);
		if (count < 3 || !number(parts[2], &id))
			continue;
		found = strcmp(parts[0], key) == 0 || (by_id && id == wanted);
		if (found)
			for (int i = count; i < limit; i++)
				parts[i] = line + strlen(line);
	}
	fclose(file);
	return found;
}

static bool member(char *list, const char *name)
{
	char *save;
	for (char *at = strtok_r(list, ",", &save); at; at = strtok_r(NULL, ",", &save))
		if (strcmp(at, name) == 0)
			return true;
	return false;
}

static void supplementary(struct account *account)
{
	char line[65536], *parts[4];
	FILE *file = open_table("/etc/group");
	if (!file)
		return;
	size_t limit = sizeof account->groups / sizeof *account->groups;
	while (account->group_count < limit && fgets(line, sizeof line, file)) {
		uint32_t gid;
		if (split(line, parts, 4) == 4 && number(parts[2], &gid) && gid != account->gid &&
		    member(parts[3], account->name))
			account->groups[account->group_count++] = gid;
	}
	fclose(file);
}

bool account_find(const char *spec, struct account *account, char *why, size_t why_size)
{
	char user[256], line[65536], *parts[7];
	memset(account, 0, sizeof *account);
	size_t length = strcspn(spec, ":");
	const char *group = spec[length] ? spec + length + 1 : NULL;
	if (!length || length >= sizeof user || (group && !*group)) {
		snprintf(why, why_size, "'%.200s' is not a user", spec);
		return false;
	}
	memcpy(user, spec, length);
	user[length] = 0;

	uint32_t id = 0;
	if (find_line("/etc/passwd", user, line, sizeof line, parts, 7)) {
		number(parts[2], &id);
		account->uid = id;
		if (number(parts[3], &id))
			account->gid = id;
		snprintf(account->name, sizeof account->name, "%s", parts[0]);
		snprintf(account->home, sizeof account->home, "%s", *parts[5] ? parts[5] : "/");
	} else if (number(user, &id)) {
		account->uid = id;
		snprintf(account->name, sizeof account->name, "%s", id ? user : "root");
		snprintf(account->home, sizeof account->home, "%s", id ? "/" : "/root");
	} else {
		snprintf(why, why_size, "there is no user '%.200s' in /etc/passwd", user);
		return false;
	}
	if (!group) {
		supplementary(account);
		return true;
	}
	/* A group that is named replaces all of the user's own. */
	if (find_line("/etc/group", group, line, sizeof line, parts, 4))
		number(parts[2], &id);
	else if (!number(group, &id)) {
		snprintf(why, why_size, "there is no group '%.200s' in /etc/group", group);
		return false;
	}
	account->gid = id;
	return true;
}
