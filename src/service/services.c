/* SPDX-License-Identifier: MIT */
#include "service/services.h"

#include <string.h>

const struct service_ops *const services_all[] = {
	&service_pong, &service_tcp_echo, &service_udp_echo, &service_stamp, NULL,
};

_Static_assert(COUNT(services_all) <= SERVICES_MAX + 1, "SERVICES_MAX is too small");

const struct service_ops *services_find(const char *kind)
{
	for (const struct service_ops *const *ops = services_all; *ops; ops++)
		if (strcmp((*ops)->name, kind) == 0)
			return *ops;
	return NULL;
}
