/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of a trace: kvm-balloonsim(1) documents the format. Pure. */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include <stddef.h>
#include <stdint.h>

#define TRACE_HEADER "time,vm,provisioned,used"
#define TRACE_LINE_SIZE 512 /* the longest name and three numbers fit */

struct trace_line {
	uint64_t time_sec;
	const char *name; /* in the text; not terminated */
	size_t name_length;
	uint64_t provisioned_bytes;
	uint64_t used_bytes;
};

/**
 * trace_parse() - @text is a line without its newline
 * Return: 1, 0 for a line that says nothing (empty, a comment, the header), or -EBADMSG with
 * *ret_why set to a constant text.
 */
int trace_parse(const char *text, struct trace_line *ret, const char **ret_why);

#endif
