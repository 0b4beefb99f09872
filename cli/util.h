/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small things every file of the CLI may use: owned pointers and array sizes. */
#ifndef CTL_UTIL_H
#define CTL_UTIL_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <systemd/sd-bus.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _cleanup_free_ _cleanup_(ctl_freep)
#define _cleanup_fclose_ _cleanup_(ctl_fclosep)
#define _cleanup_message_ _cleanup_(sd_bus_message_unrefp)
#define _cleanup_error_ _cleanup_(sd_bus_error_free)

static inline void ctl_freep(void *p)
{
	free(*(void **)p);
}

static inline void ctl_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

#endif
