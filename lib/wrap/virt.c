/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process' one connection to libvirt, and its errors as errno. */
#include "wrap/virt.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/str.h"

/* A libvirtd silent for 5 s is asked; after three unanswered calls the connection is cut. */
#define KEEPALIVE_SEC 5
#define KEEPALIVE_COUNT 3

struct kvmb_virt {
	atomic_uint refs;
	pthread_mutex_t lock; /* conn */
	virConnectPtr conn;
	char uri[];
};

/* By default libvirt prints every error to stderr; whoever can act on it reads it instead. */
static void be_silent(void *userdata, virErrorPtr error)
{
	(void)userdata;
	(void)error;
}

/* Keep-alive and events of all connections run here, for as long as the process lives. */
static void *event_main(void *userdata)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };

	(void)userdata;
	for (;;)
		if (virEventRunDefaultImpl() < 0)
			(void)nanosleep(&pause, NULL); /* not a busy loop where it cannot poll */
	return NULL;
}

static int start_event_thread(void)
{
	pthread_t thread;
	sigset_t all, old;
	int r;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&thread, NULL, event_main, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r != 0)
		return -r;
	(void)pthread_setname_np(thread, "kvmb-virt-event");
	(void)pthread_detach(thread);
	return 0;
}

/* libvirt's event loop and error handler are per process, so this is too. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_result;

static void init_libvirt(void)
{
	if (virInitialize() < 0) {
		once_result = -EIO;
		return;
	}
	virSetErrorFunc(NULL, be_silent);
	if (virEventRegisterDefaultImpl() < 0) {
		once_result = -EIO;
		return;
	}
	once_result = start_event_thread();
}

int kvmb_virt_new(const char *uri, struct kvmb_virt **ret)
{
	const char *name = uri ? uri : "qemu:///system";
	size_t size = strlen(name) + 1;
	struct kvmb_virt *v;

	(void)pthread_once(&once, init_libvirt);
	if (once_result < 0)
		return once_result;
	v = calloc(1, sizeof(*v) + size);
	if (!v)
		return -ENOMEM;
	atomic_init(&v->refs, 1);
	(void)pthread_mutex_init(&v->lock, NULL);
	memcpy(v->uri, name, size);
	*ret = v;
	return 0;
}

struct kvmb_virt *kvmb_virt_ref(struct kvmb_virt *v)
{
	atomic_fetch_add(&v->refs, 1);
	return v;
}

struct kvmb_virt *kvmb_virt_unref(struct kvmb_virt *v)
{
	if (!v || atomic_fetch_sub(&v->refs, 1) != 1)
		return NULL;
	kvmb_virt_disconnect(v);
	(void)pthread_mutex_destroy(&v->lock);
	free(v);
	return NULL;
}

/* @conn, or NULL, takes the place of the one there is. */
static void replace(struct kvmb_virt *v, virConnectPtr conn)
{
	virConnectPtr old;

	(void)pthread_mutex_lock(&v->lock);
	old = v->conn;
	v->conn = conn;
	(void)pthread_mutex_unlock(&v->lock);
	if (old) /* outside of the lock: it may talk to libvirtd */
		(void)virConnectClose(old);
}

/* A driver inside this process (test:///) has nobody to keep alive, and says so. */
static int set_keepalive(virConnectPtr conn, char *text, size_t size)
{
	int r;

	if (virConnectSetKeepAlive(conn, KEEPALIVE_SEC, KEEPALIVE_COUNT) >= 0)
		return 0;
	r = kvmb_virt_error(text, size);
	return r == -EOPNOTSUPP ? 0 : r;
}

int kvmb_virt_connect(struct kvmb_virt *v, char *text, size_t size)
{
	virConnectPtr conn = virConnectOpen(v->uri);
	int r;

	if (!conn)
		return kvmb_virt_error(text, size);
	r = set_keepalive(conn, text, size);
	if (r < 0) {
		(void)virConnectClose(conn);
		return r;
	}
	replace(v, conn);
	return 0;
}

void kvmb_virt_disconnect(struct kvmb_virt *v)
{
	replace(v, NULL);
}

struct _virConnect *kvmb_virt_get(struct kvmb_virt *v)
{
	virConnectPtr conn = NULL;

	(void)pthread_mutex_lock(&v->lock);
	if (v->conn && virConnectIsAlive(v->conn) > 0 && virConnectRef(v->conn) == 0)
		conn = v->conn;
	(void)pthread_mutex_unlock(&v->lock);
	return conn;
}

void kvmb_virt_put(struct _virConnect *conn)
{
	if (conn)
		(void)virConnectClose(conn);
}

void kvmb_virt_putp(struct _virConnect **conn)
{
	kvmb_virt_put(*conn);
}

void kvmb_virt_domain_freep(struct _virDomain **domain)
{
	if (*domain)
		(void)virDomainFree(*domain);
}

static const struct {
	int code;
	int error;
} errors[] = {
	{ VIR_ERR_NO_DOMAIN, -ENOENT },
	{ VIR_ERR_NO_CONNECT, -ENOTCONN },
	{ VIR_ERR_INVALID_CONN, -ENOTCONN },
	{ VIR_ERR_RPC, -ENOTCONN },
	{ VIR_ERR_SYSTEM_ERROR, -ENOTCONN }, /* of the client: its socket */
	{ VIR_ERR_OPERATION_TIMEOUT, -ETIMEDOUT },
	{ VIR_ERR_AGENT_UNRESPONSIVE, -ETIMEDOUT },
	{ VIR_ERR_RESOURCE_BUSY, -EBUSY },
	{ VIR_ERR_NO_SUPPORT, -EOPNOTSUPP },
	{ VIR_ERR_OPERATION_UNSUPPORTED, -EOPNOTSUPP },
	{ VIR_ERR_CONFIG_UNSUPPORTED, -EOPNOTSUPP },
	{ VIR_ERR_ACCESS_DENIED, -EACCES },
	{ VIR_ERR_AUTH_FAILED, -EACCES },
	{ VIR_ERR_AUTH_CANCELLED, -EACCES },
	{ VIR_ERR_AUTH_UNAVAILABLE, -EACCES },
	{ VIR_ERR_OPERATION_DENIED, -EACCES },
	{ VIR_ERR_INVALID_ARG, -EINVAL },
	{ VIR_ERR_OPERATION_INVALID, -EINVAL },
	{ VIR_ERR_NO_MEMORY, -ENOMEM },
};

int kvmb_virt_error(char *text, size_t size)
{
	const virError *e = virGetLastError();

	if (text)
		kvmb_str_format(text, size, "%s", e && e->message ? e->message : "unknown error");
	for (size_t i = 0; e && i < sizeof(errors) / sizeof(errors[0]); i++)
		if (e->code == errors[i].code)
			return errors[i].error;
	return -EIO;
}
