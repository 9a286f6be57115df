/* SPDX-License-Identifier: MIT */
#include "report/load_steps.h"

#include "base/text.h"
#include "report/record.h"

/* No fraction of a request that is one of hundreds. */
static int digits_of(double rate)
{
	return rate >= 100 ? 0 : 2;
}

void load_find_print(FILE *out, const char *wish)
{
	(void)fprintf(out, "looking for the highest rate that keeps '%s', step by step\n",
	              quote(wish).text);
	(void)fflush(out);
}

void load_step_print(FILE *out, const struct load_step *step)
{
	double rate = step->search->rate;

	(void)fprintf(out, "step %u: %.*f/s%s %s (%s)%s\n", step->search->steps + 1,
	              digits_of(rate), rate, step->search->confirming ? ", once more," : "",
	              step->held ? "holds" : "fails", step->finding,
	              step->result->generator.bottleneck ? "; the generator was the bottleneck"
	                                                 : "");
	(void)fflush(out);
}

void load_step_json(struct output *output, const struct load_step *step)
{
	struct wall now = clock_wall();
	struct json_t *record;

	record_await(output, now);
	record = record_new("load_step", now, step->target, NULL);
	record_count(record, "step", step->search->steps + 1);
	record_real(record, "rate", step->search->rate);
	record_flag(record, "again", step->search->confirming);
	record_flag(record, "held", step->held);
	record_text(record, "finding", step->finding);
	record_real(record, "answers_rate", load_result_rate(step->result));
	record_flag(record, "bottleneck", step->result->generator.bottleneck);
	record_write(record, output);
}

void load_found_print(FILE *out, const struct load_search *search, const char *wish,
                      bool hindered)
{
	double held = search->held, failed = search->failed;

	if (held > 0)
		(void)fprintf(out, "\nhighest rate that kept '%s': %.*f/s", quote(wish).text,
		              digits_of(held), held);
	else
		(void)fprintf(out, "\nno rate kept '%s'", quote(wish).text);
	if (failed > 0)
		(void)fprintf(out, " (%.*f/s did not)", digits_of(failed), failed);
	(void)fprintf(out, ", after %u steps%s\n", search->steps,
	              search->finished ? "" : ", not to the end");
	if (hindered)
		(void)fputs("the generator was the bottleneck where it failed: the server may "
		            "well keep it at more\n",
		            out);
}

void load_found_json(struct output *output, const struct load_search *search,
                     const char *target, const char *wish, bool hindered)
{
	struct wall now = clock_wall();
	struct json_t *record;

	record_await(output, now);
	record = record_new("load_found", now, target, NULL);
	record_text(record, "wish", wish);
	if (search->held > 0)
		record_real(record, "rate", search->held);
	if (search->failed > 0)
		record_real(record, "failed_rate", search->failed);
	record_count(record, "steps", search->steps);
	record_flag(record, "finished", search->finished);
	record_flag(record, "bottleneck", hindered);
	record_write(record, output);
}
