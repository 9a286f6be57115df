/* SPDX-License-Identifier: MIT */
/* The line protocol, both ways: every line has a meaning, whose word lies within it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "fuzz/fuzz.h"
#include "wire/pong.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void check_request(const char *line, size_t size)
{
	struct pong_request request = pong_read_request(line, size);
	bool has_word = request.command == PONG_PING_TARGET || request.command == PONG_UNKNOWN;

	must(request.command >= PONG_NOTHING && request.command <= PONG_UNKNOWN);
	must(has_word == (request.length > 0));
	if (!has_word)
		return;
	must(request.word >= line && request.word + request.length <= line + size);
	must(!is_blank(request.word[0]) && !is_blank(request.word[request.length - 1]));
}

/* Blanks around a line change nothing. */
static void check_blanks(const char *line, size_t size)
{
	char *padded = malloc(size + 3);

	must(padded != NULL);
	padded[0] = ' ';
	memcpy(padded + 1, line, size);
	padded[size + 1] = '\t';
	padded[size + 2] = '\r';
	struct pong_request bare = pong_read_request(line, size);
	struct pong_request blank = pong_read_request(padded, size + 3);

	must(bare.command == blank.command && bare.length == blank.length);
	must(bare.length == 0 || memcmp(bare.word, blank.word, bare.length) == 0);
	free(padded);
}

static void check_answer(const char *line, size_t size)
{
	char text[40];
	uint64_t epoch = 42, again = 0;
	int result = pong_read_answer(line, size, &epoch);

	must(result == 0 || (result == -EBADMSG && epoch == 42));
	if (result < 0)
		return;
	int length = snprintf(text, sizeof(text), "pong %" PRIu64, epoch);

	must(pong_read_answer(text, (size_t)length, &again) == 0 && again == epoch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = copy_of(data, size);
	const char *line = (const char *)copy;

	check_request(line, size);
	check_blanks(line, size);
	check_answer(line, size);
	free(copy);
	return 0;
}
