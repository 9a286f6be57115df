/* SPDX-License-Identifier: MIT */
/* stamping -- the kernel stamps what arrives only while somebody wants it, and begins to a moment after it is
 * asked: for the time of a group of tests somebody does. */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include "loopback.h"
#include "net/datagram.h"

enum { STAMPING_TRIES = 2000 };

/* Group setup and teardown. */
static inline int stamping_begin(void **state)
{
	struct timestamps timestamps;
	struct datagrams *batch = NULL;
	struct address own;
	struct mono called;
	int *fd = malloc(sizeof(int));
	bool stamped = false;

	assert_non_null(fd);
	*fd = bound_socket(AF_INET, SOCK_DGRAM, &own);
	timestamps_enable(&timestamps, *fd, TIMESTAMPS_OF_RECEIPT, false, NULL);
	assert_int_equal(datagrams_new(&batch, 1, true), 0);
	for (int i = 0; i < STAMPING_TRIES && !stamped; i++) {
		assert_int_equal(socket_send_to(*fd, "x", 1, &own, &called), 0);
		assert_true(wait_for(*fd, POLLIN));
		assert_int_equal(datagrams_receive(batch, *fd, 1), 1);
		stamped = datagrams_at(batch, 0)->arrival.kernel.ns != 0;
		(void)usleep(stamped ? 0 : 1000);
	}
	datagrams_free(batch);
	*state = fd;
	return stamped ? 0 : -1;
}

static inline int stamping_end(void **state)
{
	int *fd = *state;

	socket_close(fd);
	free(fd);
	return 0;
}
