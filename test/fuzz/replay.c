/* SPDX-License-Identifier: MIT */
/* replay -- calls a fuzzer for every file of its corpus: a normal test, without clang.
 *
 * usage: fuzz_NAME CORPUS... (directories); exit status 0 when all went well and there was one. */
#include <dirent.h>
#include <stdio.h>

#include "fuzz/fuzz.h"

enum { INPUT_MAX = 1 << 20 };

/* False when the file cannot be read whole. */
static bool replay_file(const char *path)
{
	uint8_t *data = malloc(INPUT_MAX);
	FILE *file = fopen(path, "rb");

	if (!file || !data) {
		(void)fprintf(stderr, "replay: cannot read '%s'\n", path);
		free(data);
		return false;
	}
	size_t size = fread(data, 1, INPUT_MAX, file);
	bool whole = feof(file) && !ferror(file);

	(void)fclose(file);
	if (whole) {
		uint8_t *exact = copy_of(data, size);

		(void)LLVMFuzzerTestOneInput(exact, size);
		free(exact);
	}
	free(data);
	return whole;
}

/* How many files were replayed, in the order of their names; -1 when one could not be. */
static int replay_directory(const char *directory)
{
	struct dirent **entries = NULL;
	int found = scandir(directory, &entries, NULL, alphasort), replayed = 0;

	for (int i = 0; i < found; i++) {
		char path[4096];

		(void)snprintf(path, sizeof(path), "%.2000s/%.255s", directory,
		               entries[i]->d_name);
		if (entries[i]->d_name[0] != '.' && replayed >= 0)
			replayed = replay_file(path) ? replayed + 1 : -1;
		free(entries[i]);
	}
	free(entries);
	return found < 0 ? -1 : replayed;
}

int main(int argc, char **argv)
{
	int replayed = 0;

	for (int i = 1; i < argc; i++) {
		int count = replay_directory(argv[i]);

		if (count <= 0) {
			(void)fprintf(stderr, "replay: no corpus in '%s'\n", argv[i]);
			return 1;
		}
		replayed += count;
	}
	(void)printf("%d inputs replayed\n", replayed);
	return replayed > 0 ? 0 : 1;
}
