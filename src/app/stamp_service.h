/* SPDX-License-Identifier: MIT */
/* stamp_service -- what the options of `serve` say of STAMP, as its service wants to be told. */
#pragma once

#include "app/key_file.h"
#include "app/serve_options.h"
#include "service/stamp.h"

struct stamp_service {
	struct stamp_setup setup;
	size_t memory; /* bytes that each worker needs for it at most; 0 = it is not served */
	struct key_ring keys;
	struct stamp_secret *secrets;
	struct address short_peers[OPTION_LIST_ROOM];
};

/* Reads the key file.  The struct is zeroed, and must not move from then on; stamp_service_done() follows in
 * any case. */
MUST_CHECK int stamp_service_init(struct stamp_service *stamp,
                                  const struct serve_options *options, struct err *err);

/* Wipes the keys, of which every worker has its own by now.  The setup stays, without them. */
void stamp_service_done(struct stamp_service *stamp);
