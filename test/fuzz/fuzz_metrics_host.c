/* SPDX-License-Identifier: MIT */
/* A Host header: what names this host and its port is "localhost" or a loopback address in plain
 * sight, however it was written. */
#include <strings.h>

#include "app/metrics_host.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *host = string_of(data, size);
	struct address address;
	struct err err = { 0 };
	bool ours = metrics_host_is_loopback(host, 9464);
	int result = metrics_host_read(host, &address, &err);

	must(!ours || strncasecmp(host, "localhost:", 10) == 0 || result == 0);
	if (result < 0)
		must_be_a_sentence(&err);
	else
		must(ours == (address_is_loopback(&address) && address_port(&address) == 9464));
	free(host);
	return 0;
}
