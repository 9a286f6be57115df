/* SPDX-License-Identifier: MIT */
/* process -- what a server needs of its own process: descriptors, CPUs, and lines for people. */
#pragma once

#include "base/base.h"

/* Opens 0, 1 and 2 where they are closed: else what is meant for a log would reach the peer whose
 * socket got that number. */
void process_fill_standard_descriptors(void);

/* Raises the limit of open descriptors as far as it goes; returns it, 0 when it is unknown. */
uint64_t process_raise_descriptor_limit(void);

/* The CPUs that this process may use, at least 1. */
size_t process_count_cpus(void);

/* Writes a line for a person to fd, unless that would mean to wait for a reader: serving does not. */
void process_tell(int fd, const char *format, ...) PRINTF_LIKE(2, 3);

/* The same with a text that is complete; false when it was not written. */
bool process_put(int fd, const char *text);
