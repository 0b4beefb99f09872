/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manager's signal ActionDone, as monitor and top read it. */
#ifndef CTL_ACTION_H
#define CTL_ACTION_H

#include <stdint.h>

#include <systemd/sd-bus.h>

/* Texts belong to the message. */
struct action_event {
	const char *machine, *kind, *rule, *why, *reason;
	uint64_t asked_bytes, got_bytes;
	int64_t net_bytes;
	int32_t error; /* 0 or a negative errno */
};

static inline int action_read(sd_bus_message *m, struct action_event *ret)
{
	return sd_bus_message_read(m, "sssttxiss", &ret->machine, &ret->kind, &ret->rule,
				   &ret->asked_bytes, &ret->got_bytes, &ret->net_bytes, &ret->error,
				   &ret->why, &ret->reason);
}

enum action_end {
	ACTION_DONE,
	ACTION_REFUSED, /* at the last moment: why says what stood against it */
	ACTION_EARLY,   /* cancelled, for the guest needs its memory itself or the agent stops */
	ACTION_FAILED,
};

enum action_end action_end(const struct action_event *a);

#endif
