/* SPDX-License-Identifier: MIT */
#include "app/notify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/environment.h"
#include "base/parse.h"
#include "net/local.h"
#include "net/socket.h"

/* The watchdog is meant for whoever has that number, or for anybody. */
static bool is_meant_for_us(const struct variable *pid)
{
	int64_t number = 0;

	return !pid->given ||
	       (parse_integer(pid->value, 1, INT32_MAX, &number) == 0 && number == getpid());
}

static int64_t read_watchdog(const struct variable *span, const struct variable *pid)
{
	int64_t microseconds = 0;

	if (!span->given || !is_meant_for_us(pid) ||
	    parse_integer(span->value, 1, INT64_MAX / NS_PER_US, &microseconds) < 0)
		return 0;
	return microseconds * NS_PER_US;
}

void notify_init(struct notify *notify)
{
	const struct variable path = environment_take("NOTIFY_SOCKET");
	const struct variable span = environment_take("WATCHDOG_USEC");
	const struct variable pid = environment_take("WATCHDOG_PID");

	*notify = (struct notify){ .fd = -1 };
	if (path.value[0] == '/' || path.value[0] == '@')
		notify->fd = local_connect(path.value, SOCK_DGRAM, 0);
	if (notify->fd >= 0)
		notify->watchdog = read_watchdog(&span, &pid);
}

void notify_done(struct notify *notify)
{
	socket_close(&notify->fd);
}

void notify_tell(const struct notify *notify, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	if (notify->fd < 0)
		return;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	const struct local_message message = { .data = text, .length = strlen(text) };

	if (local_send(notify->fd, &message) < 0)
		return; /* the manager has gone, or does not listen: neither is our trouble */
}
