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
	free(text);
	free(again);
	free(value);
	return 0;
}
