/* SPDX-License-Identifier: MIT */
#include "app/reload.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

/* All others are for a start to give; so is a new one, until somebody teaches it to change. */
static bool may_change(const char *name)
{
	static const char *const names[] = {
		"max-connections",   "idle-timeout", "relay",   "relay-allow", "rate",
		"allow-source-port", "log",          "verbose",
	};

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

int reload_check(const struct serve_options *options, const struct serve_options *wanted,
                 struct err *err)
{
	const struct option_table *table = serve_option_table();

	for (size_t i = 0; i < table->count; i++) {
		const struct option_spec *spec = &table->specs[i];

		if (!may_change(spec->name) && option_differs(spec, options, wanted))
			return err_set(err, -EINVAL,
			               "'%s' cannot change while the server runs: that needs a "
			               "restart (see --handover)",
			               spec->name);
	}
	return 0;
}
