/* SPDX-License-Identifier: MIT */
#include "service/stamp_keys.h"

#include <errno.h>
#include <stdlib.h>

enum { MAC_MEMORY = 2048 }; /* of one, most of it libcrypto's; measured: 1.0 kB */

struct stamp_keys {
	size_t count;
	struct {
		uint16_t ssid;
		struct mac *mac;
	} all[]; /* by rising SSID */
};

size_t stamp_keys_size(size_t count)
{
	return count * (MAC_MEMORY + sizeof(((struct stamp_keys *)NULL)->all[0]));
}

/* The first that is not below this SSID. */
static size_t place_for(const struct stamp_keys *keys, uint16_t ssid)
{
	size_t low = 0, high = keys->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (keys->all[middle].ssid < ssid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct mac *own(const struct stamp_keys *keys, uint16_t ssid)
{
	size_t place = place_for(keys, ssid);

	return place < keys->count && keys->all[place].ssid == ssid ? keys->all[place].mac
	                                                            : NULL;
}

static void insert(struct stamp_keys *keys, uint16_t ssid, struct mac *mac)
{
	size_t place = place_for(keys, ssid);

	for (size_t i = keys->count; i > place; i--)
		keys->all[i] = keys->all[i - 1];
	keys->all[place].ssid = ssid;
	keys->all[place].mac = mac;
	keys->count++;
}

int stamp_keys_new(struct stamp_keys **out, const struct stamp_secret *secrets, size_t count,
                   struct err *err)
{
	struct stamp_keys *keys = calloc(1, sizeof(*keys) + count * sizeof(keys->all[0]));
	int result = 0;

	if (!keys)
		return err_set(err, -ENOMEM, "no memory for %zu keys", count);
	for (size_t i = 0; i < count && result == 0; i++) {
		struct mac *mac;

		result = mac_new(&mac, secrets[i].bytes, secrets[i].length, err);
		if (result == 0)
			insert(keys, secrets[i].ssid, mac);
	}
	if (result < 0) {
		stamp_keys_free(keys);
		return result;
	}
	*out = keys;
	return 0;
}

void stamp_keys_free(struct stamp_keys *keys)
{
	for (size_t i = 0; keys && i < keys->count; i++)
		mac_free(keys->all[i].mac);
	free(keys);
}

struct mac *stamp_keys_find(const struct stamp_keys *keys, uint16_t ssid)
{
	struct mac *mac = own(keys, ssid);

	return mac || ssid == 0 ? mac : own(keys, 0);
}

bool stamp_keys_has(const struct stamp_keys *keys, uint16_t ssid)
{
	return ssid != 0 && own(keys, ssid);
}
