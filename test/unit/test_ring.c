/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <sched.h>

#include "core/ring.h"
#include "unit.h"

enum { SLOTS = 1000000 };

struct slot {
	uint64_t number, check;
};

TEST(what_goes_in_comes_out_in_order)
{
	struct ring ring;

	assert_int_equal(ring_init(&ring, sizeof(struct slot), 4), 0);
	assert_null(ring_head(&ring));
	for (uint64_t i = 0; i < 100; i++) {
		struct slot *in = ring_free(&ring);

		assert_non_null(in);
		in->number = i;
		ring_push(&ring);
		const struct slot *out = ring_head(&ring);

		assert_non_null(out);
		assert_int_equal(out->number, i);
		ring_pop(&ring);
	}
	assert_null(ring_head(&ring));
	ring_done(&ring);
}

TEST(a_full_ring_has_no_free_slot_and_overwrites_none)
{
	struct ring ring;

	assert_int_equal(ring_init(&ring, sizeof(struct slot), 3), 0);
	for (uint64_t i = 0; i < 3; i++) {
		struct slot *in = ring_free(&ring);

		assert_non_null(in);
		in->number = i;
		ring_push(&ring);
	}
	assert_null(ring_free(&ring));
	const struct slot *head = ring_head(&ring);

	assert_int_equal(head->number, 0);
	ring_pop(&ring);
	assert_non_null(ring_free(&ring));
	ring_done(&ring);
}

static void *write_all(void *argument)
{
	struct ring *ring = argument;

	for (uint64_t i = 0; i < SLOTS;) {
		struct slot *slot = ring_free(ring);

		if (!slot) {
			(void)sched_yield();
			continue;
		}
		*slot = (struct slot){ .number = i, .check = ~i };
		ring_push(ring);
		i++;
	}
	return NULL;
}

TEST(two_threads_pass_a_million_slots_whole_and_in_order)
{
	struct ring ring;
	pthread_t writer;

	assert_int_equal(ring_init(&ring, sizeof(struct slot), 64), 0);
	assert_int_equal(pthread_create(&writer, NULL, write_all, &ring), 0);
	for (uint64_t i = 0; i < SLOTS;) {
		const struct slot *slot = ring_head(&ring);

		if (!slot) {
			(void)sched_yield();
			continue;
		}
		assert_int_equal(slot->number, i);
		assert_int_equal(slot->check, ~i);
		ring_pop(&ring);
		i++;
	}
	assert_int_equal(pthread_join(writer, NULL), 0);
	assert_null(ring_head(&ring));
	ring_done(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out_in_order),
		cmocka_unit_test(a_full_ring_has_no_free_slot_and_overwrites_none),
		cmocka_unit_test(two_threads_pass_a_million_slots_whole_and_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
