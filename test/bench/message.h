// SPDX-License-Identifier: MIT
// message: numbered bytes whose every byte depends on the number, so that an echo that is stale,
// shifted or torn is noticed.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	MESSAGE_MIN = 8,    // the number itself
	MESSAGE_MAX = 4096, // fits an empty socket buffer, so that a send is never partial
};

// Writes message `number`, `size` bytes; MESSAGE_MIN <= size <= MESSAGE_MAX.
void message_fill(uint8_t *bytes, size_t size, uint64_t number);

// What is asked, and the answer that is due: lines without their CRLF, at most MESSAGE_MAX - 3 bytes,
// or NULL, and then each message is a numbered one whose echo is itself.
struct message_form {
	const char *line;
	const char *answer;
};

// Each writes its bytes, at most MESSAGE_MAX, and returns how many.
size_t message_ask(const struct message_form *form, uint8_t *bytes, size_t size,
                   uint64_t number);
size_t message_expect(const struct message_form *form, uint8_t *bytes, size_t size,
                      uint64_t number);

// The number a whole message claims to carry.
uint64_t message_number(const uint8_t *bytes);
