/* SPDX-License-Identifier: MIT */
/* reload -- which options may change while the server runs. */
#pragma once

#include "app/serve_options.h"

/* -EINVAL with the reason when wanted asks for something that only a start can give. */
MUST_CHECK int reload_check(const struct serve_options *options,
                            const struct serve_options *wanted, struct err *err);
