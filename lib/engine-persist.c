// SPDX-License-Identifier: LGPL-2.1-or-later
/* Policies that are written into guests' definitions, and what then becomes of them. */
#include <errno.h>
#include <string.h>

#include "engine-internal.h"

#include "base/num.h"
#include "base/str.h"
#include "configuration.h"
#include "model/policy.h"

/* libvirt tells of a change at once; if it was changed again since, this is never seen. */
#define SEEN_NS (5 * NSEC_PER_SEC)

/* As it will be, if all goes well; libvirt's thread looks again at what stands there. */
static int check_change(const struct kvmb_engine *e, const struct kvmb_engine_guest *g,
			const struct kvmb_policy_change *change, char **ret_error)
{
	const struct kvmb_guest_sample *s = kvmb_sample_find_name(e->sample, g->name);
	const struct kvmb_state_guest *state = kvmb_state_find(e->state, g->uuid);
	struct kvmb_policy metadata, runtime = {};
	const struct kvmb_policy_trial trial = { &metadata, &runtime, KVMB_UNCOUNTED_METADATA };

	if (!s) /* it went with the newest sample */
		return -ENOENT;
	metadata = s->metadata;
	if (state)
		runtime = state->runtime;
	kvmb_policy_unset(&runtime, change->values.set | change->unset);
	kvmb_policy_unset(&metadata, change->unset);
	kvmb_policy_overlay(&metadata, &change->values, KVMB_POLICY_METADATA);
	return kvmb_engine_try_policy(e, g, &trial, ret_error);
}

int kvmb_engine_persist_policy(struct kvmb_engine *e, const char *name,
			       const struct kvmb_policy_change *change, char **ret_error)
{
	struct kvmb_engine_guest *g = kvmb_engine_find(e, name);
	int r;

	if (!g)
		return -ENOENT;
	if (e->dry_run)
		return -EROFS;
	if (!e->config->host.metadata)
		return -EPERM;
	if (change->values.set & change->unset)
		return kvmb_explain(-EINVAL, ret_error,
				    "a value cannot be both written and taken away");
	r = check_change(e, g, change, ret_error);
	if (r >= 0)
		r = kvmb_metadata_writer_submit(e->metadata, g->uuid, change);
	if (r >= 0)
		g->persist_asked |= change->values.set | change->unset;
	return r;
}

static struct kvmb_engine_guest *find_uuid(const struct kvmb_engine *e, const char *uuid)
{
	for (size_t i = 0; i < e->n_guests; i++)
		if (streq(e->guests[i]->uuid, uuid))
			return e->guests[i];
	return NULL;
}

static void note_written(struct kvmb_engine_guest *g, const struct kvmb_policy_change *c)
{
	kvmb_policy_unset(&g->persisted, c->unset);
	kvmb_policy_overlay(&g->persisted, &c->values, KVMB_POLICY_METADATA);
	g->persisted_fields |= (c->values.set | c->unset) & g->persist_asked;
}

static void tell(struct kvmb_engine *e, uint64_t cookie, int error, const char *text)
{
	const struct kvmb_persist answer = { .cookie = cookie, .error = error, .text = text };

	if (e->callbacks.persisted)
		e->callbacks.persisted(e->userdata, &answer);
}

/* Without memory for it nobody waits: what was asked for is done, it only cannot be seen yet. */
static void wait_for_sample(struct kvmb_engine *e, const struct kvmb_metadata_order *o,
			    uint64_t now_ns)
{
	struct kvmb_persist_wait *w;

	if (kvmb_grow(&e->persist_waits, e->n_persist_waits, sizeof(*w)) < 0) {
		tell(e, o->change.cookie, 0, "");
		return;
	}
	w = &e->persist_waits[e->n_persist_waits++];
	*w = (struct kvmb_persist_wait){ .change = o->change, .until_ns = now_ns + SEEN_NS };
	(void)kvmb_str_copy(w->uuid, sizeof(w->uuid), o->uuid);
}

int kvmb_engine_take_persisted(struct kvmb_engine *e, uint64_t now_ns)
{
	struct kvmb_metadata_order o;
	int r = 0;

	while (kvmb_metadata_writer_next(e->metadata, &o)) {
		struct kvmb_engine_guest *g = find_uuid(e, o.uuid);

		if (o.error < 0) {
			tell(e, o.change.cookie, o.error, o.text);
			continue;
		}
		if (g)
			note_written(g, &o.change);
		wait_for_sample(e, &o, now_ns);
		r = KVMB_DISPATCH_TICK; /* libvirt may have told of it before */
	}
	return r;
}

static bool can_be_seen(const struct kvmb_engine *e, const struct kvmb_persist_wait *w)
{
	const struct kvmb_policy_change *c = &w->change;

	for (size_t i = 0; i < e->sample->n_guests; i++)
		if (streq(e->sample->guests[i].uuid, w->uuid))
			return kvmb_policy_agrees(&e->sample->guests[i].metadata, &c->values,
						  c->values.set | c->unset);
	return true; /* it is gone, and nothing of it will be seen */
}

void kvmb_engine_tell_persisted(struct kvmb_engine *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n_persist_waits; i++) {
		const struct kvmb_persist_wait w = e->persist_waits[i];

		if (can_be_seen(e, &w) || e->sample->now_ns >= w.until_ns)
			tell(e, w.change.cookie, 0, "");
		else
			e->persist_waits[n++] = w;
	}
	e->n_persist_waits = n;
}

/*
 * Only when the sample has the new values: between a value at run time that is gone and one that
 * has not come yet, the guest would be without either.
 */
void kvmb_engine_settle(struct kvmb_engine *e, const struct kvmb_sample *sample)
{
	for (size_t i = 0; i < e->n_guests; i++) {
		struct kvmb_engine_guest *g = e->guests[i];
		const struct kvmb_guest_sample *s;

		if (!g->persisted_fields)
			continue;
		s = kvmb_sample_find_name(sample, g->name);
		if (!s || !streq(s->uuid, g->uuid) ||
		    !kvmb_policy_agrees(&s->metadata, &g->persisted, g->persisted_fields))
			continue;
		if (e->config->host.metadata)
			kvmb_state_drop_runtime(e->state, g->uuid, g->persisted_fields);
		g->persist_asked &= ~g->persisted_fields;
		g->persisted_fields = 0;
	}
}

bool kvmb_engine_metadata_changed(const struct kvmb_engine *e,
				  const struct kvmb_guest_sample *guests, size_t n)
{
	for (size_t i = 0; e->sample && e->sample->n_guests == n && i < n; i++) {
		const struct kvmb_guest_sample *was = &e->sample->guests[i];

		if (!streq(was->metadata_error, guests[i].metadata_error) ||
		    !kvmb_policy_agrees(&was->metadata, &guests[i].metadata,
					(1U << KVMB_FIELDS) - 1))
			return true;
	}
	return false;
}
