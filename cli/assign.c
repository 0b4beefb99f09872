// SPDX-License-Identifier: GPL-2.0-or-later
/* KEY=VALUE on the command line: read, and sent as the a{sv} of the daemon. */
#include "assign.h"

#include <errno.h>
#include <string.h>

#include "text.h"
#include "util.h"

static int bad_assignment(int r, const char *why)
{
	_cleanup_free_ char *text = why ? text_escape(why, "") : NULL;

	return text ? ctl_error(CTL_USAGE, "%s", text) : ctl_errno(r, "cannot read the policy");
}

/* "KEY=": no value at all, which is right where one may be taken away. */
static int take_away(const char *key, struct assignments *a)
{
	for (unsigned int f = 0; f < KVMB_FIELDS; f++)
		if (strcmp(key, kvmb_policy_field_to_string(f)) == 0) {
			a->unset |= 1U << f;
			return CTL_OK;
		}
	return -ENOENT;
}

static int parse_assignment(struct assignments *a, const char *assignment, bool may_unset)
{
	const char *equals = strchr(assignment, '=');
	_cleanup_free_ char *key = NULL, *safe = NULL, *why = NULL;
	int r;

	if (!equals) {
		safe = text_escape(assignment, "");
		return ctl_error(CTL_USAGE, "'%s' is not KEY=VALUE, as in Guarantee=512M",
				 safe ?: "");
	}
	key = strndup(assignment, (size_t)(equals - assignment));
	if (!key)
		return ctl_errno(-ENOMEM, "cannot read the policy");
	if (may_unset && !equals[1] && take_away(key, a) == CTL_OK)
		return CTL_OK;
	r = kvmb_policy_set(&a->values, key, equals + 1, &why);
	return r < 0 ? bad_assignment(r, why) : CTL_OK;
}

/* One member of the a{sv}. */
static int append_value(sd_bus_message *m, const struct kvmb_policy *p, enum kvmb_policy_field f)
{
	const char *key = kvmb_policy_field_to_string(f);

	switch (f) {
	case KVMB_FIELD_GUARANTEE:
		return sd_bus_message_append(m, "{sv}", key, "t", p->guarantee_bytes);
	case KVMB_FIELD_LIMIT:
		return sd_bus_message_append(m, "{sv}", key, "t", p->limit_bytes);
	case KVMB_FIELD_SHARES:
		return sd_bus_message_append(m, "{sv}", key, "u", p->shares);
	case KVMB_FIELD_PRIORITY:
		return sd_bus_message_append(m, "{sv}", key, "s",
					     kvmb_priority_to_string(p->priority));
	case KVMB_FIELD_REFAULT_TARGET:
		return sd_bus_message_append(m, "{sv}", key, "u", p->refault_target_ppm);
	case KVMB_FIELD_MODE:
		return sd_bus_message_append(m, "{sv}", key, "s", kvmb_mode_to_string(p->mode));
	case KVMB_FIELD_BACKEND:
		return sd_bus_message_append(m, "{sv}", key, "s",
					     kvmb_backend_to_string(p->backend));
	default:
		return -EINVAL;
	}
}

int assign_append(sd_bus_message *m, const struct kvmb_policy *p)
{
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	for (unsigned int f = 0; f < KVMB_FIELDS && r >= 0; f++)
		if (p->set & 1U << f)
			r = append_value(m, p, f);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

int assign_parse(int n, char **operands, bool may_unset, struct assignments *ret)
{
	struct assignments a = { .unset = 0 };

	for (int i = 0; i < n; i++) {
		int r = parse_assignment(&a, operands[i], may_unset);

		if (r != CTL_OK)
			return r;
	}
	if (a.values.set & a.unset)
		return ctl_error(CTL_USAGE, "a value cannot be both set and taken away");
	*ret = a;
	return CTL_OK;
}

int assign_append_unset(sd_bus_message *m, uint32_t unset)
{
	int r = sd_bus_message_open_container(m, 'a', "s");

	for (unsigned int f = 0; f < KVMB_FIELDS && r >= 0; f++)
		if (unset & 1U << f)
			r = sd_bus_message_append(m, "s", kvmb_policy_field_to_string(f));
	return r < 0 ? r : sd_bus_message_close_container(m);
}
