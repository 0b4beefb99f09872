/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ownership by attribute: what a variable owns is given up when it goes out of scope, on every
 * path. TAKE_PTR() and TAKE_FD() hand the ownership on.
 */
#ifndef KVMB_BASE_CLEANUP_H
#define KVMB_BASE_CLEANUP_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

/* Defines funcp() for use in _cleanup_(funcp), from a func() that takes the object. */
#define KVMB_DEFINE_CLEANUP(type, func)                                                            \
	static inline void func##p(type *p)                                                        \
	{                                                                                          \
		if (*p)                                                                            \
			(void)func(*p);                                                            \
	}                                                                                          \
	struct kvmb_swallow_semicolon

static inline void kvmb_freep(void *p)
{
	/* p is a pointer to any kind of pointer; all have one representation on our targets */
	free(*(void **)p);
}

/* close() may set errno; what failed before it is what the caller wants to know. */
static inline int kvmb_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = saved;
	return -1;
}

static inline void kvmb_closep(int *fd)
{
	(void)kvmb_close(*fd);
}

static inline void kvmb_fclosep(FILE **f)
{
	if (*f)
		(void)fclose(*f);
}

#define _cleanup_free_ _cleanup_(kvmb_freep)
#define _cleanup_close_ _cleanup_(kvmb_closep)
#define _cleanup_fclose_ _cleanup_(kvmb_fclosep)

#define TAKE_PTR(p)                                                                                \
	({                                                                                         \
		__typeof__(p) *kvmb_take_ = &(p);                                                  \
		__typeof__(p) kvmb_taken_ = *kvmb_take_;                                           \
		*kvmb_take_ = NULL;                                                                \
		kvmb_taken_;                                                                       \
	})

#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int *kvmb_take_ = &(fd);                                                           \
		int kvmb_taken_ = *kvmb_take_;                                                     \
		*kvmb_take_ = -1;                                                                  \
		kvmb_taken_;                                                                       \
	})

#endif
