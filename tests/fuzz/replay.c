/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main() of a fuzz target where no fuzzer is linked: runs it over its corpus, a TAP line per file.
 *
 * Called without arguments it takes the folder corpus/NAME of the sources, NAME being what follows
 * "fuzz-" in the program's own name; else the files that are given.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/str.h"
#include "fuzz.h"

static int replay(const char *path, const char *name, unsigned int n)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = kvmb_read_alloc_at(AT_FDCWD, path, 1 << 24, &text, &len);

	if (r < 0) {
		printf("not ok %u - %s: %s\n", n, name, strerror(-r));
		return 1;
	}
	(void)LLVMFuzzerTestOneInput((const uint8_t *)text, len);
	printf("ok %u - %s\n", n, name);
	return 0;
}

static int skip_hidden(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static const char *target(const char *argv0)
{
	const char *slash = strrchr(argv0, '/'), *name = slash ? slash + 1 : argv0;
	const char *tail = kvmb_str_skip(name, "lt-"); /* libtool's */

	tail = kvmb_str_skip(tail ? tail : name, "fuzz-");
	return tail ? tail : name;
}

static int replay_corpus(const char *name)
{
	const char *top = getenv("top_srcdir");
	_cleanup_free_ char *folder = NULL;
	struct dirent **files;
	int n, failed = 0;

	if (kvmb_asprintf(&folder, "%s/tests/fuzz/corpus/%s", top ? top : ".", name) < 0)
		return 1;
	n = scandir(folder, &files, skip_hidden, alphasort);
	/* an empty corpus tests nothing */
	if (n <= 0) {
		printf("1..1\nnot ok 1 - %s: %s\n", folder, n < 0 ? strerror(errno) : "empty");
		return 1;
	}
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		_cleanup_free_ char *path = NULL;

		if (kvmb_asprintf(&path, "%s/%s", folder, files[i]->d_name) < 0)
			return 1;
		failed |= replay(path, files[i]->d_name, (unsigned int)i + 1);
		free(files[i]);
	}
	free(files);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;

	/* what was done is seen also when the next input aborts */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2)
		return replay_corpus(target(argv[0]));
	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i], argv[i], (unsigned int)i);
	return failed;
}
