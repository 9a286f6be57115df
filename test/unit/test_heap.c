/* SPDX-License-Identifier: MIT */
#include "base/heap.h"
#include "core/random.h"
#include "unit.h"

enum { NODES = 200, MOVES = 20000 };

/* The model: what is in, and at which key, found by looking at all of them. */
static int64_t least(const struct heap_node *nodes, const bool *in, size_t *count)
{
	int64_t best = INT64_MAX;

	*count = 0;
	for (size_t i = 0; i < NODES; i++) {
		if (!in[i])
			continue;
		(*count)++;
		best = nodes[i].key < best ? nodes[i].key : best;
	}
	return best;
}

TEST(the_first_is_the_least_whatever_is_put_moved_and_taken)
{
	struct heap heap = { 0 };
	struct heap_node nodes[NODES] = { 0 };
	bool in[NODES] = { 0 };
	struct random random;

	random_seed(&random, 1);
	assert_int_equal(heap_reserve(&heap, NODES), 0);
	for (int i = 0; i < MOVES; i++) {
		size_t which = random_next(&random) % NODES, count = 0;

		if (random_next(&random) % 3 > 0) {
			heap_put(&heap, &nodes[which], (int64_t)(random_next(&random) % 64));
			in[which] = true;
		} else {
			heap_take(&heap, &nodes[which]);
			in[which] = false;
		}
		int64_t best = least(nodes, in, &count);

		assert_int_equal(heap.count, count);
		const struct heap_node *first = heap_first(&heap);

		assert_int_equal(first != NULL, count > 0);
		assert_true(!first || first->key == best);
		assert_int_equal(nodes[which].place != 0, in[which]);
	}
	heap_done(&heap);
}

TEST(taking_the_first_again_and_again_sorts)
{
	struct heap heap = { 0 };
	struct heap_node nodes[NODES] = { 0 };
	struct random random;
	int64_t last = INT64_MIN;
	int taken = 0;

	random_seed(&random, 2);
	assert_int_equal(heap_reserve(&heap, NODES), 0);
	for (size_t i = 0; i < NODES; i++)
		heap_put(&heap, &nodes[i], (int64_t)random_next(&random));
	for (struct heap_node *first; (first = heap_first(&heap)); taken++) {
		assert_true(first->key >= last);
		last = first->key;
		heap_take(&heap, first);
	}
	assert_int_equal(taken, NODES);
	heap_done(&heap);
}

TEST(taking_what_is_not_in_does_nothing)
{
	struct heap heap = { 0 };
	struct heap_node in = { 0 }, out = { 0 };

	assert_int_equal(heap_reserve(&heap, 1), 0);
	heap_put(&heap, &in, 5);
	heap_take(&heap, &out);
	assert_ptr_equal(heap_first(&heap), &in);
	heap_take(&heap, &in);
	heap_take(&heap, &in);
	assert_null(heap_first(&heap));
	heap_done(&heap);
}

TEST(room_made_while_in_use_keeps_what_is_in)
{
	struct heap heap = { 0 };
	struct heap_node nodes[NODES] = { 0 };

	for (size_t i = 0; i < NODES; i++) {
		assert_int_equal(heap_reserve(&heap, i + 1), 0);
		heap_put(&heap, &nodes[i], -(int64_t)i);
		assert_ptr_equal(heap_first(&heap), &nodes[i]);
	}
	heap_done(&heap);
	assert_null(heap_first(&heap));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_is_the_least_whatever_is_put_moved_and_taken),
		cmocka_unit_test(taking_the_first_again_and_again_sorts),
		cmocka_unit_test(taking_what_is_not_in_does_nothing),
		cmocka_unit_test(room_made_while_in_use_keeps_what_is_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
