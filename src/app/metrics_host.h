/* SPDX-License-Identifier: MIT */
/* metrics_host -- HOST:PORT, as --metrics is told it and as a client's Host header says it. */
#pragma once

#include "base/err.h"
#include "net/address.h"

/* An address and a port: "127.0.0.1:9464", "[::1]:0".  Names are not looked up.  -EINVAL with the
 * reason. */
MUST_CHECK int metrics_host_read(const char *text, struct address *out, struct err *err);

/* True when a client that says so means this very host: "localhost:PORT", or a loopback address.  A
 * page in a browser whose name was made to lead here (DNS rebinding) says its own name. */
bool metrics_host_is_loopback(const char *text, uint16_t port);
