/* SPDX-License-Identifier: MIT */
/* What a stranger types behind "ping": a question that can be asked as it stands, or one sentence. */
#include <errno.h>

#include "base/text.h"
#include "fuzz/fuzz.h"
#include "relay/question.h"

static void check_question(const struct question *question)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789._:%-";

	must(question->ops != NULL);
	must(question->host[0] != '\0');
	must(strlen(question->host) <= HOST_MAX);
	must(question->host[strspn(question->host, alphabet)] == '\0');
	must((question->port == 0) == (question->ops->port == 0));
}

/* Blanks and control characters never get as far as a look-up or a log. */
static void check_text(const char *text)
{
	for (; *text; text++)
		must(*text > ' ' && *text <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = string_of(data, size);
	struct question question = { .port = 7777 };
	struct err err = { 0 };
	int result = question_read(text, &question, &err);

	if (result == 0) {
		check_question(&question);
		check_text(text);
	} else {
		must(result == -EINVAL);
		must(question.port == 7777 && !question.ops);
		must_be_a_sentence(&err);
	}
	free(text);
	return 0;
}
