// SPDX-License-Identifier: GPL-2.0-or-later
/* set, reclaim, reload: the verbs that change something, each one call of the daemon. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "bus.h"
#include "figure.h"
#include "json.h"
#include "text.h"
#include "util.h"

static int bad_assignment(int r, const char *why)
{
	_cleanup_free_ char *text = why ? text_escape(why, "") : NULL;

	return text ? ctl_error(CTL_USAGE, "%s", text) : ctl_errno(r, "cannot read the policy");
}

static int parse_assignment(struct kvmb_policy *p, const char *assignment)
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
	r = kvmb_policy_set(p, key, equals + 1, &why);
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
	default:
		return -EINVAL;
	}
}

static int append_policy(sd_bus_message *m, const struct kvmb_policy *p)
{
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	for (unsigned int f = 0; f < KVMB_FIELDS && r >= 0; f++)
		if (p->set & 1U << f)
			r = append_value(m, p, f);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int set_policy(struct ctl *ctl, const char *name, const struct kvmb_policy *p,
		      sd_bus_error *error)
{
	_cleanup_message_ sd_bus_message *call = NULL;
	_cleanup_free_ char *path = NULL;
	int r = bus_machine_path(ctl, name, &path, error);

	if (r >= 0)
		r = bus_new_call(ctl, path, BUS_MACHINE, "SetPolicy", &call);
	if (r >= 0)
		r = append_policy(call, p);
	return r < 0 ? r : bus_ask(ctl, call, error, NULL);
}

/* What is in force now, as the daemon tells it. */
static int show_machine(struct ctl *ctl, const char *name)
{
	char *operands[] = { (char *)name };

	return ctl_verb_status(ctl, 1, operands);
}

int ctl_verb_set(struct ctl *ctl, int n, char **operands)
{
	_cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	struct kvmb_policy p = { 0 };
	int r;

	for (int i = 1; i < n; i++) {
		r = parse_assignment(&p, operands[i]);
		if (r != CTL_OK)
			return r;
	}
	r = set_policy(ctl, operands[0], &p, &error);
	if (r < 0)
		return bus_failed(ctl, &error, r, operands[0]);
	return ctl->json ? show_machine(ctl, operands[0]) : CTL_OK;
}

static int reclaim(struct ctl *ctl, const char *name, uint64_t bytes, sd_bus_error *error)
{
	_cleanup_message_ sd_bus_message *call = NULL;
	_cleanup_free_ char *path = NULL;
	int r = bus_machine_path(ctl, name, &path, error);

	if (r >= 0)
		r = bus_new_call(ctl, path, BUS_MACHINE, "Reclaim", &call);
	if (r >= 0)
		r = sd_bus_message_append(call, "t", bytes);
	return r < 0 ? r : bus_ask(ctl, call, error, NULL);
}

int ctl_verb_reclaim(struct ctl *ctl, int n, char **operands)
{
	_cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_free_ char *name = text_escape(operands[0], "");
	_cleanup_free_ char *size = text_escape(operands[1], "");
	uint64_t bytes;
	int r = kvmb_parse_bytes(operands[1], &bytes);

	if (r < 0 || !bytes)
		return ctl_error(CTL_USAGE, "'%s' is not a size, as in 512M or 1.5G", size ?: "");
	r = reclaim(ctl, operands[0], bytes, &error);
	if (r < 0)
		return bus_failed(ctl, &error, r, operands[0]);
	if (ctl->json)
		return show_machine(ctl, operands[0]);
	printf("%s: %s are asked for; what comes of it: kvm-balloonctl monitor\n", name ?: "",
	       figure_size(bytes).text);
	return CTL_OK;
}

int ctl_verb_reload(struct ctl *ctl, int n, char **operands)
{
	_cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_message_ sd_bus_message *call = NULL;
	int r = bus_new_call(ctl, BUS_PATH, BUS_MANAGER, "Reload", &call);

	if (r >= 0)
		r = bus_ask(ctl, call, &error, NULL);
	if (r < 0)
		return bus_failed(ctl, &error, r, NULL);
	return ctl->json ? ctl_verb_status(ctl, 0, NULL) : CTL_OK;
}
