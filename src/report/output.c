/* SPDX-License-Identifier: MIT */
#include "report/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/loop.h"

enum {
	PIPE_TAKES = 4096, /* at once, when it says that it takes anything (PIPE_BUF) */
	WRITTEN_FROM = 1 << 16,
};

int output_init(struct output *output, int fd)
{
	struct stat status;

	*output = (struct output){ .fd = fd, .kept = malloc(OUTPUT_KEPT) };
	output->patient = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
	return output->kept ? 0 : -ENOMEM;
}

void output_done(struct output *output)
{
	free(output->kept);
	*output = (struct output){ .fd = -1 };
}

/* Writes the oldest bytes kept, at most that many; how many, or 0 when none could be. */
static size_t write_some(struct output *output, size_t most)
{
	size_t length = size_min(size_min(output->length, most), OUTPUT_KEPT - output->first);
	ssize_t wrote;

	do {
		wrote = write(output->fd, output->kept + output->first, length);
	} while (wrote < 0 && errno == EINTR);
	if (wrote <= 0) {
		output->error = wrote < 0 ? -errno : -EIO;
		output->length = 0;
		return 0;
	}
	output->length -= (size_t)wrote;
	/* Begun anew when it is empty, so that no more memory is touched than was ever needed. */
	output->first = output->length ? (output->first + (size_t)wrote) % OUTPUT_KEPT : 0;
	return (size_t)wrote;
}

void output_drain(struct output *output)
{
	while (output->length > 0 && (output->patient || loop_may_write(output->fd)))
		(void)write_some(output, output->patient ? OUTPUT_KEPT : PIPE_TAKES);
}

static size_t room_in(const struct output *output)
{
	return OUTPUT_KEPT - output->length;
}

bool output_begin(struct output *output)
{
	if (output->error)
		return false;
	if (output->length >= WRITTEN_FROM)
		output_drain(output);
	if (room_in(output) >= OUTPUT_RECORD_MAX)
		return true;
	output->missing++;
	return false;
}

void output_await(struct output *output)
{
	if (output->length >= WRITTEN_FROM)
		output_drain(output);
	while (room_in(output) < OUTPUT_RECORD_MAX)
		(void)write_some(output, PIPE_TAKES);
}

void output_put(struct output *output, const char *bytes, size_t length)
{
	while (length > 0 && !output->error) {
		size_t end = (output->first + output->length) % OUTPUT_KEPT;
		size_t part = size_min(size_min(length, room_in(output)), OUTPUT_KEPT - end);

		if (part == 0) {
			(void)write_some(output, PIPE_TAKES);
			continue;
		}
		memcpy(output->kept + end, bytes, part);
		output->length += part;
		bytes += part;
		length -= part;
	}
}

int output_finish(struct output *output)
{
	while (output->length > 0)
		(void)write_some(output, OUTPUT_KEPT);
	return output->error;
}
