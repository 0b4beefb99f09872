// SPDX-License-Identifier: LGPL-2.1-or-later
/* The policy of each guest: what is in force, what does not count, and changes at run time. */
#include <errno.h>
#include <string.h>

#include "engine-internal.h"

#include "base/str.h"
#include "configuration.h"
#include "model/policy.h"

/* What its definition says of @g's policy; NULL: nothing that can be read. */
static const struct kvmb_policy *metadata_of(const struct kvmb_engine *e, const char *name)
{
	const struct kvmb_guest_sample *s =
		e->sample ? kvmb_sample_find_name(e->sample, name) : NULL;

	return s ? &s->metadata : NULL;
}

static const struct kvmb_policy *runtime_of(const struct kvmb_engine *e, const char *uuid)
{
	const struct kvmb_state_guest *state = kvmb_state_find(e->state, uuid);

	return state ? &state->runtime : NULL;
}

static void find_error(const struct kvmb_engine *e, const struct kvmb_engine_guest *g,
		       char *ret, size_t size)
{
	const struct kvmb_guest_sample *s =
		e->sample ? kvmb_sample_find_name(e->sample, g->name) : NULL;
	_cleanup_free_ char *text = NULL;

	*ret = '\0';
	if (s && s->metadata_error[0] && e->config->host.metadata)
		kvmb_str_format(ret, size, "the metadata do not count: %s", s->metadata_error);
	else if (kvmb_config_policy_fault(e->config, g->name, metadata_of(e, g->name),
					  runtime_of(e, g->uuid), &text))
		kvmb_str_format(ret, size, "%s", text ? text : "values contradict each other");
}

bool kvmb_engine_refresh_policy(const struct kvmb_engine *e, struct kvmb_engine_guest *g)
{
	char error[KVMB_TEXT_SIZE];
	bool changed;

	kvmb_config_policy(e->config, g->name, metadata_of(e, g->name), runtime_of(e, g->uuid),
			   &g->policy);
	find_error(e, g, error, sizeof(error));
	changed = !streq(error, g->policy_error);
	memcpy(g->policy_error, error, sizeof(error));
	return changed;
}

/*
 * What is changed has to count; of the rest, what does not count already is no reason to refuse a
 * change.
 */
int kvmb_engine_try_policy(const struct kvmb_engine *e, const struct kvmb_engine_guest *g,
			   const struct kvmb_policy_trial *t, char **ret_error)
{
	_cleanup_free_ char *what = NULL;
	int before = kvmb_config_policy_fault(e->config, g->name, metadata_of(e, g->name),
					      runtime_of(e, g->uuid), NULL);
	int after = kvmb_config_policy_fault(e->config, g->name, t->metadata, t->runtime, &what);

	if (!(after & (~before | t->changed)))
		return 0;
	return kvmb_explain(-EINVAL, ret_error, "with that %s",
			    what ? what : "values contradict each other");
}

int kvmb_engine_set_policy(struct kvmb_engine *e, const char *name, const struct kvmb_policy *p,
			   char **ret_error)
{
	struct kvmb_engine_guest *g = kvmb_engine_find(e, name);
	struct kvmb_policy runtime = {};
	const struct kvmb_policy_trial trial = {
		metadata_of(e, name), &runtime, KVMB_UNCOUNTED_RUNTIME,
	};
	int r;

	if (!g)
		return -ENOENT;
	if (runtime_of(e, g->uuid))
		runtime = *runtime_of(e, g->uuid);
	kvmb_policy_overlay(&runtime, p, KVMB_POLICY_RUNTIME);
	r = kvmb_engine_try_policy(e, g, &trial, ret_error);
	if (r >= 0)
		r = kvmb_state_set_runtime(e->state, g->uuid, g->name, p);
	if (r < 0)
		return r;
	g->persisted_fields &= ~p->set; /* this is the later word */
	g->persist_asked &= ~p->set;
	kvmb_engine_keep(e);
	kvmb_engine_notify(e);
	return 0;
}
