// SPDX-License-Identifier: GPL-2.0-or-later
/* set, reclaim, reload: the verbs that change something, each one call of the daemon. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "assign.h"
#include "bus.h"
#include "figure.h"
#include "json.h"
#include "text.h"
#include "util.h"

static int set_policy(struct ctl *ctl, const char *name, const struct assignments *a,
		      sd_bus_error *error)
{
	_cleanup_message_ sd_bus_message *call = NULL;
	_cleanup_free_ char *path = NULL;
	int r = bus_machine_path(ctl, name, &path, error);

	if (r >= 0)
		r = bus_new_call(ctl, path, BUS_MACHINE,
				 ctl->persist ? "PersistPolicy" : "SetPolicy", &call);
	if (r >= 0)
		r = assign_append(call, &a->values);
	if (r >= 0 && ctl->persist)
		r = assign_append_unset(call, a->unset);
	return r < 0 ? r : bus_ask(ctl, call, error, NULL);
}

/* What this host's own configuration says of the guest outranks what the guest brings along. */
static void note_hidden(struct ctl *ctl, const char *name, const struct kvmb_policy *p)
{
	_cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(machine_clear) struct machine m;

	if (bus_get_machine(ctl, name, &m, &error) < 0)
		return;
	for (unsigned int f = 0; f < KVMB_FIELDS; f++)
		if (p->set & 1U << f && m.sources[f] && strcmp(m.sources[f], "guest") == 0)
			(void)ctl_error(CTL_OK, "%s is written, but on this host its section of "
					"the configuration is stronger",
					kvmb_policy_field_to_string(f));
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
	struct assignments a;
	int r = assign_parse(n - 1, operands + 1, ctl->persist, &a);

	if (r != CTL_OK)
		return r;
	r = set_policy(ctl, operands[0], &a, &error);
	if (r < 0)
		return bus_failed(ctl, &error, r, operands[0]);
	if (ctl->persist)
		note_hidden(ctl, operands[0], &a.values);
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
