/* SPDX-License-Identifier: MIT */
#include "app/common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

void app_keep_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		(void)close(fd);
}

int app_fail(const char *command, const struct err *err)
{
	(void)fprintf(stderr, "sounder: %s%s%s\n", command ? command : "", command ? ": " : "",
	              err->text);
	return EXIT_TROUBLE;
}

int app_finish(const char *command, int code)
{
	struct err err;

	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	(void)err_set(&err, -errno, "cannot write to 'stdout': %s", err_reason(errno).text);
	return app_fail(command, &err);
}

void app_print_version(void)
{
	(void)puts("sounder " SOUNDER_VERSION);
}

void app_print_help(const char *usage, const struct option_table *table)
{
	(void)printf("%s\noptions:\n", usage);
	for (size_t i = 0; i < table->count; i++)
		(void)puts(option_help(&table->specs[i]).text);
}
