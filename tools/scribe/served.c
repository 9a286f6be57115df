/* SPDX-License-Identifier: MIT */
/* Apart, because a verdict is one thing to a report and another to a service. */
#include "commands.h"
#include "service/services.h"

struct command_kinds command_served(void)
{
	struct command_kinds found = { 0 };

	for (const struct service_ops *const *ops = services_all; *ops; ops++)
		if (found.count < COMMAND_KINDS)
			found.names[found.count++] = (*ops)->name;
	return found;
}
