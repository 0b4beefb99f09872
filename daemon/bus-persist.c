/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Method PersistPolicy of interface Machine: asked now, answered when libvirt has answered.
 */
#include "bus-persist.h"

#include <errno.h>

#include "bus-error.h"
#include "bus.h"
#include "manager.h"
#include "util.h"

/* The last one takes the place: their order means nothing. */
static void remove_call(struct persist_calls *c, size_t i)
{
	sd_bus_message_unref(c->table[i].message);
	c->table[i] = c->table[--c->n];
}

void persist_calls_drop(struct persist_calls *c)
{
	while (c->n > 0)
		remove_call(c, c->n - 1);
}

void persist_calls_refuse(struct persist_calls *c, const sd_bus_error *error)
{
	for (; c->n > 0; remove_call(c, c->n - 1))
		(void)sd_bus_reply_method_error(c->table[c->n - 1].message, error);
}

static int read_unset(sd_bus_message *msg, uint32_t *ret, sd_bus_error *error)
{
	uint32_t unset = 0;
	const char *key;
	int r = sd_bus_message_enter_container(msg, 'a', "s");

	while (r >= 0) {
		r = sd_bus_message_read(msg, "s", &key);
		if (r == 0)
			break;
		if (r > 0)
			r = bus_policy_field(key, error);
		if (r >= 0)
			unset |= UINT32_C(1) << r;
	}
	if (r < 0)
		return r;
	*ret = unset;
	return 0;
}

static int read_change(sd_bus_message *msg, struct kvmb_policy_change *ret, sd_bus_error *error)
{
	int r = bus_policy_read(msg, &ret->values, error);

	if (r >= 0)
		r = read_unset(msg, &ret->unset, error);
	if (r >= 0 && !ret->values.set && !ret->unset)
		return sd_bus_error_set(error, BUS_ERROR_INVALID_POLICY,
					"There is nothing to write and nothing to take away");
	return r;
}

static int refuse(int r, const char *name, const char *text, sd_bus_error *error)
{
	switch (r) {
	case -ENOENT:
		return bus_no_machine(error, name);
	case -EINVAL:
		return sd_bus_error_set(error, BUS_ERROR_INVALID_POLICY,
					text ?: "The values contradict each other");
	case -EROFS:
		return sd_bus_error_set(error, BUS_ERROR_NOT_WRITTEN,
					"A dry run changes nothing");
	case -EPERM:
		return sd_bus_error_set(error, BUS_ERROR_NOT_WRITTEN,
					"It would not count: Metadata=no is in the configuration");
	case -EBUSY:
		return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
					"Too many changes wait for libvirt already");
	default:
		return r;
	}
}

static int persist_allowed(sd_bus_message *msg, uid_t caller, void *userdata, sd_bus_error *error)
{
	struct manager *m = userdata;
	struct persist_calls *c = &m->bus.persists;
	const struct machine *machine = bus_machine_of(m, msg, error);
	struct kvmb_policy_change change = { .cookie = c->last_cookie + 1 };
	_cleanup_free_ char *text = NULL;
	int r;

	if (!machine)
		return -ENOENT;
	if (m->stopping)
		return bus_ending(error);
	r = read_change(msg, &change, error);
	if (r < 0)
		return r;
	if (c->n >= PERSIST_CALLS_MAX)
		return refuse(-EBUSY, machine->name, NULL, error);
	r = kvmb_engine_persist_policy(m->engine, machine->name, &change, &text);
	if (r < 0)
		return refuse(r, machine->name, text, error);
	c->last_cookie = change.cookie;
	c->table[c->n++] = (struct persist_call){
		.message = sd_bus_message_ref(msg), .cookie = change.cookie, .caller = caller,
	};
	return 1;
}

int bus_method_persist_policy(sd_bus_message *msg, void *userdata, sd_bus_error *error)
{
	struct manager *m = ((struct machine_view *)userdata)->manager;

	return authz_run(&m->bus.authz,
			 &(struct authz_request){ msg, POLKIT_PERSIST_POLICY, persist_allowed, m },
			 error);
}

/* In libvirt's words, which is what the caller can act on. */
static void answer_error(const struct persist_call *call, const struct kvmb_persist *a)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	const char *name = a->error == -ENOTCONN ? BUS_ERROR_NOT_CONNECTED :
			   a->error == -ENOENT	 ? BUS_ERROR_NO_SUCH_MACHINE :
						   BUS_ERROR_NOT_WRITTEN;

	sd_bus_error_setf(&error, name, "The definition is not changed: %s", a->text);
	(void)sd_bus_reply_method_error(call->message, &error);
}

static void answer_success(struct manager *m, const struct persist_call *call)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	const struct machine *machine = bus_machine_of(m, call->message, &error);

	if (machine)
		journal_log(JOURNAL_POLICY_SET, machine->name,
			    "%s: policy written into its definition over D-Bus by user %u",
			    machine->name, (unsigned int)call->caller);
	(void)sd_bus_reply_method_return(call->message, NULL);
}

/* A caller whose connection is gone is not there any more. */
void bus_persisted(struct manager *m, const struct kvmb_persist *answer)
{
	struct persist_calls *c = &m->bus.persists;

	for (size_t i = 0; i < c->n; i++) {
		if (c->table[i].cookie != answer->cookie)
			continue;
		if (answer->error < 0)
			answer_error(&c->table[i], answer);
		else
			answer_success(m, &c->table[i]);
		remove_call(c, i);
		return;
	}
}
