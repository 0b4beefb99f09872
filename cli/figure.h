/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers as people read them. "-" is what is not known. No floats. */
#ifndef CTL_FIGURE_H
#define CTL_FIGURE_H

#include <stdint.h>

#define FIGURE_UNKNOWN_RATIO UINT32_MAX
#define FIGURE_UNKNOWN_NET INT64_MIN

/* Holds any figure below. */
struct figure {
	char text[32];
};

/** figure_size() - "512 MiB", "1.5 GiB"; at most 8 columns below 1 EiB */
struct figure figure_size(uint64_t bytes);
/** figure_net() - the same with a sign where it is negative */
struct figure figure_net(int64_t bytes);
/** figure_short() - "512M", "1.5G": at most 4 columns */
struct figure figure_short(uint64_t bytes);
/** figure_count() - "12", "1234", "12k", "3M": at most @columns (4 or more) columns */
struct figure figure_count(uint64_t n, int columns);
/** figure_ratio() - "0.0", "12.3", "100" of permyriad, in percent: at most 4 columns */
struct figure figure_ratio(uint32_t permyriad);
/** figure_times() - "1.87" of permyriad */
struct figure figure_times(uint32_t permyriad);
/** figure_used() - what is not left of a total; UINT64_MAX where that cannot be known */
static inline uint64_t figure_used(uint64_t total, uint64_t left)
{
	return total == UINT64_MAX || left > total ? UINT64_MAX : total - left;
}
/** figure_usec() - "350 ms", "2.5 s", "3 min", "4 h", "2 d" */
struct figure figure_usec(uint64_t usec);

#endif
