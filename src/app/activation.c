/* SPDX-License-Identifier: MIT */
#include "app/activation.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "app/environment.h"
#include "base/parse.h"
#include "base/text.h"
#include "service/services.h"

enum {
	FIRST = 3,    /* behind the standard ones */
	MOST = 16384, /* more is no number of sockets */
};

/* How many; 0 when they are not for us. */
static int64_t count_of(const struct variable *pid, const struct variable *count,
                        struct err *err)
{
	int64_t number = 0, sockets = 0;

	if (!pid->given || !count->given ||
	    parse_integer(pid->value, 1, INT32_MAX, &number) < 0 || number != getpid())
		return 0;
	if (parse_integer(count->value, 0, MOST, &sockets) < 0)
		return err_set(err, -EINVAL, "LISTEN_FDS is '%s', which is no count",
		               quote(count->value).text);
	return sockets;
}

/* The name of the next one when it is a kind; names go from colon to colon. */
static const char *next_kind(const char **names)
{
	size_t length = strcspn(*names, ":");
	char name[KIND_MAX + 1] = { 0 };

	if (length <= KIND_MAX)
		memcpy(name, *names, length);
	*names += length + ((*names)[length] == ':');
	const struct service_ops *ops = services_find(name);

	return ops ? ops->name : NULL;
}

static int add_all(struct inherited *inherited, int64_t count, const char *names,
                   struct err *err)
{
	int result = 0;

	for (int i = 0; i < count && result == 0; i++) {
		const char *kind = next_kind(&names);

		result = inherited_add(inherited, FIRST + i, kind, err);
		if (result == 0)
			inherited->all[inherited->count - 1].must_serve = true;
	}
	return result;
}

int activation_take(struct inherited *inherited, struct err *err)
{
	const struct variable pid = environment_take("LISTEN_PID");
	const struct variable sockets = environment_take("LISTEN_FDS");
	const struct variable names = environment_take("LISTEN_FDNAMES");
	int64_t count = count_of(&pid, &sockets, err);

	return count < 0 ? (int)count : add_all(inherited, count, names.value, err);
}
