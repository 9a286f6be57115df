/* SPDX-License-Identifier: MIT */
/* A label of any bytes: what a reader makes of the line is the label again, and no page grows beyond
 * its room. */
#include "fuzz/fuzz.h"
#include "wire/prometheus.h"

static const char head[] = "m{l=\"", tail[] = "\"} 7\n";

/* Reads the label as the format has it; returns where it ends. */
static const char *read_label(const char *line, char *out)
{
	for (; *line != '"'; line++) {
		bool escaped = *line == '\\';

		must(*line != '\n' && *line != '\0');
		line += escaped;
		must(!escaped || *line == 'n' || *line == '"' || *line == '\\');
		if (escaped && *line == 'n')
			*out++ = '\n';
		else
			*out++ = *line;
	}
	*out = '\0';
	return line;
}

/* A page of every kind of sample, in a room that may be too small at any place; returns what it needs. */
static size_t write_page(char *text, size_t room, const struct prometheus_label *label,
                         const uint64_t within[3])
{
	static const int64_t edges[] = { 1000, 2500000000 };
	struct prometheus page;

	prometheus_init(&page, text, room);
	prometheus_family(&page, "c_total", PROMETHEUS_COUNTER, "A \\ and\nanother line.");
	prometheus_count(&page, label, 1, within[0]);
	prometheus_family(&page, "g_seconds", PROMETHEUS_GAUGE, "Seconds.");
	prometheus_seconds(&page, label, 1, (int64_t)(within[1] & INT64_MAX));
	prometheus_family(&page, "h_seconds", PROMETHEUS_HISTOGRAM, "Durations.");
	prometheus_histogram(&page, edges, within, 2, (int64_t)(within[2] & INT64_MAX));
	must(page.length <= page.room);
	return page.full ? SIZE_MAX : page.length;
}

static void check_page(const uint8_t *data, size_t size, const struct prometheus_label *label)
{
	uint64_t within[3] = { 1, 2, 3 };
	size_t most = 2048 + 4 * size;
	char *text = malloc(most), *small = malloc(most);

	must(text && small);
	memcpy(within, data, size < sizeof(within) ? size : sizeof(within));
	size_t length = write_page(text, most, label, within);

	must(length < most);
	must(write_page(small, length - 1 - (size + within[0]) % (length - 1), label, within) ==
	     SIZE_MAX);
	must(write_page(small, length, label, within) == length);
	must(memcmp(text, small, length) == 0);
	free(text);
	free(small);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *value = string_of(data, size), *again = malloc(size + 1);
	size_t most = sizeof(head) + sizeof(tail) + 2 * size;
	char *text = calloc(1, most + 1);
	const struct prometheus_label label = { "l", value };
	struct prometheus page, small;

	must(again && text);
	prometheus_init(&page, text, most);
	page.name = "m";
	prometheus_count(&page, &label, 1, 7);
	must(!page.full && strncmp(text, head, sizeof(head) - 1) == 0);
	must(strcmp(read_label(text + sizeof(head) - 1, again), tail) == 0);
	must(strcmp(again, value) == 0);
	prometheus_init(&small, text, size % (page.length + 1));
	small.name = "m";
	prometheus_count(&small, &label, 1, 7);
	must(small.length <= small.room && small.full == (small.room < page.length));
	check_page(data, size, &label);
	free(text);
	free(again);
	free(value);
	return 0;
}
