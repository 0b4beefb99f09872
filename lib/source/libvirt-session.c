/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection of the libvirt source: made, listened to, and given up. */
#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "source/libvirt-internal.h"
#include "wrap/virt.h"

static void callback_unref(void *userdata)
{
	kvmb_libvirt_unref(userdata);
}

/* A guest came, went, paused or goes on: what libvirt told in bulk is no longer true. */
static int on_lifecycle(virConnectPtr conn, virDomainPtr domain, int event, int detail,
			void *userdata)
{
	struct kvmb_libvirt *lv = userdata;

	(void)conn;
	(void)domain;
	(void)event;
	(void)detail;
	(void)pthread_mutex_lock(&lv->lock);
	lv->unlisted = true;
	(void)pthread_mutex_unlock(&lv->lock);
	kvmb_libvirt_kick(lv);
	return 0;
}

static void on_balloon(virConnectPtr conn, virDomainPtr domain, unsigned long long actual,
		       void *userdata)
{
	(void)conn;
	(void)domain;
	(void)actual;
	kvmb_libvirt_kick(userdata);
}

/* The definition is another one: it is to be read again. */
static void note_change(struct kvmb_libvirt *lv, virDomainPtr domain)
{
	struct kvmb_libvirt_changes *c = &lv->changes;
	char uuid[VIR_UUID_STRING_BUFLEN];
	bool known = virDomainGetUUIDString(domain, uuid) == 0;

	(void)pthread_mutex_lock(&lv->lock);
	if (known && c->n < KVMB_LIBVIRT_CHANGES_MAX)
		memcpy(c->uuids[c->n++], uuid, sizeof(c->uuids[0]));
	else
		c->n = KVMB_LIBVIRT_CHANGES_MAX + 1;
	(void)pthread_mutex_unlock(&lv->lock);
	kvmb_libvirt_kick(lv);
}

/* Memory, or a device that pins it, was plugged in or out. */
static void on_device(virConnectPtr conn, virDomainPtr domain, const char *alias, void *userdata)
{
	(void)conn;
	(void)alias;
	note_change(userdata, domain);
}

/* Others' metadata, titles and descriptions are none of ours. */
static void on_metadata(virConnectPtr conn, virDomainPtr domain, int type, const char *uri,
			void *userdata)
{
	(void)conn;
	if (type == VIR_DOMAIN_METADATA_ELEMENT && uri && streq(uri, KVMB_METADATA_URI))
		note_change(userdata, domain);
}

static void on_close(virConnectPtr conn, int reason, void *userdata)
{
	struct kvmb_libvirt *lv = userdata;

	(void)conn;
	(void)reason;
	(void)pthread_mutex_lock(&lv->lock);
	lv->closed = true;
	(void)pthread_cond_broadcast(&lv->wake);
	(void)pthread_mutex_unlock(&lv->lock);
}

static const struct {
	int id;
	virConnectDomainEventGenericCallback callback;
} events[KVMB_LIBVIRT_EVENTS] = {
	{ VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle) },
	{ VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_balloon) },
	{ VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(on_device) },
	{ VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(on_device) },
	{ VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_metadata) },
};

static int add_event(struct kvmb_libvirt *lv, size_t i)
{
	struct kvmb_libvirt_session *s = &lv->session;

	kvmb_libvirt_ref(lv);
	s->callback_ids[i] = virConnectDomainEventRegisterAny(s->conn, NULL, events[i].id,
							      events[i].callback, lv,
							      callback_unref);
	if (s->callback_ids[i] >= 0)
		return 0;
	kvmb_libvirt_unref(lv);
	return kvmb_virt_error(s->error, sizeof(s->error));
}

static int listen_to(struct kvmb_libvirt *lv)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(events); i++)
		r = add_event(lv, i);
	if (r < 0)
		return r;
	/*
	 * Without a reference of its own: drivers that have no daemon to lose take this and forget
	 * it, so nobody would drop that. It is called under a lock that taking it back waits for.
	 */
	if (virConnectRegisterCloseCallback(lv->session.conn, on_close, lv, NULL) < 0)
		return kvmb_virt_error(lv->session.error, sizeof(lv->session.error));
	return 0;
}

int kvmb_libvirt_session_begin(struct kvmb_libvirt *lv)
{
	struct kvmb_libvirt_session *s = &lv->session;
	int r = kvmb_virt_connect(lv->virt, s->error, sizeof(s->error));

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		s->callback_ids[i] = -1;
	s->conn = kvmb_virt_get(lv->virt);
	if (!s->conn) {
		kvmb_str_format(s->error, sizeof(s->error), "the connection was lost at once");
		return -ENOTCONN;
	}
	r = listen_to(lv);
	if (r < 0) {
		kvmb_libvirt_session_end(lv);
		return r;
	}
	/* What happened while nobody listened is not known. */
	(void)pthread_mutex_lock(&lv->lock);
	lv->changes.n = KVMB_LIBVIRT_CHANGES_MAX + 1;
	(void)pthread_mutex_unlock(&lv->lock);
	return 0;
}

/*
 * Every registration holds the connection, so all have to go, though on a dead connection
 * libvirt has nobody to tell.
 */
void kvmb_libvirt_session_end(struct kvmb_libvirt *lv)
{
	struct kvmb_libvirt_session *s = &lv->session;

	if (!s->conn)
		return;
	kvmb_libvirt_list_forget(s);
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		if (s->callback_ids[i] >= 0)
			(void)virConnectDomainEventDeregisterAny(s->conn, s->callback_ids[i]);
	(void)virConnectUnregisterCloseCallback(s->conn, on_close);
	kvmb_virt_disconnect(lv->virt);
	kvmb_virt_put(s->conn);
	s->conn = NULL;
}
