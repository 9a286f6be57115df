/* SPDX-License-Identifier: MIT */
/* STAMP packets, as requests and as replies: the first byte says in which mode. */
#include <errno.h>

#include "fuzz/fuzz.h"
#include "wire/stamp.h"

enum { LOOK_AUTHENTICATED = 1 };

#define NOW ((struct wall){ INT64_C(1764342000123456789) })

static bool is_long_enough(size_t length, enum stamp_mode mode)
{
	return length >= (mode == STAMP_OPEN ? STAMP_TWAMP_BYTES : STAMP_AUTHENTICATED_BYTES);
}

/* What was read, written and read again is the same, and nothing but what was read is written. */
static void check_request(const uint8_t *packet, size_t length, enum stamp_mode mode)
{
	struct stamp_request request = { .sequence = 42 }, again;
	uint8_t written[STAMP_AUTHENTICATED_BYTES], rewritten[STAMP_AUTHENTICATED_BYTES];
	int result = stamp_read_request(packet, length, mode, &request);

	must(result == (is_long_enough(length, mode) ? 0 : -EBADMSG));
	if (result < 0) {
		must(request.sequence == 42);
		return;
	}
	stamp_write_request(written, mode, &request);
	must(stamp_read_request(written, stamp_bytes(mode), mode, &again) == 0);
	must(again.sequence == request.sequence && again.time == request.time);
	must(again.error == request.error && again.ssid == request.ssid);
	stamp_write_request(rewritten, mode, &again);
	must(memcmp(written, rewritten, stamp_bytes(mode)) == 0);
	must(!stamp_is_reflected(written, stamp_bytes(mode), mode, NOW));
	for (size_t i = 0; i < stamp_bytes(mode); i++)
		must(written[i] == 0 || (i < length && written[i] == packet[i]));
}

static void check_reply(const uint8_t *packet, size_t length, enum stamp_mode mode)
{
	struct stamp_reply reply = { .sequence = 42 };
	size_t base = size_min(length, stamp_bytes(mode));
	uint8_t *written = copy_of(packet, length), *rewritten = copy_of(packet, length);
	int result = stamp_read_reply(packet, length, mode, &reply);

	must(result == (is_long_enough(length, mode) ? 0 : -EBADMSG));
	must(result == 0 || reply.sequence == 42);
	if (result == 0) {
		stamp_write_reply(written, length, mode, &reply);
		must(memcmp(written + base, packet + base, length - base) == 0);
		for (size_t i = 0; i < base; i++)
			must(written[i] == 0 || written[i] == packet[i]);
		must(stamp_read_reply(written, length, mode, &reply) == 0);
		stamp_write_reply(rewritten, length, mode, &reply);
		must(memcmp(written, rewritten, length) == 0);
		must(stamp_is_reflected(written, length, mode, NOW) ==
		     stamp_is_reflected(packet, length, mode, NOW));
	}
	free(written);
	free(rewritten);
}

/* As close as a nanosecond is to what was there. */
static void check_time(uint64_t time, enum stamp_format format)
{
	struct wall wall = { 42 };

	if (stamp_time_decode(time, format, NOW, &wall) < 0) {
		must(format == STAMP_PTP && (uint32_t)time >= NS_PER_SEC && wall.ns == 42);
		return;
	}
	int64_t off = (int64_t)(stamp_time_encode(wall, format) - time);

	must(off >= -3 && off <= 3);
	must(format == STAMP_NTP || off == 0);
}

static void check_error(uint16_t field)
{
	struct stamp_error error, again;
	int result = stamp_error_decode(field, &error);

	must(result == (field & 0xff ? 0 : -EBADMSG));
	must(stamp_error_decode(stamp_error_encode(&error), &again) == 0);
	must(again.error >= error.error);
	must(again.synchronised == error.synchronised && again.format == error.format);
}

/* Whatever it is: once sealed and signed it is authentic, and then not with any other time. */
static void check_signing(const uint8_t *packet, size_t length)
{
	uint8_t *copy = copy_of(packet, length);
	struct mac *mac = NULL;

	must(mac_new(&mac, "key", 3, NULL) == 0);
	must(!stamp_is_authentic(packet, length, mac));
	if (length >= STAMP_AUTHENTICATED_BYTES) {
		stamp_seal(copy, STAMP_AUTHENTICATED, 1, 1);
		must(stamp_sign(copy, mac) == 0);
		must(stamp_is_authentic(copy, length, mac));
		stamp_seal(copy, STAMP_AUTHENTICATED, 2, 1);
		must(!stamp_is_authentic(copy, length, mac));
	}
	mac_free(mac);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stamp_reply reply;

	if (size < 2)
		return 0;
	enum stamp_mode mode = data[0] & LOOK_AUTHENTICATED ? STAMP_AUTHENTICATED : STAMP_OPEN;
	uint8_t *packet = copy_of(data + 1, size - 1);
	size_t length = size - 1;

	check_request(packet, length, mode);
	check_reply(packet, length, mode);
	if (stamp_read_reply(packet, length, mode, &reply) == 0) {
		check_time(reply.received, STAMP_NTP);
		check_time(reply.received, STAMP_PTP);
		check_error(reply.error);
	}
	if (mode == STAMP_AUTHENTICATED)
		check_signing(packet, length);
	free(packet);
	return 0;
}
