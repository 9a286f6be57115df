/* SPDX-License-Identifier: MIT */
#include "app/usage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "core/random.h"

enum { LINE_ROOM = 1024, CHILDREN_ROOM = 1024, WORD_ROOM = 24 };

/* Fields of /proc/PID/stat (proc_pid_stat(5)), counted from the state, which is the first behind the
 * name: a name may hold blanks. */
enum { FIELD_UTIME = 11, FIELD_CSTIME = 14, FIELD_RSS = 21, FIELD_SIGIGNORE = 30 };

/* --- reading --- */

/* The text of a small file, or what there is room for; negative errno. */
static int read_text(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	ssize_t got = read(fd, text, room - 1);
	int result = got < 0 ? -errno : 0;

	text[got < 0 ? 0 : got] = '\0';
	(void)close(fd);
	return result;
}

/* The next number of a text, which goes on behind it; false when there is none. */
static bool take_number(const char **text, int64_t *out)
{
	char word[WORD_ROOM] = { 0 };

	*text += strspn(*text, " \n");
	size_t length = strcspn(*text, " \n");

	if (length == 0 || length >= sizeof(word))
		return false;
	memcpy(word, *text, length);
	*text += length;
	return parse_integer(word, INT64_MIN, INT64_MAX, out) == 0;
}

static bool is_wanted(int field)
{
	return (field >= FIELD_UTIME && field <= FIELD_CSTIME) || field == FIELD_RSS ||
	       field == FIELD_SIGIGNORE;
}

int usage_parse(const char *line, struct usage_line *out)
{
	const char *rest = strrchr(line, ')');
	struct usage_line found = { 0 };
	int64_t number = 0;

	if (!rest || strlen(rest) < sizeof(") S"))
		return -EBADMSG;
	rest += sizeof(") S") - 1;
	for (int field = 1; field <= FIELD_SIGIGNORE; field++) {
		/* Others may be too large for a number of ours. */
		if (!take_number(&rest, &number) && is_wanted(field))
			return -EBADMSG;
		if (field >= FIELD_UTIME && field <= FIELD_CSTIME)
			found.ticks += number;
		else if (field == FIELD_RSS)
			found.pages = number;
	}
	found.forgets = (number >> (SIGCHLD - 1) & 1) != 0;
	*out = found;
	return 0;
}

/* --- a process and its children --- */

/* Those that were found, of whom the first `done` were looked at. */
struct family {
	int pids[USAGE_PROCESSES_MOST];
	size_t count, done;
	bool more;      /* than there is room for */
	unsigned begun; /* a number of which the rest is still to be read; 0 = none */
};

static void add_child(struct family *family)
{
	if (family->begun > 0 && family->count < COUNT(family->pids))
		family->pids[family->count++] = (int)family->begun;
	else if (family->begun > 0)
		family->more = true;
	family->begun = 0;
}

/* A number may begin in one piece of the text and end in the next. */
static void add_piece(struct family *family, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] >= '0' && text[i] <= '9')
			family->begun = family->begun * 10 + (unsigned)(text[i] - '0');
		else
			add_child(family);
}

static void add_children(struct family *family, const char *path)
{
	char text[CHILDREN_ROOM];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return;
	while (!family->more && (got = read(fd, text, sizeof(text))) > 0)
		add_piece(family, text, (size_t)got);
	add_child(family);
	(void)close(fd);
}

/* Each thread has children of its own. */
static void find_children(struct family *family, int pid)
{
	char path[64];
	const struct dirent *entry;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *tasks = opendir(path);

	if (!tasks)
		return;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): it is of one stream, and that is ours */
	while ((entry = readdir(tasks))) {
		char children[sizeof(path) + sizeof(entry->d_name) + sizeof("/children")];

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(children, sizeof(children), "%s/%s/children", path,
		               entry->d_name);
		add_children(family, children);
	}
	(void)closedir(tasks);
}

/* Sums of it are as good as never alike by chance. */
static uint64_t mark_of(int pid)
{
	struct random random;

	random_seed(&random, (uint64_t)pid);
	return random_next(&random);
}

static int add_process(int pid, struct usage *sum)
{
	char path[64], line[LINE_ROOM];
	struct usage_line found = { 0 };

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	int result = read_text(path, line, sizeof(line));

	if (result == 0)
		result = usage_parse(line, &found);
	if (result < 0)
		return result == -ENOENT ? -ESRCH : result;
	sum->cpu += found.ticks * (INT64_C(1000000000) / sysconf(_SC_CLK_TCK));
	sum->rss += (uint64_t)found.pages * (uint64_t)sysconf(_SC_PAGESIZE);
	sum->processes++;
	sum->marks += mark_of(pid);
	sum->forgets |= found.forgets;
	return 0;
}

int usage_read(int pid, struct usage *out)
{
	struct family family;
	struct usage sum = { 0 };
	int result = add_process(pid, &sum);

	if (result < 0)
		return result;
	family.pids[0] = pid;
	family.count = 1;
	family.more = false;
	family.begun = 0;
	for (family.done = 0; family.done < family.count; family.done++) {
		if (family.done > 0)
			(void)add_process(family.pids[family.done],
			                  &sum); /* it may have ended */
		find_children(&family, family.pids[family.done]);
	}
	sum.more = family.more;
	*out = sum;
	return 0;
}

int64_t usage_spent(const struct usage *before, const struct usage *after)
{
	bool forgets = before->forgets || after->forgets;
	bool same = before->marks == after->marks;
	int64_t spent = after->cpu - before->cpu;

	/* One that is alone both times may have had children between. */
	return spent < 0 || (forgets && (!same || after->processes < 2)) ? -1 : spent;
}

int64_t usage_waited(void)
{
	char text[LINE_ROOM];
	const char *rest = text;
	int64_t ran = 0, waited = 0;

	if (read_text("/proc/thread-self/schedstat", text, sizeof(text)) < 0 ||
	    !take_number(&rest, &ran) || !take_number(&rest, &waited))
		return -1;
	return waited;
}
