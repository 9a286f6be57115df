/* SPDX-License-Identifier: MIT */
#include "report/json_event.h"

#include "report/record.h"
#include "report/words.h"

void json_put_address(struct json_t *record, const char *key, const struct address *address)
{
	if (address)
		record_text(record, key, address_text(address).text);
}

static const char *event_word(enum notice_kind kind)
{
	switch (kind) {
	case NOTICE_OUTSTANDING:
		return "outstanding";
	case NOTICE_RECONNECTED:
		return "reconnected";
	case NOTICE_ADDRESS:
		return "address_changed";
	case NOTICE_UNRESOLVED:
		return "unresolved";
	case NOTICE_SUSPENDED:
		return "suspended";
	case NOTICE_CLOCK_SET:
		return "clock_set";
	case NOTICE_RESTARTED:
		return "reflector_restarted";
	case NOTICE_JUNK:
	case NOTICE_OUTAGE:
		break;
	}
	return NULL; /* types of their own */
}

void json_put_event(struct json_t *record, const struct target *target,
                    const struct notice *notice)
{
	const char *word = event_word(notice->kind);

	if (word)
		record_word(record, "event", word);
	switch (notice->kind) {
	case NOTICE_OUTSTANDING:
		record_count(record, "seq", notice->sequence);
		break;
	case NOTICE_RECONNECTED:
		json_put_address(record, "addr", target_address(target));
		break;
	case NOTICE_JUNK:
		record_word(record, "reason", reason_of_junk(notice->error).word);
		break;
	case NOTICE_ADDRESS:
		json_put_address(record, "from", notice->from);
		json_put_address(record, "to", notice->to);
		break;
	case NOTICE_UNRESOLVED:
		record_text(record, "detail", notice->reason);
		break;
	case NOTICE_SUSPENDED:
		record_integer(record, "span_ns", notice->span);
		break;
	case NOTICE_CLOCK_SET:
		record_count(record, "seq", notice->sequence);
		record_integer(record, "span_ns", notice->span);
		break;
	case NOTICE_RESTARTED:
		record_count(record, "seq", notice->sequence);
		break;
	case NOTICE_OUTAGE:
		record_count(record, "seq", notice->sequence);
		record_count(record, "length", notice->length);
		record_integer(record, "span_ns", notice->span);
		break;
	}
}
