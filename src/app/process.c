/* SPDX-License-Identifier: MIT */
#include "app/process.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/clock.h"
#include "net/loop.h"

void process_fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

uint64_t process_raise_descriptor_limit(void)
{
	struct rlimit limit = { 0 };

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur;
}

size_t process_count_cpus(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) < 0 || CPU_COUNT(&set) < 1)
		return 1;
	return (size_t)CPU_COUNT(&set);
}

/* To write is to wait only where a reader is slow: then not. */
static void put(int fd, const char *line)
{
	if (loop_may_write(fd) && write(fd, line, strlen(line)) < 0)
		return; /* and there is nobody to tell that to */
}

void process_tell(int fd, const char *format, ...)
{
	char line[1024];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	put(fd, line);
}

/* The inside of a JSON string (RFC 8259 section 7); what is not ASCII passes as it is. */
static void escape(const char *text, char *out, size_t room)
{
	size_t used = 0;

	for (; *text && used + 7 < room; text++) {
		bool plain = (unsigned char)*text >= 0x20 && *text != '"' && *text != '\\';
		int length = plain ? snprintf(out + used, room - used, "%c", *text)
		                   : snprintf(out + used, room - used, "\\u%04x",
		                              (unsigned)(unsigned char)*text);

		used += (size_t)length;
	}
	out[used] = '\0';
}

void process_log(bool json, const char *format, ...)
{
	char sentence[512], escaped[900], line[1024];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	escape(sentence, escaped, sizeof(escaped));
	if (json)
		(void)snprintf(line, sizeof(line), "{\"t\":%" PRId64 ",\"message\":\"%s\"}\n",
		               clock_wall().ns, escaped);
	else
		(void)snprintf(line, sizeof(line), "sounder: serve: %s\n", sentence);
	put(STDERR_FILENO, line);
}
