/* SPDX-License-Identifier: MIT */
#include "app/stamp_service.h"

#include <errno.h>
#include <stdlib.h>

#include "base/parse.h"
#include "base/text.h"
#include "service/services.h"

enum { DSCP_MAX = 63 };

/* Those that were named; all when nobody named one. */
static int read_dscp(const struct option_list *list, uint64_t *out, struct err *err)
{
	uint64_t allowed = list->count > 0 ? 0 : UINT64_MAX;

	for (size_t i = 0; i < list->count; i++) {
		int64_t dscp = 0;

		if (parse_integer(list->items[i], 0, DSCP_MAX, &dscp) < 0)
			return err_set(err, -EINVAL,
			               "'%s' is no DSCP for --stamp-dscp (0 to 63)",
			               quote(list->items[i]).text);
		allowed |= UINT64_C(1) << dscp;
	}
	*out = allowed;
	return 0;
}

static int read_short_peers(struct stamp_service *stamp, const struct option_list *list,
                            struct err *err)
{
	for (size_t i = 0; i < list->count; i++)
		if (address_parse(list->items[i], &stamp->short_peers[i]) < 0)
			return err_set(err, -EINVAL, "'%s' is no address for --short-requests",
			               quote(list->items[i]).text);
	stamp->setup.short_peers = stamp->short_peers;
	stamp->setup.short_peer_count = list->count;
	return 0;
}

static int read_keys(struct stamp_service *stamp, const char *path, struct err *err)
{
	int result = key_file_read(path, &stamp->keys, err);

	if (result < 0)
		return result;
	stamp->secrets = calloc(stamp->keys.count, sizeof(*stamp->secrets));
	if (!stamp->secrets)
		return err_set(err, -ENOMEM, "cannot start: out of memory");
	for (size_t i = 0; i < stamp->keys.count; i++) {
		const struct stamp_key *key = &stamp->keys.keys[i];

		stamp->secrets[i] = (struct stamp_secret){ key->ssid, key->length, key->bytes };
	}
	stamp->setup.secrets = stamp->secrets;
	stamp->setup.secret_count = stamp->keys.count;
	return 0;
}

static bool is_served(const struct serve_options *options)
{
	for (size_t i = 0; i < options->endpoint_count; i++)
		if (services_find(options->endpoints[i].kind) == &service_stamp)
			return true;
	return false;
}

int stamp_service_init(struct stamp_service *stamp, const struct serve_options *options,
                       struct err *err)
{
	stamp->setup = (struct stamp_setup){
		.stateless = options->stamp_stateless,
		.sessions = (uint32_t)options->stamp_sessions,
		.idle = options->stamp_idle,
		.open_too = options->stamp_open,
		.hides_location = options->stamp_hide_location,
	};
	int result = read_dscp(&options->stamp_dscp, &stamp->setup.dscp_allowed, err);

	if (result == 0)
		result = read_short_peers(stamp, &options->short_requests, err);
	if (result == 0 && options->stamp_keys)
		result = read_keys(stamp, options->stamp_keys, err);
	if (is_served(options))
		stamp->memory = stamp_memory(&stamp->setup);
	return result;
}

void stamp_service_done(struct stamp_service *stamp)
{
	key_ring_done(&stamp->keys);
	free(stamp->secrets);
	stamp->secrets = NULL;
	stamp->setup.secrets = NULL;
	stamp->setup.secret_count = 0;
}
