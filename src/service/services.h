/* SPDX-License-Identifier: MIT */
/* services -- the table of all services; a new one is its own file and one line of it. */
#pragma once

#include "service/service.h"

enum { SERVICES_MAX = 8 };

extern const struct service_ops service_pong;
extern const struct service_ops service_stamp;
extern const struct service_ops service_tcp_echo;
extern const struct service_ops service_udp_echo;

/* In the order in which people are told of them; ended by NULL. */
extern const struct service_ops *const services_all[];

/* The service of that kind, NULL when there is none. */
const struct service_ops *services_find(const char *kind);
