/* SPDX-License-Identifier: MIT */
/* Lines of a file of targets: a word without blanks, a label without blanks around it, nothing that
 * is not in the line. */
#include <errno.h>

#include "app/target_file.h"
#include "fuzz/fuzz.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void check_words(const struct target_line *line, const char *text, size_t size)
{
	if (line->word) {
		must(line->word >= text && line->word < text + size);
		must(line->word[0] != '\0' && line->word[0] != '#');
		must(!strpbrk(line->word, " \t"));
	}
	if (line->label) {
		must(line->word && line->label > line->word + strlen(line->word));
		must(line->label + strlen(line->label) <= text + size);
		must(line->label[0] != '\0' && !is_blank(line->label[0]));
		must(!is_blank(line->label[strlen(line->label) - 1]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = string_of(data, size); /* NULs and all */
	struct target_line line = { 0 };
	struct err err = { 0 };
	int result = target_line_read(text, size, &line, &err);

	if (result == 0) {
		check_words(&line, text, size);
	} else {
		must(result == -EINVAL);
		must_be_a_sentence(&err);
	}
	free(text);
	return 0;
}
