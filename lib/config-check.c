/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What only the whole configuration can tell: merged guests, keys that contradict each other.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/glob.h"
#include "base/num.h"
#include "base/str.h"
#include "config-internal.h"
#include "model/ages.h"
#include "model/policy.h"

/* Says a contradiction at the line of the later of two values. */
static int refuse(const struct kvmb_config_loader *l, struct kvmb_origin a, struct kvmb_origin b,
		  const char *what, char **ret_error)
{
	struct kvmb_origin at = a.order >= b.order ? a : b;

	if (!at.order) /* neither was written: the built-in values do not contradict each other */
		return kvmb_explain(-EBADMSG, ret_error, "%s", what);
	return kvmb_explain(-EBADMSG, ret_error, "%s:%u: %s", l->files[at.file], at.line, what);
}

static int refuse_host(const struct kvmb_config_loader *l, enum kvmb_host_field a,
		       enum kvmb_host_field b, const char *what, char **ret_error)
{
	return refuse(l, l->host_origin[a], l->host_origin[b], what, ret_error);
}

static int check_levels(const struct kvmb_config_loader *l, char **ret_error)
{
	const struct kvmb_host_config *h = &l->host;

	if (h->emergency_available_permyriad >= h->hard_available_permyriad)
		return refuse_host(l, KVMB_HOST_EMERGENCY_AVAILABLE, KVMB_HOST_HARD_AVAILABLE,
				   "EmergencyAvailable is not below HardAvailable, allowed is "
				   "EmergencyAvailable < HardAvailable < ElevatedAvailable",
				   ret_error);
	if (h->hard_available_permyriad >= h->elevated_available_permyriad)
		return refuse_host(l, KVMB_HOST_HARD_AVAILABLE, KVMB_HOST_ELEVATED_AVAILABLE,
				   "HardAvailable is not below ElevatedAvailable, allowed is "
				   "EmergencyAvailable < HardAvailable < ElevatedAvailable",
				   ret_error);
	if (h->elevated_available_permyriad + h->hysteresis_permyriad > PERMYRIAD)
		return refuse_host(l, KVMB_HOST_ELEVATED_AVAILABLE, KVMB_HOST_HYSTERESIS,
				   "ElevatedAvailable and Hysteresis are above 100% together, so "
				   "the level would never be left; allowed is up to 100%",
				   ret_error);
	return 0;
}

/* Above that nothing would ever be cold, without a word. */
static int check_cold_age(const struct kvmb_config_loader *l, char **ret_error)
{
	const struct kvmb_host_config *h = &l->host;
	uint64_t oldest_usec = kvmb_ages_oldest(h->aging_usec);
	_cleanup_free_ char *what = NULL;

	if (h->cold_usec < h->aging_usec)
		return refuse_host(l, KVMB_HOST_COLD_AGE, KVMB_HOST_AGING_INTERVAL,
				   "ColdAge is below AgingInterval, so nothing could be told from "
				   "cold memory; allowed is at least AgingInterval",
				   ret_error);
	if (!h->aging_usec || h->cold_usec <= oldest_usec)
		return 0;
	if (kvmb_asprintf(&what,
			  "ColdAge is above what ages reach with this AgingInterval, so nothing "
			  "would ever be cold; allowed is up to %" PRIu64 "s",
			  oldest_usec / USEC_PER_SEC) < 0)
		return -ENOMEM;
	return refuse_host(l, KVMB_HOST_COLD_AGE, KVMB_HOST_AGING_INTERVAL, what, ret_error);
}

static int check_times(const struct kvmb_config_loader *l, char **ret_error)
{
	const struct kvmb_host_config *h = &l->host;

	if (h->trigger_stall_usec >= h->trigger_window_usec)
		return refuse_host(l, KVMB_HOST_TRIGGER_STALL, KVMB_HOST_TRIGGER_WINDOW,
				   "TriggerStall is not below TriggerWindow, which is allowed",
				   ret_error);
	/* facts are up to one interval old when the next tick begins */
	if (h->stale_usec / 2 < h->interval_usec)
		return refuse_host(l, KVMB_HOST_STALE, KVMB_HOST_INTERVAL,
				   "Stale is below twice Interval, so facts would always be too "
				   "old; allowed is at least twice Interval",
				   ret_error);
	return check_cold_age(l, ret_error);
}

static int check_defaults(const struct kvmb_config_loader *l, char **ret_error)
{
	_cleanup_free_ char *what = NULL;

	if (kvmb_policy_check(&l->defaults, &what) >= 0)
		return 0;
	return refuse(l, l->defaults_origin[KVMB_FIELD_GUARANTEE],
		      l->defaults_origin[KVMB_FIELD_LIMIT], what ? what : "", ret_error);
}

/* Where the values of a policy were written. */
struct written {
	struct kvmb_policy policy;
	struct kvmb_origin origin[KVMB_FIELDS];
};

static void begin_written(const struct kvmb_config_loader *l, struct written *ret)
{
	ret->policy = l->defaults;
	memcpy(ret->origin, l->defaults_origin, sizeof(ret->origin));
}

static void add_origins(struct written *w, const struct kvmb_origin origin[KVMB_FIELDS])
{
	for (unsigned int i = 0; i < KVMB_FIELDS; i++)
		if (origin[i].order)
			w->origin[i] = origin[i];
}

static int refuse_written(const struct kvmb_config_loader *l, const struct written *w,
			  const char *who, const char *what, char **ret_error)
{
	_cleanup_free_ char *text = NULL;

	if (kvmb_asprintf(&text, "%s: %s", who, what ? what : "") < 0)
		return -ENOMEM;
	return refuse(l, w->origin[KVMB_FIELD_GUARANTEE], w->origin[KVMB_FIELD_LIMIT], text,
		      ret_error);
}

/* By itself: which classes meet in a guest only its name tells. */
static int check_class(const struct kvmb_config_loader *l, const struct kvmb_class_section *s,
		       char **ret_error)
{
	_cleanup_free_ char *what = NULL, *who = NULL;
	struct written w;

	begin_written(l, &w);
	if (kvmb_class_add(&s->class, &w.policy, &what) >= 0)
		return 0;
	add_origins(&w, s->origin);
	if (kvmb_asprintf(&who, "class %s", s->class.pattern) < 0)
		return -ENOMEM;
	return refuse_written(l, &w, who, what, ret_error);
}

static int check_section(const struct kvmb_config_loader *l, const struct kvmb_guest_section *s,
			 char **ret_error)
{
	_cleanup_free_ char *what = NULL, *who = NULL;
	struct written w;

	begin_written(l, &w);
	for (size_t i = 0; i < l->n_classes; i++) {
		const struct kvmb_class_section *class = &l->classes[i];

		if (kvmb_glob_match(class->class.pattern, s->guest.name) &&
		    kvmb_class_add(&class->class, &w.policy, NULL) >= 0)
			add_origins(&w, class->origin);
	}
	kvmb_policy_overlay(&w.policy, &s->guest.policy, KVMB_POLICY_GUEST);
	if (kvmb_policy_check(&w.policy, &what) >= 0)
		return 0;
	add_origins(&w, s->origin);
	if (kvmb_asprintf(&who, "guest %s", s->guest.name) < 0)
		return -ENOMEM;
	return refuse_written(l, &w, who, what, ret_error);
}

int kvmb_config_check(const struct kvmb_config_loader *l, char **ret_error)
{
	int r = check_levels(l, ret_error);

	if (r >= 0)
		r = check_times(l, ret_error);
	if (r >= 0)
		r = check_defaults(l, ret_error);
	for (size_t i = 0; r >= 0 && i < l->n_classes; i++)
		r = check_class(l, &l->classes[i], ret_error);
	for (size_t i = 0; r >= 0 && i < l->n_sections; i++)
		r = check_section(l, &l->sections[i], ret_error);
	return r;
}

static int compare_sections(const void *a, const void *b)
{
	const struct kvmb_guest_section *x = a, *y = b;
	int c = strcmp(x->guest.name, y->guest.name);

	return c ? c : (x->order > y->order) - (x->order < y->order);
}

/* Later values win; the section is where it was first named. */
static void merge_into(struct kvmb_guest_section *s, const struct kvmb_guest_section *later)
{
	kvmb_policy_overlay(&s->guest.policy, &later->guest.policy, KVMB_POLICY_GUEST);
	for (unsigned int i = 0; i < KVMB_FIELDS; i++)
		if (later->origin[i].order)
			s->origin[i] = later->origin[i];
}

static void merge(struct kvmb_config_loader *l)
{
	size_t n = 0;

	if (!l->n_sections)
		return;
	qsort(l->sections, l->n_sections, sizeof(*l->sections), compare_sections);
	for (size_t i = 0; i < l->n_sections; i++) {
		struct kvmb_guest_section *s = &l->sections[i];

		if (n && streq(l->sections[n - 1].guest.name, s->guest.name))
			merge_into(&l->sections[n - 1], s);
		else
			l->sections[n++] = *s;
	}
	l->n_sections = n;
}

/* Who reads a policy may look at `source` of a guest's section or of the defaults alone. */
static void set_sources(struct kvmb_policy *p, enum kvmb_policy_source source)
{
	for (unsigned int i = 0; i < KVMB_FIELDS; i++)
		if (p->set & 1U << i)
			p->source[i] = source;
}

int kvmb_config_finish(struct kvmb_config_loader *l, struct kvmb_config **ret, char **ret_error)
{
	_cleanup_(kvmb_config_freep) struct kvmb_config *c = NULL;
	int r;

	merge(l);
	if (l->n_sections > KVMB_GUESTS_MAX)
		return kvmb_explain(-EBADMSG, ret_error, "too many guests, allowed are %d",
				    KVMB_GUESTS_MAX);
	r = kvmb_config_check(l, ret_error);
	if (r >= 0)
		r = kvmb_config_new(&c);
	if (r < 0)
		return r;
	c->host = l->host;
	c->defaults = l->defaults;
	set_sources(&c->defaults, KVMB_POLICY_CONFIG);
	r = kvmb_class_finish(l, c);
	if (r < 0)
		return r;
	c->guests = reallocarray(NULL, l->n_sections ? l->n_sections : 1, sizeof(*c->guests));
	if (!c->guests)
		return -ENOMEM;
	for (; c->n_guests < l->n_sections; c->n_guests++) {
		c->guests[c->n_guests] = l->sections[c->n_guests].guest;
		set_sources(&c->guests[c->n_guests].policy, KVMB_POLICY_GUEST);
	}
	*ret = TAKE_PTR(c);
	return 0;
}
