/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inih, wrapped: sections and key=value lines of an INI text, each with its line number.
 */
#ifndef KVMB_WRAP_INI_H
#define KVMB_WRAP_INI_H

struct kvmb_ini_pair {
	const char *section; /* "" before the first section */
	const char *key;
	const char *value;
	unsigned int line;
};

/* Called in the order of the text; a negative return stops the parser and becomes its result. */
struct kvmb_ini_ops {
	int (*section)(void *ctx, const char *section, unsigned int line);
	int (*pair)(void *ctx, const struct kvmb_ini_pair *pair);
};

/* A fault of the text itself. */
struct kvmb_ini_fault {
	unsigned int line;
	const char *what; /* "what, what is allowed"; static */
};

/**
 * kvmb_ini_parse() - comments start with ';' or '#'; no continuation lines; blanks around are cut
 * @ret_fault: set on -EBADMSG only, when it is from here and not from a callback
 * Return: 0, what a callback returned, -EBADMSG for a line that is no INI, -ENOMEM.
 */
int kvmb_ini_parse(const char *text, const struct kvmb_ini_ops *ops, void *ctx,
		   struct kvmb_ini_fault *ret_fault);

#endif
