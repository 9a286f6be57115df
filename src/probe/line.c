/* SPDX-License-Identifier: MIT */
#include "probe/line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { BUFFER_BYTES = 8192 };

static const char line_end[] = { '\r', '\n' };

int line_open(struct channel *channel, struct line *line, const struct address *to,
              struct mono *called, const struct line_terms *terms)
{
	line->terms = *terms;
	line->length = 0;
	return stream_open(channel, &line->stream, to, called, terms->request_bytes);
}

void line_close(struct channel *channel)
{
	struct line *line = channel->state;

	stream_close(channel, &line->stream);
}

int line_send(struct channel *channel, const struct address *to, uint64_t key,
              struct mono *called)
{
	struct line *line = channel->state;

	(void)to;
	(void)key;
	return stream_send(channel, &line->stream, line->terms.request,
	                   line->terms.request_bytes, called);
}

/* One whole line has come. */
static int take_line(struct channel *channel, struct line *line, const struct stream_read *read,
                     bool last, struct event *events)
{
	size_t kept = size_min(line->length, sizeof(line->head));

	if (line->stream.next_key >= channel->inflight.next)
		return stream_lied(events, -ENOMSG); /* nobody asked */
	if (!line->terms.judge(channel, line->head, kept))
		return stream_lied(events, -EBADMSG);
	stream_answered(channel, &line->stream, read, last, line->length + 1, events);
	line->length = 0;
	return 1;
}

/* Moves bytes into the line, up to its end, and returns how many; -EMSGSIZE when it is too long. */
static int64_t fill_line(struct line *line, const char *data, size_t length, bool *whole)
{
	const char *end = memchr(data, '\n', length);
	size_t part = end ? (size_t)(end - data) : length;
	size_t kept = size_min(line->length, sizeof(line->head));

	if (part > line->terms.most - line->length)
		return -EMSGSIZE;
	memcpy(line->head + kept, data, size_min(part, sizeof(line->head) - kept));
	line->length += part;
	*whole = end != NULL;
	return (int64_t)part + (end != NULL);
}

static int take_bytes(struct channel *channel, struct line *line, const char *data,
                      const struct stream_read *read, struct event *events)
{
	size_t length = (size_t)read->got;
	int count = 0;

	for (size_t at = 0; at < length;) {
		bool whole = false;
		int64_t part = fill_line(line, data + at, length - at, &whole);

		if (part < 0)
			return count + stream_lied(events + count, (int)part);
		at += (size_t)part;
		if (whole)
			count += take_line(channel, line, read, at == length, events + count);
		if (count > 0 && events[count - 1].kind == EVENT_ENDED)
			break;
	}
	return count;
}

/* How many bytes hold no more answers than there is room to tell of: all that come, where no more are
 * owed; else as many as the shortest ones would take.  A line beyond them is a lie, and the last. */
static size_t bytes_for(const struct channel *channel, const struct line *line, size_t room)
{
	uint64_t owed = channel->inflight.next - line->stream.next_key;

	return owed <= room ? BUFFER_BYTES : size_min(room * line->terms.least, BUFFER_BYTES);
}

int line_heard(struct channel *channel, struct event *events, int room)
{
	struct line *line = channel->state;
	char buffer[BUFFER_BYTES];
	int count = 0;

	if (!stream_ready(channel, &line->stream, events, room, &count))
		return count;
	while (count < room - EVENTS_MARGIN) {
		size_t want = bytes_for(channel, line, (size_t)(room - EVENTS_MARGIN - count));
		struct stream_read read = stream_read(channel, &line->stream, buffer, want);

		if (read.got == -EAGAIN || read.got == -EINTR)
			break;
		if (read.got <= 0)
			return count + stream_ended(events + count, (int)read.got);
		count += take_bytes(channel, line, buffer, &read, events + count);
		if (read.whole || (count > 0 && events[count - 1].kind == EVENT_ENDED))
			break;
	}
	return count;
}

/* --- the kind --- */

struct asking {
	struct line line;
	uint8_t *request;
};

static size_t length_of(const char *text)
{
	return text ? strlen(text) : 0;
}

static size_t size(const struct probe_options *options)
{
	return length_of(options->send) + sizeof(line_end);
}

static bool begins_as_expected(const struct channel *channel, const char *line, size_t length)
{
	size_t expected = length_of(channel->options->expect);

	return expected == 0 ||
	       (length >= expected && memcmp(line, channel->options->expect, expected) == 0);
}

static int open_channel(struct channel *channel, const struct address *to, struct mono *called,
                        struct err *err)
{
	struct asking *asking = channel->state;
	size_t length = length_of(channel->options->send);
	struct line_terms terms = {
		.request_bytes = size(channel->options),
		.least = length_of(channel->options->expect) + 1,
		.most = LINE_MOST - 1,
		.judge = begins_as_expected,
	};

	(void)err;
	terms.request = asking->request = malloc(terms.request_bytes);
	if (!asking->request)
		return -ENOMEM;
	if (length > 0)
		memcpy(asking->request, channel->options->send, length);
	memcpy(asking->request + length, line_end, sizeof(line_end));
	return line_open(channel, &asking->line, to, called, &terms);
}

static void close_channel(struct channel *channel)
{
	struct asking *asking = channel->state;

	free(asking->request);
	asking->request = NULL;
	line_close(channel);
}

static int check_text(const char *option, const char *text, size_t most, struct err *err)
{
	if (length_of(text) > most)
		return err_set(err, -EINVAL, "'%s' takes at most %zu bytes, and '%s' is longer",
		               option, most, quote(text).text);
	if (text && strpbrk(text, "\r\n"))
		return err_set(err, -EINVAL, "'%s' takes one line, and '%s' is more", option,
		               quote(text).text);
	return 0;
}

static int check(const struct probe_options *options, struct err *err)
{
	if (!options->send)
		return err_set(err, -EINVAL, "'%s' needs a text to ask with (--send TEXT)",
		               probe_line.name);
	int result = check_text("--send", options->send, LINE_MOST - sizeof(line_end), err);

	return result < 0 ? result : check_text("--expect", options->expect, LINE_HEAD, err);
}

const struct probe_ops probe_line = {
	.name = "line",
	.help = "a line of your own, answered by a line: --send, --expect",
	.asks_by = "lines",
	.port_needed = true,
	.worded = true,
	.scope = CHANNEL_PER_TARGET,
	.key_bits = 32,
	.state_size = sizeof(struct asking),
	.size = size,
	.check = check,
	.open = open_channel,
	.send = line_send,
	.heard = line_heard,
	.close = close_channel,
};
