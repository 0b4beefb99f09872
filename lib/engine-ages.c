// SPDX-License-Identifier: LGPL-2.1-or-later
/* Ages of guests' memory: into the sample, and the maps that people ask for. */
#include <errno.h>
#include <stdlib.h>

#include "engine-internal.h"

#include "base/num.h"
#include "base/str.h"
#include "model/exclude.h"
#include "model/store.h"
#include "source/age-map.h"

/* NULL where the guest is to be followed. */
static const char *why_let_go(const struct kvmb_engine *e, const struct kvmb_guest_sample *g)
{
	const struct kvmb_state_guest *state = kvmb_state_find(e->state, g->uuid);
	struct kvmb_policy policy;

	/* Who releases decides no more. */
	if (e->releasing)
		return "the agent stops";
	/* "Off" is off: the guest's memory is left alone, by the scan too. */
	kvmb_guest_policy(e->config, g, state, &policy);
	if (kvmb_guest_mode(e->config, &policy) == KVMB_MODE_OFF)
		return "its mode is off";
	return g->pid > 0 ? NULL : "its process is not known";
}

/* To a guest that stands still no time passes: it would go on with all its memory cold. */
static const char *why_not_aged(const struct kvmb_engine *e, const struct kvmb_guest_sample *g)
{
	const char *why = why_let_go(e, g);

	return g->state == KVMB_GUEST_RUNNING || e->releasing ? why : "it is not running";
}

/*
 * A pause brings nothing home, nor does a guest's sleep: whoever pauses a guest may be short of
 * memory. One that shuts down needs it no more.
 */
static enum kvmb_follow how_to_follow(const struct kvmb_engine *e,
				      const struct kvmb_guest_sample *g)
{
	if (!why_not_aged(e, g))
		return KVMB_FOLLOW_AGES;
	return g->state != KVMB_GUEST_SHUTDOWN && !why_let_go(e, g) ? KVMB_FOLLOW_STORE :
								      KVMB_FOLLOW_NOT;
}

const char *kvmb_engine_aging_reason(struct kvmb_engine *e, const struct kvmb_guest_sample *g)
{
	const char *why = g->ages.source == KVMB_AGING_NONE ? why_not_aged(e, g) : NULL;

	return why ? why : kvmb_age_watch_reason(e->ages, g->uuid);
}

int kvmb_engine_read_ages(struct kvmb_engine *e, uint64_t now_ns, struct kvmb_sample *s)
{
	_cleanup_free_ enum kvmb_follow *follow = calloc(s->n_guests + 1, sizeof(*follow));
	int r;

	if (!follow)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_guests; i++)
		follow[i] = how_to_follow(e, &s->guests[i]);
	r = kvmb_age_watch_read(e->ages, s, follow);
	/* A round may have ended after the caller looked at the clock. */
	for (size_t i = 0; i < s->n_guests; i++) {
		s->guests[i].ages.told_ns = u64_min(s->guests[i].ages.told_ns, now_ns);
		kvmb_store_discount(&s->guests[i]);
	}
	return r;
}

int kvmb_engine_ask_map(struct kvmb_engine *e, const char *name)
{
	const struct kvmb_engine_guest *g = kvmb_engine_find(e, name);

	return g ? kvmb_age_watch_ask_map(e->ages, g->uuid) : -ENOENT;
}

static const char *name_of(const struct kvmb_engine *e, const char *uuid)
{
	for (size_t i = 0; i < e->n_guests; i++)
		if (streq(e->guests[i]->uuid, uuid))
			return e->guests[i]->name;
	return NULL;
}

void kvmb_engine_tell_maps(struct kvmb_engine *e)
{
	struct kvmb_map_answer a;

	while (kvmb_age_watch_next_map(e->ages, &a) > 0) {
		const char *name = name_of(e, a.uuid);

		/* A guest that went was told of by guest_removed. */
		if (name && e->callbacks.guest_map)
			e->callbacks.guest_map(e->userdata, name, a.map, a.error);
		(void)kvmb_map_free(a.map);
	}
}
