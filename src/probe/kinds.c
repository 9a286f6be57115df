/* SPDX-License-Identifier: MIT */
#include "probe/kinds.h"

#include <string.h>

#include "probe/icmp.h"
#include "probe/line.h"
#include "probe/pong.h"
#include "probe/stamp.h"
#include "probe/tcp.h"
#include "probe/tcp_echo.h"
#include "probe/udp_echo.h"

static const struct probe_ops *const table[KINDS + 1] = {
	&probe_icmp, &probe_tcp,   &probe_tcp_echo, &probe_udp_echo,
	&probe_pong, &probe_stamp, &probe_line,     NULL,
};

const struct probe_ops *kind_by_name(const char *name)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(table[i]->name, name) == 0)
			return table[i];
	return NULL;
}

const struct probe_ops *const *kinds(void)
{
	return table;
}

struct kind_names kind_names(void)
{
	struct kind_names names = { 0 };

	for (size_t i = 0; i < KINDS; i++)
		names.names[i] = table[i]->name;
	return names;
}
