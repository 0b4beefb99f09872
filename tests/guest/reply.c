// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Formats replies; every value we send is a number or one of our own words, so nothing is escaped.
 */
#include "reply.h"

#include <stdarg.h>
#include <stdio.h>

void reply_begin(struct reply *r, const char *id, int ok)
{
	r->len = 0;
	reply_add(r, "{\"id\":\"%s\",\"ok\":%s,", id, ok ? "true" : "false");
}

void reply_add(struct reply *r, const char *format, ...)
{
	va_list args;
	int n;

	if (r->len >= sizeof(r->text))
		return;
	va_start(args, format);
	n = vsnprintf(r->text + r->len, sizeof(r->text) - r->len, format, args);
	va_end(args);
	r->len = n < 0 ? sizeof(r->text) : r->len + (size_t)n;
}

void reply_send(struct reply *r, struct port *port)
{
	if (r->len + 2 > sizeof(r->text)) {
		static const char too_long[] = "{\"ok\":false,\"error\":\"reply too long\"}\n";

		port_write(port, too_long, sizeof(too_long) - 1);
		return;
	}
	r->text[r->len - 1] = '}'; /* in place of the last comma */
	r->text[r->len++] = '\n';
	port_write(port, r->text, r->len);
}

void reply_error(struct port *port, const char *id, const char *message)
{
	struct reply r;

	reply_begin(&r, id, 0);
	reply_add(&r, "\"error\":\"%s\",", message);
	reply_send(&r, port);
}
