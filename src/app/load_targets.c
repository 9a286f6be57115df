/* SPDX-License-Identifier: MIT */
#include "app/load_targets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/trial.h"
#include "base/text.h"

/* --- reading --- */

static int add(struct load_targets *targets, const struct load_options *options,
               const char *word, struct err *err)
{
	struct ping_targets *given = &targets->given;

	if (given->count == LOAD_TARGETS_MAX)
		return err_set(err, -E2BIG, "'%s' is one target too many (at most %d)",
		               quote(word).text, LOAD_TARGETS_MAX);
	int result = ping_targets_add(given, &options->ask, word, NULL, err);

	if (result < 0)
		return result;
	return load_options_check(options, ping_targets_at(given, given->count - 1).ops, err);
}

/* Their names, as a person should see them. */
static int join_names(struct load_targets *targets)
{
	size_t length = 1, at = 0;

	for (size_t i = 0; i < targets->given.count; i++)
		length += strlen(ping_targets_at(&targets->given, i).name) + 1;
	targets->names = malloc(length);
	if (!targets->names)
		return -ENOMEM;
	for (size_t i = 0; i < targets->given.count; i++) {
		const char *name = ping_targets_at(&targets->given, i).name;

		memcpy(targets->names + at, name, strlen(name));
		at += strlen(name);
		targets->names[at++] = ' ';
	}
	targets->names[at > 0 ? at - 1 : 0] = '\0';
	return 0;
}

int load_targets_read(struct load_targets *targets, const struct load_options *options,
                      int words, char **argv, struct err *err)
{
	int result = 0;

	for (int i = 0; i < words && result == 0; i++)
		result = add(targets, options, argv[i], err);
	if (words == 0 && !options->ask.host && !options->ask.kind)
		return err_set(err, -EINVAL, "no target given (see 'sounder load --help')");
	if (words == 0)
		result = add(targets, options, NULL, err);
	if (result == 0)
		result = ping_targets_check(&targets->given, &options->ask, err);
	if (result < 0)
		return result;
	result = join_names(targets);
	return result < 0 ? err_set(err, result, "out of memory") : 0;
}

void load_targets_done(struct load_targets *targets)
{
	ping_targets_done(&targets->given);
	free(targets->names);
	*targets = (struct load_targets){ 0 };
}

/* --- finding --- */

/* Where none answers the first is as good as any other. */
static struct address choose(const struct load_options *options,
                             const struct ping_target *target, struct resolver_answer *found)
{
	for (uint32_t i = 0; i < found->count; i++)
		address_set_port(&found->addresses[i], target->port);
	for (uint32_t i = 0; i < found->count && found->count > 1; i++)
		if (trial_answers(target->ops, &options->probe[0], &found->addresses[i]))
			return found->addresses[i];
	return found->addresses[0];
}

int load_targets_find(struct load_targets *targets, const struct load_options *options,
                      struct err *err)
{
	for (size_t i = 0; i < targets->given.count; i++) {
		struct ping_target target = ping_targets_at(&targets->given, i);
		struct resolver_answer found;
		int result = trial_resolve(ping_target_host(&target).text, options->ask.family,
		                           &found, err);

		if (result < 0)
			return result;
		targets->items[targets->count++] = (struct load_target){
			.ops = target.ops,
			.address = choose(options, &target, &found),
		};
	}
	return 0;
}
