/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trees of files for tests: a throw-away root of one's own, and the recorded machines below
 * tests/fixtures. Every function ends the test where it fails.
 */
#ifndef KVMB_TEST_TREE_H
#define KVMB_TEST_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* tree_new() makes the folder; the path lives until tree_free(). */
char *tree_new(void);
void tree_free(char *root);

/** tree_write() - ROOT/PATH with this text; folders are made as needed; replaces what is there */
void tree_write(const char *root, const char *path, const char *text);
void tree_mkdir(const char *root, const char *path);
void tree_link(const char *root, const char *path, const char *target);
void tree_fifo(const char *root, const char *path);
void tree_remove(const char *root, const char *path);
/** tree_read() - malloc'ed text */
char *tree_read(const char *root, const char *path);

/** tree_fixture() - path of tests/fixtures/NAME; free() it */
char *tree_fixture(const char *name);

/* The scope of a guest in a tree: all memory files with plausible figures. */
#define TREE_SCOPE(id, name) "machine.slice/machine-qemu\\x2d" #id "\\x2d" name ".scope"
void tree_write_scope(const char *root, const char *scope, uint64_t current_bytes);
/** tree_write_host() - meminfo, vmstat, swaps, pressure and the cgroup mount's own files */
void tree_write_host(const char *root);

/** count_fds() - open descriptors of this process */
size_t count_fds(void);

/** now_ms() - CLOCK_MONOTONIC */
uint64_t now_ms(void);

/* WAIT_FOR: until @condition holds; the test fails after a generous deadline. */
#define WAIT_DEADLINE_MS 30000
#define WAIT_FOR(condition)                                                                        \
	do {                                                                                       \
		uint64_t wait_end_ = now_ms() + WAIT_DEADLINE_MS;                                  \
		while (!(condition)) {                                                             \
			if (now_ms() > wait_end_)                                                  \
				fail_msg("timed out: %s", #condition);                             \
			pause_ms(2);                                                               \
		}                                                                                  \
	} while (0)
void pause_ms(unsigned int ms);

/* SKIP_TEST: the reason goes to the log as a TAP comment, for cmocka's skip() takes none. */
#define SKIP_TEST(reason)                                                                          \
	do {                                                                                       \
		print_message("# skipped: %s\n", reason);                                          \
		skip();                                                                            \
	} while (0)

#endif
