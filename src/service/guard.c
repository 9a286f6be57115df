/* SPDX-License-Identifier: MIT */
#include "service/guard.h"

/* Services that answer unasked-for bytes, or whose answers bring an answer (serving promises). */
static const uint16_t loopable[] = {
	7,   9,   13,  17,  19,  37,  53,  67,  69,   111,  123,  137,  138,  161,  162,
	177, 389, 427, 500, 517, 518, 520, 862, 1701, 1900, 3702, 4500, 5353, 5355, 11211,
};

void guard_init(struct guard *guard)
{
	for (size_t i = 0; i < sizeof(guard->silent); i++)
		guard->silent[i] = 0;
	guard_silence(guard, 0);
	for (size_t i = 0; i < COUNT(loopable); i++)
		guard_silence(guard, loopable[i]);
}

static void put(struct guard *guard, size_t place, unsigned bits)
{
	atomic_store_explicit(&guard->silent[place], (uint8_t)bits, memory_order_relaxed);
}

static unsigned get(const struct guard *guard, size_t place)
{
	return atomic_load_explicit(&guard->silent[place], memory_order_relaxed);
}

void guard_silence(struct guard *guard, uint16_t port)
{
	put(guard, port / 8, get(guard, port / 8) | 1U << port % 8);
}

void guard_allow(struct guard *guard, uint16_t port)
{
	put(guard, port / 8, get(guard, port / 8) & ~(1U << port % 8));
}

void guard_copy(struct guard *guard, const struct guard *wanted)
{
	for (size_t i = 0; i < sizeof(guard->silent); i++)
		put(guard, i, get(wanted, i));
}
