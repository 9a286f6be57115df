/* SPDX-License-Identifier: MIT */
#include "wire/stamp_time.h"

#include <errno.h>

enum {
	SYNCHRONISED = 0x8000,
	FORMAT_PTP = 0x4000,
	SCALE_SHIFT = 8,
	SCALE_MASK = 0x3f,
	MULTIPLIER_MASK = 0xff,
	SCALE_OF_SECONDS = 32,
};

#define NTP_TO_UNIX INT64_C(2208988800) /* s, from 1900 to 1970 */

/* An instant as whole seconds, also before 1970, and the nanoseconds above them. */
struct split {
	int64_t seconds, ns;
};

static struct split split(struct wall wall)
{
	struct split parts = { wall.ns / NS_PER_SEC, wall.ns % NS_PER_SEC };

	if (parts.ns < 0) {
		parts.seconds--;
		parts.ns += NS_PER_SEC;
	}
	return parts;
}

static int64_t epoch_of(enum stamp_format format)
{
	return format == STAMP_NTP ? NTP_TO_UNIX : 0;
}

/* 2^-32 s, to the nearest: 999 999 999 ns are not yet a second. */
static uint64_t fraction_of(int64_t ns)
{
	return (((uint64_t)ns << 32) + NS_PER_SEC / 2) / NS_PER_SEC;
}

static int64_t ns_of(uint32_t fraction)
{
	return (int64_t)((fraction * (uint64_t)NS_PER_SEC + (UINT64_C(1) << 31)) >> 32);
}

uint64_t stamp_time_encode(struct wall wall, enum stamp_format format)
{
	struct split parts = split(wall);
	uint64_t low = format == STAMP_NTP ? fraction_of(parts.ns) : (uint64_t)parts.ns;

	return (uint64_t)(parts.seconds + epoch_of(format)) << 32 | low;
}

int stamp_time_decode(uint64_t time, enum stamp_format format, struct wall near,
                      struct wall *out)
{
	uint32_t low = (uint32_t)time;

	if (format == STAMP_PTP && low >= NS_PER_SEC)
		return -EBADMSG;
	int64_t known = split(near).seconds;
	/* What is missing above 32 bits is that of the nearest second: not more than 2^31 away. */
	uint32_t ahead = (uint32_t)(time >> 32) - (uint32_t)(known + epoch_of(format));

	out->ns = (known + (int32_t)ahead) * NS_PER_SEC +
	          (format == STAMP_NTP ? ns_of(low) : (int64_t)low);
	return 0;
}

/* Units of 2^-32 s, rounded up; from 2^31 s on, units of a second, of which scale then tells. */
static uint64_t units_of(int64_t span, unsigned *scale)
{
	uint64_t seconds = (uint64_t)(span / NS_PER_SEC), ns = (uint64_t)(span % NS_PER_SEC);

	if (seconds >> 31) {
		*scale = SCALE_OF_SECONDS;
		return seconds + (ns > 0);
	}
	*scale = 0;
	return (seconds << 32) + ((ns << 32) + NS_PER_SEC - 1) / NS_PER_SEC;
}

uint16_t stamp_error_encode(const struct stamp_error *error)
{
	unsigned scale;
	uint64_t units = units_of(span_max(error->error, 0), &scale);

	for (; units > MULTIPLIER_MASK; scale++)
		units = (units + 1) / 2;
	if (units == 0)
		units = 1;
	return (uint16_t)((error->synchronised ? SYNCHRONISED : 0U) |
	                  (error->format == STAMP_PTP ? FORMAT_PTP : 0U) |
	                  scale << SCALE_SHIFT | units);
}

/* multiplier * 2^(scale - 32) s. */
static int64_t span_of(unsigned multiplier, unsigned scale)
{
	uint64_t ns = multiplier * (uint64_t)NS_PER_SEC;

	if (scale < SCALE_OF_SECONDS) {
		unsigned down = SCALE_OF_SECONDS - scale;

		return (int64_t)((ns + (UINT64_C(1) << down) - 1) >> down);
	}
	unsigned up = scale - SCALE_OF_SECONDS;

	return ns > (uint64_t)INT64_MAX >> up ? INT64_MAX : (int64_t)(ns << up);
}

enum stamp_format stamp_error_format(uint16_t field)
{
	return field & FORMAT_PTP ? STAMP_PTP : STAMP_NTP;
}

int stamp_error_decode(uint16_t field, struct stamp_error *out)
{
	unsigned multiplier = field & MULTIPLIER_MASK;

	out->synchronised = field & SYNCHRONISED;
	out->format = stamp_error_format(field);
	out->error = INT64_MAX;
	if (multiplier == 0)
		return -EBADMSG;
	out->error = span_of(multiplier, field >> SCALE_SHIFT & SCALE_MASK);
	return 0;
}
