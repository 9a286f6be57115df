// SPDX-License-Identifier: MIT
#include "cost.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
	PATH_ROOM = 320,
	LINE_ROOM = 256,
};

static const int64_t settle = 30 * 1000000L;

int64_t now_mono(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// Reads `count` blank-separated numbers; true when all were there.
static bool numbers_read(const char *text, int64_t *out, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *end = NULL;

		out[i] = strtoll(text, &end, 10);
		if (end == text)
			return false;
		text = end;
	}
	return true;
}

// Reads the numbers behind `name` in the first line that begins with it.
static int file_numbers(const char *path, const char *name, int64_t *out, size_t count)
{
	FILE *file = fopen(path, "re");
	if (!file)
		return -errno;

	char line[LINE_ROOM];
	size_t length = strlen(name);
	int result = -ENODATA;
	while (result == -ENODATA && fgets(line, sizeof line, file)) {
		if (strncmp(line, name, length) == 0)
			result = numbers_read(line + length, out, count) ? 0 : -EBADMSG;
	}
	fclose(file);
	return result;
}

static int thread_add(const char *directory, const char *thread, struct cost *cost)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof path, "%s/%s/schedstat", directory, thread);
	int64_t account[2]; // on a CPU, waiting for one
	int result = file_numbers(path, "", account, 2);
	if (result < 0)
		return result;
	cost->cpu += account[0];
	cost->wait += account[1];

	snprintf(path, sizeof path, "%s/%s/status", directory, thread);
	int64_t switches = 0;
	result = file_numbers(path, "nonvoluntary_ctxt_switches:", &switches, 1);
	if (result < 0)
		return result;
	cost->preempted += switches;
	return 0;
}

static int threads_add(pid_t pid, struct cost *cost)
{
	char directory[48];

	snprintf(directory, sizeof directory, "/proc/%d/task", pid);
	DIR *threads = opendir(directory);
	if (!threads)
		return -errno;

	int result = 0;
	struct dirent *entry;
	// NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this function's own.
	while (result == 0 && (entry = readdir(threads))) {
		if (entry->d_name[0] != '.')
			result = thread_add(directory, entry->d_name, cost);
	}
	closedir(threads);
	return result;
}

static int steal_take(int64_t *steal)
{
	int64_t ticks[8]; // user nice system idle iowait irq softirq steal
	int result = file_numbers("/proc/stat", "cpu ", ticks, 8);
	if (result < 0)
		return result;
	*steal = ticks[7] * (1000000000 / sysconf(_SC_CLK_TCK));
	return 0;
}

int cost_take(pid_t pid, struct cost *out)
{
	struct cost cost = { 0 };
	struct timespec pause = { .tv_nsec = settle };
	int64_t own[2] = { 0 };
	struct rusage usage;

	nanosleep(&pause, NULL);
	int result = threads_add(pid, &cost);
	if (result == 0)
		result = file_numbers("/proc/self/schedstat", "", own, 2);
	if (result == 0)
		result = steal_take(&cost.steal);
	if (result < 0)
		return result;

	getrusage(RUSAGE_SELF, &usage);
	cost.own_wait = own[1];
	cost.own_preempt = usage.ru_nivcsw;
	*out = cost;
	return 0;
}

struct cost cost_between(const struct cost *first, const struct cost *last)
{
	return (struct cost){
		.cpu = last->cpu - first->cpu,
		.wait = last->wait - first->wait,
		.own_wait = last->own_wait - first->own_wait,
		.preempted = last->preempted - first->preempted,
		.own_preempt = last->own_preempt - first->own_preempt,
		.steal = last->steal - first->steal,
	};
}

int64_t cost_resident_kb(pid_t pid)
{
	char path[48];

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	int64_t resident = 0;
	int result = file_numbers(path, "VmRSS:", &resident, 1);
	return result < 0 ? result : resident;
}
