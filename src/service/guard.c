/* SPDX-License-Identifier: MIT */
#include "service/guard.h"

/* Services that answer unasked-for bytes, or whose answers bring an answer (serving promises). */
static const uint16_t loopable[] = {
	7,   9,   13,  17,  19,  37,  53,  67,  69,   111,  123,  137,  138,  161,  162,
	177, 389, 427, 500, 517, 518, 520, 862, 1701, 1900, 3702, 4500, 5353, 5355, 11211,
};

void guard_init(struct guard *guard)
{
	*guard = (struct guard){ 0 };
	guard_silence(guard, 0);
	for (size_t i = 0; i < COUNT(loopable); i++)
		guard_silence(guard, loopable[i]);
}

void guard_silence(struct guard *guard, uint16_t port)
{
	guard->silent[port / 8] |= (uint8_t)(1U << port % 8);
}

void guard_allow(struct guard *guard, uint16_t port)
{
	guard->silent[port / 8] &= (uint8_t) ~(1U << port % 8);
}
