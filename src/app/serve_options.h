/* SPDX-License-Identifier: MIT */
/* serve_options -- what the command line of `serve` asks for. */
#pragma once

#include "base/option.h"
#include "net/address.h"
#include "net/endpoint.h"
#include "net/inherited.h"

enum { SERVE_ENDPOINTS_MAX = 64, SERVE_WORKERS_MAX = 256 };

struct serve_options {
	const char *host;        /* NULL = not given */
	int64_t port;            /* -1 = not given */
	int64_t workers;         /* 0 = as many as there are CPUs to use */
	int64_t max_connections; /* 0 = as many as there may be descriptors */
	int64_t idle_timeout;
	int64_t high_water_kb, high_water_total_mb;
	bool relay;
	struct option_list relay_allow;
	struct option_list allow_source_ports;
	int64_t rate; /* datagrams per second and source; 0 = off */
	const char *log;
	const char *metrics; /* HOST:PORT; NULL = nobody asked */
	bool no_loop_guards;
	bool no_sandbox;
	bool gro, spin;
	bool log_json;
	bool verbose, version, help;
	bool stamp_stateless, stamp_open, stamp_hide_location;
	int64_t stamp_sessions, stamp_idle;
	const char *stamp_keys; /* a file; NULL = not given */
	struct option_list stamp_dscp, short_requests;
	struct option_list listens;
	const char *config;   /* NULL = not given */
	const char *handover; /* the same */
	char *config_text;    /* what the values of the file are borrowed from */

	struct endpoint endpoints[SERVE_ENDPOINTS_MAX]; /* complete: see binding_find() */
	size_t endpoint_count;
	struct address metrics_at; /* where metrics are asked for */
	bool unasked;              /* nobody named them: they are every service there is */
	uint16_t allowed_ports
		[OPTION_LIST_ROOM]; /* source ports that are answered all the same */
};

const struct option_table *serve_option_table(void);

/* Understands argv[1..argc), which is left as it is, and the file that it names: what the command line
 * says comes before what the file says.  Where nobody names an endpoint, those that were
 * inherited and must be served are the endpoints.  Negative with the reason; serve_options_done()
 * follows in any case. */
MUST_CHECK int serve_options_read(struct serve_options *out, int argc, char *const *argv,
                                  const struct inherited *inherited, struct err *err);
void serve_options_done(struct serve_options *options);
