/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts one JSON reply line together. */
#ifndef KVMB_GUEST_REPLY_H
#define KVMB_GUEST_REPLY_H

#include <stddef.h>

#include "port.h"

#define REPLY_MAX    2048
#define REPLY_ID_MAX 32

/** struct reply - the text so far; too long a reply is cut and sent as an error by reply_send() */
struct reply {
	char text[REPLY_MAX];
	size_t len;
};

/** reply_begin() - start with the id of the command (may be empty) and its outcome */
void reply_begin(struct reply *r, const char *id, int ok);

/** reply_add() - append members, written by the caller as JSON: `"name":%u,` with the comma */
void reply_add(struct reply *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** reply_send() - close the object and send the line */
void reply_send(struct reply *r, struct port *port);

/** reply_error() - send a refusal; @message must need no escaping */
void reply_error(struct port *port, const char *id, const char *message);

#endif
