/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may change something: the one authoriser, which says no unless it is told yes.
 */
#include "authz.h"

#include <errno.h>
#include <unistd.h>

#include "util.h"

/* Long enough for a person to find the password. */
#define POLKIT_USEC (120 * USEC_PER_SEC)
#define POLKIT_ALLOW_INTERACTION 1U

struct authz_query {
	struct authz *authz;
	size_t index; /* in authz->pending */
	struct authz_request request;
	sd_bus_slot *slot; /* of the call that we wait for */
	uid_t uid;
	bool at_polkit;
};

static void query_free(struct authz_query *q)
{
	if (!q)
		return;
	q->authz->pending[q->index] = NULL;
	q->authz->n_pending--;
	sd_bus_slot_unref(q->slot);
	sd_bus_message_unref(q->request.message);
	free(q);
}

void authz_cancel(struct authz *a)
{
	for (size_t i = 0; i < AUTHZ_PENDING_MAX; i++)
		query_free(a->pending[i]);
}

static int query_new(struct authz *a, const struct authz_request *request,
		     struct authz_query **ret)
{
	struct authz_query *q;
	size_t i = 0;

	if (a->n_pending >= AUTHZ_PENDING_MAX)
		return -EBUSY;
	q = calloc(1, sizeof(*q));
	if (!q)
		return -ENOMEM;
	while (a->pending[i])
		i++;
	*q = (struct authz_query){ .authz = a, .index = i, .request = *request };
	(void)sd_bus_message_ref(request->message);
	a->pending[i] = q;
	a->n_pending++;
	*ret = q;
	return 0;
}

/* Ends a query with its error reply. A caller that has left meanwhile just does not get it. */
static int query_refuse(struct authz_query *q, const char *name, const char *text)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

	sd_bus_error_set(&error, name, text);
	(void)sd_bus_reply_method_error(q->request.message, &error);
	query_free(q);
	return 1;
}

static int query_allow(struct authz_query *q)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	const struct authz_request *request = &q->request;
	int r = sd_bus_message_rewind(request->message, true);

	if (r >= 0)
		r = request->handler(request->message, q->uid, request->userdata, &error);
	if (r < 0 || sd_bus_error_is_set(&error))
		(void)sd_bus_reply_method_errno(request->message, r, &error);
	query_free(q);
	return 1;
}

static bool polkit_absent(const sd_bus_error *e)
{
	return sd_bus_error_has_names(e, SD_BUS_ERROR_SERVICE_UNKNOWN,
				      SD_BUS_ERROR_NAME_HAS_NO_OWNER);
}

static int on_polkit(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
	struct authz_query *q = userdata;
	const sd_bus_error *e = sd_bus_message_get_error(reply);
	int allowed = false, challenge = false;

	if (e && polkit_absent(e))
		return query_refuse(q, SD_BUS_ERROR_ACCESS_DENIED,
				    "Only root may do this: polkit is not there to allow others");
	if (e)
		return query_refuse(q, SD_BUS_ERROR_ACCESS_DENIED, "polkit gave no answer");
	if (sd_bus_message_enter_container(reply, 'r', "bba{ss}") < 0 ||
	    sd_bus_message_read(reply, "bb", &allowed, &challenge) < 0)
		return query_refuse(q, SD_BUS_ERROR_ACCESS_DENIED,
				    "polkit's answer makes no sense");
	if (allowed)
		return query_allow(q);
	if (challenge)
		return query_refuse(q, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
				    "This needs authentication, which the caller did not offer");
	return query_refuse(q, SD_BUS_ERROR_ACCESS_DENIED, "polkit does not allow it");
}

static int call_polkit(struct authz_query *q)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	sd_bus_message *m = q->request.message;
	sd_bus *bus = sd_bus_message_get_bus(m);
	bool interactive = sd_bus_message_get_allow_interactive_authorization(m) > 0;
	int r;

	r = sd_bus_message_new_method_call(bus, &call, "org.freedesktop.PolicyKit1",
					   "/org/freedesktop/PolicyKit1/Authority",
					   "org.freedesktop.PolicyKit1.Authority",
					   "CheckAuthorization");
	if (r >= 0)
		r = sd_bus_message_append(call, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name",
					  "s", sd_bus_message_get_sender(m), q->request.action, 0,
					  interactive ? POLKIT_ALLOW_INTERACTION : 0U, "");
	q->slot = sd_bus_slot_unref(q->slot);
	return r < 0 ? r : sd_bus_call_async(bus, &q->slot, call, on_polkit, q, POLKIT_USEC);
}

static size_t polkit_count(const struct authz *a, uid_t uid, bool any)
{
	size_t n = 0;

	for (size_t i = 0; i < AUTHZ_PENDING_MAX; i++) {
		const struct authz_query *q = a->pending[i];

		n += q && q->at_polkit && (any || q->uid == uid);
	}
	return n;
}

static int query_judge(struct authz_query *q)
{
	if (q->uid == 0 || q->uid == geteuid())
		return query_allow(q);
	if (polkit_count(q->authz, q->uid, false) >= AUTHZ_POLKIT_PER_USER ||
	    polkit_count(q->authz, 0, true) >= AUTHZ_POLKIT_MAX)
		return query_refuse(q, SD_BUS_ERROR_LIMITS_EXCEEDED,
				    "Too many requests wait for polkit already");
	q->at_polkit = true;
	if (call_polkit(q) < 0)
		return query_refuse(q, SD_BUS_ERROR_ACCESS_DENIED, "polkit could not be asked");
	return 1;
}

static int on_user(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
	struct authz_query *q = userdata;
	uint32_t uid;

	if (sd_bus_message_get_error(reply) || sd_bus_message_read(reply, "u", &uid) < 0)
		return query_refuse(q, SD_BUS_ERROR_ACCESS_DENIED, "The caller has no user");
	q->uid = (uid_t)uid;
	return query_judge(q);
}

int authz_run(struct authz *a, const struct authz_request *request, sd_bus_error *error)
{
	const char *sender = sd_bus_message_get_sender(request->message);
	struct authz_query *q;
	int r;

	if (!sender)
		return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED,
					"The caller has no name");
	r = query_new(a, request, &q);
	if (r == -EBUSY)
		return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
					"Too many requests are pending");
	if (r < 0)
		return r;
	r = sd_bus_call_method_async(sd_bus_message_get_bus(request->message), &q->slot,
				     "org.freedesktop.DBus", "/org/freedesktop/DBus",
				     "org.freedesktop.DBus", "GetConnectionUnixUser", on_user, q,
				     "s", sender);
	if (r < 0) {
		query_free(q);
		return r;
	}
	return 1;
}
