// SPDX-License-Identifier: MIT
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cost.h"

static int silence_prepare(posix_spawn_file_actions_t *actions)
{
	int error = posix_spawn_file_actions_init(actions);
	if (error)
		return -error;

	error = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY,
	                                         0);
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO && !error; fd++)
		error = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_WRONLY, 0);
	if (error)
		posix_spawn_file_actions_destroy(actions);
	return -error;
}

static int64_t timeval_span(struct timeval value)
{
	return (int64_t)value.tv_sec * 1000000000 + (int64_t)value.tv_usec * 1000;
}

int command_run(char *const *command, struct spawned *out)
{
	posix_spawn_file_actions_t actions;
	int result = silence_prepare(&actions);
	if (result < 0)
		return result;

	pid_t pid = 0;
	int64_t begun = now_mono();
	int error = posix_spawnp(&pid, command[0], &actions, NULL, command, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error)
		return -error;

	int status = 0;
	struct rusage usage;
	while (wait4(pid, &status, 0, &usage) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	*out = (struct spawned){
		.wall = now_mono() - begun,
		.cpu = timeval_span(usage.ru_utime) + timeval_span(usage.ru_stime),
		.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
	};
	return 0;
}
