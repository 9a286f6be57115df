/* SPDX-License-Identifier: MIT */
#include "report/results.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { VERSION = 1 };

static const int64_t count_max = INT64_C(1) << 62;

/* An object, and what was wrong with a field of it. */
struct reading {
	const json_t *object;
	struct err *err;
};

static int refuse(const struct reading *reading, const char *key, const char *why)
{
	return err_set(reading->err, -EBADMSG, "'%s' %s", key, why);
}

/* An integer of [min, max]; -ENOENT, told to nobody, where there is none. */
static int read_integer(const struct reading *reading, const char *key, int64_t min,
                        int64_t max, int64_t *out)
{
	const json_t *value = json_object_get(reading->object, key);

	if (!value)
		return -ENOENT;
	if (!json_is_integer(value) || json_integer_value(value) < min ||
	    json_integer_value(value) > max)
		return refuse(reading, key, "is no number that could stand there");
	*out = json_integer_value(value);
	return 0;
}

static int read_count(const struct reading *reading, const char *key, uint64_t *out)
{
	int64_t value = 0;
	int result = read_integer(reading, key, 0, count_max, &value);

	if (result == -ENOENT)
		return refuse(reading, key, "is missing");
	*out = (uint64_t)value;
	return result;
}

static int read_optional(const struct reading *reading, const char *key, int64_t *out)
{
	int result = read_integer(reading, key, 0, count_max, out);

	return result == -ENOENT ? 0 : result;
}

/* --- histograms --- */

static int read_buckets(const struct reading *reading, struct results_record *out)
{
	const json_t *array = json_object_get(reading->object, "counts");
	size_t length = json_array_size(array);

	if (!json_is_array(array))
		return refuse(reading, "counts", "is no list");
	out->buckets = calloc(length ? length : 1, sizeof(*out->buckets));
	if (!out->buckets)
		return err_set(reading->err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < length; i++) {
		const json_t *value = json_array_get(array, i);

		if (!json_is_integer(value) || json_integer_value(value) < 0 ||
		    json_integer_value(value) > count_max)
			return refuse(reading, "counts", "holds what is no count");
		out->buckets[i] = (uint64_t)json_integer_value(value);
		out->counted = out->counted || out->buckets[i] > 0;
	}
	out->counts.counts = out->buckets;
	out->counts.length = length;
	return 0;
}

/* Whether there are such buckets, the course says to which it is given. */
static int read_histogram(const struct reading *outer, struct results_record *out)
{
	const json_t *object = json_object_get(outer->object, "histogram");
	struct reading reading = { .object = object, .err = outer->err };
	int64_t schema = HISTOGRAM_COARSEST, offset = 0;

	if (!object)
		return 0;
	int result = read_buckets(&reading, out);

	if (result == 0)
		result = read_integer(&reading, "schema", HISTOGRAM_COARSEST, HISTOGRAM_FINEST,
		                      &schema);
	if (result == 0)
		result = read_integer(&reading, "offset", INT32_MIN, INT32_MAX, &offset);
	if (result == 0)
		result = read_count(&reading, "zero", &out->counts.zero);
	if (result == -ENOENT)
		return refuse(outer, "histogram", "lacks its schema or its offset");
	out->counts.schema = (int)schema;
	out->counts.offset = (int)offset;
	out->counted = out->counted || out->counts.zero > 0;
	return result;
}

/* --- records --- */

static int read_reply(const struct reading *reading, struct results_record *out)
{
	out->rtt = -1;
	return read_optional(reading, "rtt_ns", &out->rtt);
}

static int read_loss(const struct reading *reading, struct results_record *out)
{
	return read_count(reading, "seq", &out->sequence);
}

static int read_mean(const struct reading *reading, const char *key, struct results_record *out)
{
	int64_t mean = 0;
	int result = read_integer(reading, key, 0, count_max, &mean);

	if (result == -ENOENT)
		return out->counted ? refuse(reading, key, "is missing") : 0;
	out->counts.mean = (double)mean;
	return result;
}

static int read_summary(const struct reading *reading, struct results_record *out)
{
	int64_t neighbours = -1;
	uint64_t refused = 0;
	int result = read_count(reading, "received", &out->answered);

	if (result == 0)
		result = read_count(reading, "lost", &out->lost);
	if (result == 0)
		result = read_count(reading, "refused", &refused);
	if (result == 0)
		result = read_count(reading, "loss_runs", &out->loss_runs);
	if (result == 0)
		result = read_histogram(reading, out);
	if (result == 0)
		result = read_mean(reading, "avg_ns", out);
	if (result == 0)
		result = read_optional(reading, "ipdv_avg_ns", &neighbours);
	out->lost += refused;
	out->counts.neighbours = (double)neighbours;
	return result;
}

static int read_load(const struct reading *reading, struct results_record *out)
{
	const json_t *corrected = json_object_get(reading->object, "corrected");
	const json_t *times =
		corrected ? corrected : json_object_get(reading->object, "uncorrected");
	struct reading inner = { .object = times, .err = reading->err };
	int result = read_count(reading, "answered", &out->answered);

	if (result == 0)
		result = read_count(reading, "failed", &out->lost);
	if (result == 0 && times)
		result = read_histogram(&inner, out);
	if (result == 0 && times)
		result = read_mean(&inner, "mean_ns", out);
	out->of_load = true;
	out->uncorrected = times && !corrected;
	out->counts.neighbours = -1;
	return result;
}

/* Of an open loop the corrected times, as in the summary. */
static int read_stretch(const struct reading *reading, struct results_record *out)
{
	const json_t *corrected = json_object_get(reading->object, "corrected");
	struct reading inner = {
		.object =
			corrected ? corrected : json_object_get(reading->object, "uncorrected"),
		.err = reading->err,
	};
	int64_t mean = 0, answered = 0, failed = 0;
	int result = inner.object ? read_count(&inner, "count", &out->stretch) : 0;

	if (result == 0 && out->stretch > 0)
		result = read_optional(&inner, "mean_ns", &mean);
	if (result == 0)
		result = read_optional(reading, "answered", &answered);
	if (result == 0)
		result = read_optional(reading, "failed", &failed);
	out->mean = (double)mean;
	out->answered = (uint64_t)answered;
	out->lost = (uint64_t)failed;
	return result;
}

static int read_step(const struct reading *reading, struct results_record *out)
{
	out->held = json_is_true(json_object_get(reading->object, "held"));
	return 0;
}

static int read_start(const struct reading *reading, struct results_record *out)
{
	(void)reading;
	(void)out;
	return 0;
}

static const struct kind {
	const char *word;
	enum results_type type;
	int (*read)(const struct reading *reading, struct results_record *out);
} kinds[] = {
	{ "start", RESULTS_START, read_start },
	{ "reply", RESULTS_REPLY, read_reply },
	{ "loss", RESULTS_LOSS, read_loss },
	{ "refused", RESULTS_LOSS, read_loss },
	{ "summary", RESULTS_SUMMARY, read_summary },
	{ "load_start", RESULTS_START, read_start },
	{ "load_progress", RESULTS_STRETCH, read_stretch },
	{ "load_step", RESULTS_STEP, read_step },
	{ "load_summary", RESULTS_SUMMARY, read_load },
};

static const struct kind *find_kind(const char *word)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (strcmp(word, kinds[i].word) == 0)
			return &kinds[i];
	return NULL;
}

static int read_record(struct results_record *out, struct err *err)
{
	struct reading reading = { .object = out->json, .err = err };
	const char *word = json_string_value(json_object_get(out->json, "type"));
	const struct kind *kind = word ? find_kind(word) : NULL;
	int64_t version = VERSION;

	if (!word)
		return err_set(err, -EBADMSG, "this is no record, for it has no 'type'");
	if (!kind)
		return 0;
	if (read_integer(&reading, "v", INT64_MIN, INT64_MAX, &version) == -EBADMSG ||
	    version != VERSION)
		return refuse(&reading, "v", "is not 1, the only version that is known here");
	out->target = json_string_value(json_object_get(out->json, "target"));
	if (!out->target)
		return refuse(&reading, "target", "is missing");
	out->type = kind->type;
	return kind->read(&reading, out);
}

int results_read(const char *line, size_t length, struct results_record *out,
                 bool *json_is_broken, struct err *err)
{
	json_error_t error;
	int result = -EBADMSG;

	*out = (struct results_record){ 0 };
	out->json = json_loadb(line, length, 0, &error);
	*json_is_broken = !out->json;
	if (!out->json)
		return err_set(err, -EBADMSG, "this is no JSON: '%s'",
		               quote_bytes(line, length).text);
	if (json_is_object(out->json))
		result = read_record(out, err);
	else
		(void)err_set(err, result, "this is no record: '%s'",
		              quote_bytes(line, length).text);
	if (result < 0)
		results_done(out);
	return result;
}

void results_done(struct results_record *record)
{
	free(record->buckets);
	json_decref(record->json);
	*record = (struct results_record){ 0 };
}
