// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the alarm says: what is missing, and why each guest gives nothing. */
#include <inttypes.h>
#include <string.h>

#include "engine-internal.h"

#include "base/num.h"
#include "base/str.h"

/* As many as a reader takes in; `explain` has them all. */
#define NAMED_MAX 8

/* A guest's refusals are not side by side: the one of it as a whole counts, else the first. */
static const struct kvmb_refusal *refusal_of(const struct kvmb_plan *plan, const char *name)
{
	const struct kvmb_refusal *found = NULL;

	for (size_t i = 0; i < plan->n_refusals; i++) {
		const struct kvmb_refusal *r = &plan->refusals[i];

		if (!streq(r->name, name))
			continue;
		if (r->kind == KVMB_ACTION_KINDS)
			return r;
		found = found ?: r;
	}
	return found;
}

static int append_guests(const struct kvmb_engine *e, char **text)
{
	size_t n = e->sample->n_guests, named = u64_min(n, NAMED_MAX);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < named; i++) {
		const char *name = e->sample->guests[i].name;
		const struct kvmb_refusal *refusal = refusal_of(e->plan, name);

		r = kvmb_str_append(text, "; %s: %s", name,
				    kvmb_why_to_string(refusal ? refusal->why :
								 KVMB_WHY_TOO_SMALL));
	}
	if (r >= 0 && n > named)
		r = kvmb_str_append(text, "; and %zu more", n - named);
	return r;
}

static int write_alarm(const struct kvmb_engine *e, char **text)
{
	int r = kvmb_str_append(text, "%" PRIu64 " MiB are missing, and nothing is left to take",
				e->plan->need_bytes / MIB);

	if (r < 0)
		return r;
	if (!e->sample->guests_valid)
		return kvmb_str_append(text, ": libvirt does not tell the guests");
	return append_guests(e, text);
}

/* Once, as it was raised: a text that changed with each tick would be news each time. */
void kvmb_engine_alarm(struct kvmb_engine *e)
{
	_cleanup_free_ char *text = NULL;

	if (!e->state->alarm || !e->plan) {
		free(e->alarm);
		e->alarm = NULL;
	} else if (!e->alarm && write_alarm(e, &text) >= 0) {
		e->alarm = TAKE_PTR(text);
	}
}
