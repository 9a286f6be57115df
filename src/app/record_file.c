/* SPDX-License-Identifier: MIT */
#include "app/record_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "app/common.h"
#include "base/text.h"

const char *record_path(const char *path)
{
	return path && strcmp(path, "-") != 0 ? path : NULL;
}

int record_file_open(struct output *output, const char *path, struct err *err)
{
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)
	              : STDOUT_FILENO;

	output->fd = -1;
	if (fd < 0)
		return err_set(err, -errno, "cannot open '%s': %s", quote(path).text,
		               err_reason(errno).text);
	int result = output_init(output, fd);

	return result < 0 ? err_set(err, result, "out of memory") : 0;
}

void record_file_close(struct output *output)
{
	int fd = output->fd;

	output_done(output);
	if (fd > STDERR_FILENO)
		(void)close(fd);
}

int record_file_broken(const struct output *output, const char *command, const char *path)
{
	struct err err;

	(void)err_set(&err, output->error, "cannot write to '%s': %s",
	              quote(path ? path : "stdout").text, err_reason(output->error).text);
	return app_fail(command, &err);
}
