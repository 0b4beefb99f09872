/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file with a text and a mode, for tests; ends the test where it fails. */
#ifndef KVMB_TEST_PUT_FILE_H
#define KVMB_TEST_PUT_FILE_H

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static inline void put_file(const char *path, const char *text, mode_t mode)
{
	FILE *f;

	(void)unlink(path); /* one that is there may not be ours to write */
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

#endif
