/* SPDX-License-Identifier: MIT */
#include "load/ledger.h"

int ledger_init(struct ledger *ledger)
{
	int recent = load_tally_init(&ledger->recent);
	int total = load_tally_init(&ledger->total);
	int progress = load_tally_init(&ledger->progress);

	return recent < 0 ? recent : total < 0 ? total : progress;
}

void ledger_done(struct ledger *ledger)
{
	load_tally_done(&ledger->recent);
	load_tally_done(&ledger->total);
	load_tally_done(&ledger->progress);
}

void ledger_sent(struct ledger *ledger, struct mono due, struct mono called, size_t bytes)
{
	if (!ledger_is_counted(ledger, ledger_instant(ledger, due, called)))
		return;
	ledger->recent.counts.sent++;
	ledger->recent.counts.bytes_out += bytes;
}

void ledger_lag(struct ledger *ledger, struct mono due, struct mono called)
{
	if (ledger_is_counted(ledger, due))
		load_times_add(&ledger->recent.lag, mono_since(called, due));
}

void ledger_answered(struct ledger *ledger, const struct flight *flight, struct mono read,
                     size_t bytes)
{
	struct load_tally *tally = &ledger->recent;

	if (!ledger_is_counted(ledger, ledger_instant(ledger, flight->due, flight->called)))
		return;
	tally->counts.answered++;
	tally->counts.bytes_in += bytes;
	load_times_add(&tally->uncorrected, mono_since(read, flight->called));
	if (ledger->open_loop)
		load_times_add(&tally->corrected, mono_since(read, flight->due));
}

void ledger_post(struct ledger *ledger)
{
	load_tally_merge(&ledger->total, &ledger->recent);
	load_tally_merge(&ledger->progress, &ledger->recent);
	load_tally_clear(&ledger->recent);
}
