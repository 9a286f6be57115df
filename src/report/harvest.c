/* SPDX-License-Identifier: MIT */
#include "report/harvest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { CROPS_AT_FIRST = 8, COURSE_LEAST = 2 };

static bool holds(const struct harvest *harvest, size_t i, const char *target)
{
	return i < harvest->count && strcmp(harvest->crops[i].target, target) == 0;
}

const struct crop *harvest_find(const struct harvest *harvest, const char *target)
{
	for (size_t k = 0; k < harvest->count; k++) {
		size_t i = (harvest->next + k) % harvest->count;

		if (holds(harvest, i, target))
			return &harvest->crops[i];
	}
	return NULL;
}

static int make_room(struct harvest *harvest)
{
	size_t room = harvest->room ? harvest->room * 2 : CROPS_AT_FIRST;

	if (harvest->count < harvest->room)
		return 0;
	struct crop *crops = reallocarray(harvest->crops, room, sizeof(*crops));

	if (!crops)
		return -ENOMEM;
	harvest->crops = crops;
	harvest->room = room;
	return 0;
}

static int add(struct harvest *harvest, const char *target, struct err *err)
{
	if (harvest->count == HARVEST_TARGETS_MAX)
		return err_set(err, -ERANGE, "'%s' is one target too many (at most %d)",
		               quote(target).text, HARVEST_TARGETS_MAX);
	char *name = strdup(target);

	if (!name || make_room(harvest) < 0) {
		free(name);
		return err_set(err, -ENOMEM, "out of memory");
	}
	struct crop *crop = &harvest->crops[harvest->count++];

	*crop = (struct crop){ .target = name };
	course_init(&crop->course);
	return 0;
}

static int find_or_add(struct harvest *harvest, const char *target, struct crop **out,
                       struct err *err)
{
	const struct crop *found = harvest_find(harvest, target);
	size_t i = found ? (size_t)(found - harvest->crops) : harvest->count;
	int result = found ? 0 : add(harvest, target, err);

	if (result < 0)
		return result;
	harvest->next = i + 1;
	*out = &harvest->crops[i];
	return 0;
}

/* No sum of what files say comes round to nothing. */
static void add_count(uint64_t *sum, uint64_t more)
{
	const uint64_t most = UINT64_C(1) << 63;

	*sum = count_least(*sum + count_least(more, most - 1), most);
}

/* The run under way is over, and this is what came of it. */
static void settle(struct crop *crop, const struct crop_run *run)
{
	add_count(&crop->losses.lost, run->lost);
	add_count(&crop->losses.settled, run->answered + run->lost);
	add_count(&crop->losses.runs, run->loss_runs);
	crop->run = (struct crop_run){ 0 };
}

static uint64_t take_off(uint64_t from, uint64_t what)
{
	return from > what ? from - what : 0;
}

/* The first second waits for what the summary knows beyond the others.  Lost requests are told of when their
 * time-out is over, so the first has too few of them, and those behind the last are what it lacks. */
static struct stretches fates_of(const struct crop_seconds *seconds,
                                 const struct results_record *record)
{
	uint64_t answered = take_off(record->answered, seconds->answered);
	uint64_t lost = take_off(record->lost, seconds->lost);
	struct stretches fates = seconds->fates;

	if (answered + lost > 0)
		stretches_add(&fates, answered + lost,
		              (double)lost / (double)(answered + lost));
	return fates;
}

/* In what order requests were lost is known by the seconds alone. */
static void take_fates(struct crop *crop, const struct crop_seconds *seconds,
                       const struct results_record *record)
{
	struct shift_losses *losses = &crop->losses;
	struct stretches fates = fates_of(seconds, record);
	bool told = fates.number >= STRETCHES_LEAST && seconds->lost <= record->lost;

	add_count(&losses->loose_lost, record->lost);
	add_count(&losses->loose_settled, record->answered + record->lost);
	if (told)
		stretches_pool(&losses->seconds, &fates);
	losses->untold = losses->untold || (!told && record->lost > 0);
}

static void settle_as_it_is(struct crop *crop)
{
	struct crop_run run = crop->run;

	settle(crop, &run);
}

static int take_reply(struct harvest *harvest, struct crop *crop, int64_t rtt, struct err *err)
{
	bool full = harvest->values >= HARVEST_VALUES_MAX;
	size_t before = crop->course.room;

	crop->run.answered++;
	if (rtt < 0)
		return 0;
	int result = course_add(&crop->course, rtt, full ? COURSE_LEAST : COURSE_MOST);

	harvest->values += crop->course.room - before;
	return result < 0 ? err_set(err, result, "out of memory") : 0;
}

/* Losses are told in the order of their time-outs, so those in a row follow each other. */
static void take_loss(struct crop *crop, uint64_t sequence)
{
	struct crop_run *run = &crop->run;

	run->loss_runs += run->lost == 0 || sequence != run->last_lost + 1;
	run->lost++;
	run->last_lost = sequence;
}

static void take_second(struct crop_seconds *seconds, const struct results_record *record)
{
	uint64_t settled = record->answered + record->lost;

	stretches_add(&seconds->times, record->stretch, record->mean);
	if (seconds->number++ == 0 || settled == 0)
		return;
	stretches_add(&seconds->fates, settled, (double)record->lost / (double)settled);
	seconds->answered += record->answered;
	seconds->lost += record->lost;
}

/* A search tells in the end of the last step that held, or of the last one where none did. */
static void take_step(struct crop_run *run, bool held)
{
	if (held || !run->held)
		run->kept = run->seconds;
	run->seconds = (struct crop_seconds){ 0 };
	run->searching = true;
	run->held = run->held || held;
}

static const struct crop_seconds *seconds_of(const struct crop_run *run)
{
	return run->searching ? &run->kept : &run->seconds;
}

/* What order a load had is known by its seconds alone. */
static int take_histogram(struct crop *crop, const struct results_record *record,
                          struct err *err)
{
	struct course_counts counts = record->counts;

	counts.stretches = record->of_load ? &seconds_of(&crop->run)->times : NULL;
	int result = course_add_counts(&crop->course, &counts);

	if (result == -ENOMEM)
		return err_set(err, result, "out of memory");
	return result < 0 ? err_set(err, -EBADMSG,
	                            "'histogram' cannot be: it has buckets that "
	                            "do not exist, or holds too many")
	                  : 0;
}

static int take_summary(struct crop *crop, const struct results_record *record, struct err *err)
{
	bool in_order = crop->run.answered > 0 && !record->of_load;
	struct crop_run run = {
		.answered = record->answered,
		.lost = record->lost,
		.loss_runs = record->loss_runs,
	};
	int result = 0;

	if (record->counted && !in_order)
		result = take_histogram(crop, record, err);
	if (record->of_load)
		take_fates(crop, seconds_of(&crop->run), record);
	settle(crop, &run);
	crop->uncorrected = crop->uncorrected || record->uncorrected;
	return result;
}

int harvest_take(struct harvest *harvest, const struct results_record *record, struct err *err)
{
	struct crop *crop = NULL;

	if (record->type == RESULTS_OTHER)
		return 0;
	int result = find_or_add(harvest, record->target, &crop, err);

	if (result < 0)
		return result;
	switch (record->type) {
	case RESULTS_OTHER:
		break;
	case RESULTS_START:
		settle_as_it_is(crop);
		break;
	case RESULTS_REPLY:
		return take_reply(harvest, crop, record->rtt, err);
	case RESULTS_LOSS:
		take_loss(crop, record->sequence);
		break;
	case RESULTS_STRETCH:
		take_second(&crop->run.seconds, record);
		break;
	case RESULTS_STEP:
		take_step(&crop->run, record->held);
		break;
	case RESULTS_SUMMARY:
		return take_summary(crop, record, err);
	}
	return 0;
}

void harvest_end(struct harvest *harvest)
{
	for (size_t i = 0; i < harvest->count; i++)
		settle_as_it_is(&harvest->crops[i]);
	harvest->next = 0;
}

void harvest_done(struct harvest *harvest)
{
	for (size_t i = 0; i < harvest->count; i++) {
		free(harvest->crops[i].target);
		course_done(&harvest->crops[i].course);
	}
	free(harvest->crops);
	*harvest = (struct harvest){ 0 };
}
