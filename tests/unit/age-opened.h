/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening a source of ages, for tests of each of them. */
#ifndef KVMB_TESTS_AGE_OPENED_H
#define KVMB_TESTS_AGE_OPENED_H

#include <string.h>

#include "source/age-source.h"

/** age_opened() - the handle; @why: KVMB_TEXT_SIZE bytes for what it says */
static inline void *age_opened(const struct kvmb_age_source_ops *ops,
			       const struct kvmb_age_target *t, uint64_t period_usec, char *why)
{
	void *handle = NULL;
	int r = ops->open(t, period_usec, &handle, why);

	if (r < 0)
		fail_msg("open: %d, %s", r, why);
	return handle;
}

/** assert_age_refused() - with this error; what it says afterwards is the caller's to look at */
static inline void assert_age_refused(const struct kvmb_age_source_ops *ops,
				      const struct kvmb_age_target *t, uint64_t period_usec,
				      int error, char *why)
{
	void *handle = NULL;

	why[0] = '\0';
	assert_int_equal(ops->open(t, period_usec, &handle, why), error);
	assert_null(handle);
}

/** assert_says() - @part is in what it said */
static inline void assert_says(const char *why, const char *part)
{
	if (!strstr(why, part))
		fail_msg("it says '%s', not '%s'", why, part);
}

#endif
