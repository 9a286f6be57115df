// SPDX-License-Identifier: MIT
// launch FILE COMMAND...: runs a command to its end and writes what it cost to FILE, as blank-separated
// NAME=VALUE. It exists because the kernel counts the memory of whoever calls exec towards the peak of
// what is executed: started from Python, everything would seem to need 20 MB.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void)
{
	struct timespec instant;

	clock_gettime(CLOCK_MONOTONIC, &instant);
	return instant.tv_sec * INT64_C(1000000000) + instant.tv_nsec;
}

static int64_t span(struct timeval time)
{
	return (time.tv_sec * INT64_C(1000000) + time.tv_usec) * 1000;
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fputs("usage: launch FILE COMMAND...\n", stderr);
		return 2;
	}
	FILE *file = fopen(argv[1], "w");
	if (file == NULL) {
		perror(argv[1]);
		return 2;
	}
	int64_t begin = now();
	pid_t child = fork();
	if (child == 0) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	int status = 0;
	struct rusage used = { 0 };
	if (child < 0 || wait4(child, &status, 0, &used) != child) {
		perror("launch");
		return 2;
	}
	fprintf(file, "wall=%lld cpu=%lld rss=%ld status=%d\n", (long long)(now() - begin),
	        (long long)(span(used.ru_utime) + span(used.ru_stime)), used.ru_maxrss,
	        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return fclose(file) == 0 ? 0 : 2;
}
