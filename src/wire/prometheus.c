/* SPDX-License-Identifier: MIT */
#include "wire/prometheus.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_SECOND INT64_C(1000000000)

struct number {
	char text[32];
};

static void put_bytes(struct prometheus *page, const char *bytes, size_t length)
{
	if (length > page->room - page->length)
		page->full = true;
	if (page->full)
		return;
	memcpy(page->text + page->length, bytes, length);
	page->length += length;
}

static void put(struct prometheus *page, const char *text)
{
	put_bytes(page, text, strlen(text));
}

/* Backslash, newline and, where a quote would end the text, that. */
static void put_escaped(struct prometheus *page, const char *text, const char *special)
{
	while (*text) {
		size_t plain = strcspn(text, special);

		put_bytes(page, text, plain);
		text += plain;
		if (*text) {
			put(page, "\\");
			put_bytes(page, *text == '\n' ? "n" : text, 1);
			text++;
		}
	}
}

/* Exactly, without zeros at its end: 1500000000 -> "1.5". */
static struct number seconds(int64_t span)
{
	struct number out;
	int length = snprintf(out.text, sizeof(out.text), "%" PRId64 ".%09" PRId64,
	                      span / NS_PER_SECOND, span % NS_PER_SECOND);
	size_t used = (size_t)length;

	while (out.text[used - 1] == '0')
		used--;
	if (out.text[used - 1] == '.')
		used--;
	out.text[used] = '\0';
	return out;
}

static struct number whole(uint64_t value)
{
	struct number out;

	(void)snprintf(out.text, sizeof(out.text), "%" PRIu64, value);
	return out;
}

static void put_sample(struct prometheus *page, const char *suffix,
                       const struct prometheus_label *labels, size_t count,
                       const struct number *value)
{
	put(page, page->name);
	put(page, suffix);
	for (size_t i = 0; i < count; i++) {
		put(page, i == 0 ? "{" : ",");
		put(page, labels[i].name);
		put(page, "=\"");
		put_escaped(page, labels[i].value, "\\\n\"");
		put(page, "\"");
	}
	put(page, count > 0 ? "} " : " ");
	put(page, value->text);
	put(page, "\n");
}

void prometheus_init(struct prometheus *page, char *text, size_t room)
{
	*page = (struct prometheus){ .room = room };
	page->text = text;
}

void prometheus_family(struct prometheus *page, const char *name, enum prometheus_type type,
                       const char *help)
{
	static const char *const types[] = {
		[PROMETHEUS_COUNTER] = "counter",
		[PROMETHEUS_GAUGE] = "gauge",
		[PROMETHEUS_HISTOGRAM] = "histogram",
	};

	page->name = name;
	put(page, "# HELP ");
	put(page, name);
	put(page, " ");
	put_escaped(page, help, "\\\n");
	put(page, "\n# TYPE ");
	put(page, name);
	put(page, " ");
	put(page, types[type]);
	put(page, "\n");
}

void prometheus_count(struct prometheus *page, const struct prometheus_label *labels,
                      size_t count, uint64_t value)
{
	struct number number = whole(value);

	put_sample(page, "", labels, count, &number);
}

void prometheus_seconds(struct prometheus *page, const struct prometheus_label *labels,
                        size_t count, int64_t span)
{
	struct number number = seconds(span);

	put_sample(page, "", labels, count, &number);
}

static void put_bucket(struct prometheus *page, const char *edge, uint64_t value)
{
	const struct prometheus_label label = { "le", edge };
	struct number number = whole(value);

	put_sample(page, "_bucket", &label, 1, &number);
}

void prometheus_histogram(struct prometheus *page, const int64_t *edges, const uint64_t *within,
                          size_t count, int64_t total)
{
	uint64_t so_far = 0;

	for (size_t i = 0; i < count; i++) {
		so_far += within[i];
		put_bucket(page, seconds(edges[i]).text, so_far);
	}
	so_far += within[count];
	put_bucket(page, "+Inf", so_far);
	struct number sum = seconds(total), all = whole(so_far);

	put_sample(page, "_sum", NULL, 0, &sum);
	put_sample(page, "_count", NULL, 0, &all);
}
