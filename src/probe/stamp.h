/* SPDX-License-Identifier: MIT */
#pragma once

#include "probe/probe.h"

extern const struct probe_ops probe_stamp;
