// SPDX-License-Identifier: GPL-2.0-or-later
/* explain: the daemon's own sentences on a machine. */
#include <errno.h>
#include <string.h>

#include "bus.h"
#include "fact.h"
#include "json.h"
#include "util.h"

static int explain(struct ctl *ctl, const char *name, char **ret, sd_bus_error *error)
{
	_cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
	_cleanup_free_ char *path = NULL;
	const char *text;
	int r = bus_machine_path(ctl, name, &path, error);

	if (r >= 0)
		r = bus_new_call(ctl, path, BUS_MACHINE, "Explain", &call);
	if (r >= 0)
		r = bus_send(ctl, call, error, &reply);
	if (r >= 0)
		r = sd_bus_message_read(reply, "s", &text);
	if (r < 0)
		return r;
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

int ctl_verb_explain(struct ctl *ctl, int n, char **operands)
{
	_cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_free_ char *text = NULL;
	int r = explain(ctl, operands[0], &text, &error);

	if (r < 0)
		return bus_failed(ctl, &error, r, operands[0]);
	if (!ctl->json) {
		fact_paragraph(ctl, text);
		return CTL_OK;
	}
	r = json_print_texts("Name", operands[0], "Explanation", text, NULL);
	return r < 0 ? ctl_errno(r, "cannot print") : CTL_OK;
}
