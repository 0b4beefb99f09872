/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every file of the daemon needs: ownership by attribute, time, and sizes for people.
 */
#ifndef KVMB_DAEMON_UTIL_H
#define KVMB_DAEMON_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)
#define NSEC_PER_USEC UINT64_C(1000)

#define TAKE_PTR(p)                                                                                \
	({                                                                                         \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})

static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void closep(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_close_ _cleanup_(closep)

static inline bool streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

static inline uint64_t now_usec(void)
{
	return now_ns() / NSEC_PER_USEC;
}

/* Lists of strings, ended by NULL; a NULL list is an empty one. */
char **strv_free(char **list);
bool strv_equal(char *const *a, char *const *b);

static inline void strv_freep(char ***list)
{
	(void)strv_free(*list);
}

#define _cleanup_strv_free_ _cleanup_(strv_freep)

#define SIZE_TEXT_SIZE 24
/** size_text() - @bytes for people, "1.5G" or "-" if unknown, in @buf; returns @buf */
const char *size_text(char buf[static SIZE_TEXT_SIZE], uint64_t bytes);

#endif
