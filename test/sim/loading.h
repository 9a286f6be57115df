/* SPDX-License-Identifier: MIT */
/* loading -- one run of a driver against the simulated server, as the tests of loads want it. */
#pragma once

#include "sim/server.h"

struct load {
	struct server server;
	struct load_target targets[2];
	struct probe_options options[2];
	struct load_plan plan;
};

enum { LOAD_SECONDS = 4 };

/* A fair server: a round trip takes 0.1 ms, and a request 2 us of it. */
static inline struct server_settings load_fair(void)
{
	return (struct server_settings){ .delay = 100000, .service = 2000, .room = 1 << 15 };
}

/* A closed loop over one channel, for 4 s, until the plan is changed.  There are two targets, the ports 7 and 8,
 * and two sizes, 64 and 65, but one of each is used. */
static inline void load_prepare(struct load *load, const struct probe_ops *ops,
                                struct server_settings settings)
{
	*load = (struct load){ 0 };
	server_init(&load->server, &settings);
	for (size_t i = 0; i < COUNT(load->targets); i++) {
		load->targets[i].ops = ops;
		assert_int_equal(address_parse("192.0.2.1", &load->targets[i].address), 0);
		address_set_port(&load->targets[i].address, (uint16_t)(7 + i));
		load->options[i] =
			(struct probe_options){ .size = 64 + i, .timeout = NS_PER_SEC };
	}
	load->plan = server_plan(&load->server);
	load->plan.targets = load->targets;
	load->plan.probe = load->options;
	load->plan.duration = LOAD_SECONDS * NS_PER_SEC;
}

static inline void load_pace(struct load *load, enum load_pace pace, double from, double to)
{
	load->plan.pace = pace;
	load->plan.rate_from = from;
	load->plan.rate_to = to;
}

static inline const struct load_tally *load_run(struct load *load)
{
	server_begin(&load->server, &load->plan);
	return server_finish(&load->server);
}
