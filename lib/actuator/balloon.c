/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Balloon: an order to libvirt. The guest follows in its own time, within milliseconds or minutes,
 * so nobody waits for it here: plan/effect.h watches what the samples say of it.
 */
#include <errno.h>
#include <libvirt/libvirt.h>
#include <stdlib.h>

#include "actuator/actuator.h"
#include "base/fs.h"
#include "base/num.h"
#include "base/scope.h"
#include "base/str.h"
#include "wrap/virt.h"

struct balloon {
	struct kvmb_virt *virt;
	struct kvmb_root root;
};

static int refuse(struct kvmb_result *result, enum kvmb_why why)
{
	result->why = why;
	return -ESTALE;
}

/* What the balloon leaves the guest; from libvirt's own book, so no guest can hold this up. */
static int read_balloon(virDomainPtr domain, uint64_t *ret_bytes)
{
	virDomainInfo info;

	if (virDomainGetInfo(domain, &info) < 0)
		return kvmb_virt_error(NULL, 0);
	*ret_bytes = u64_mul_sat(info.memory, KIB);
	return 0;
}

/* The domain by its UUID, running, and still under the name that the action has. */
static int find_domain(virConnectPtr conn, const struct kvmb_action *a,
		       struct kvmb_result *result, virDomainPtr *ret)
{
	_cleanup_(kvmb_virt_domain_freep) virDomainPtr domain =
		virDomainLookupByUUIDString(conn, a->uuid);
	int r;

	if (!domain) {
		r = kvmb_virt_error(NULL, 0);
		return r == -ENOENT ? refuse(result, KVMB_WHY_GONE) : r;
	}
	if (virDomainGetID(domain) == (unsigned int)-1)
		return refuse(result, KVMB_WHY_GONE);
	if (!streq(virDomainGetName(domain), a->name))
		return refuse(result, KVMB_WHY_CHANGED);
	*ret = TAKE_PTR(domain);
	return 0;
}

/*
 * Would the order do the opposite of what is meant, because somebody moved the balloon past its
 * target? A give-back to where the balloon is already is no such thing: an earlier order to take
 * may still be under way in a guest that hangs, and has to be taken back.
 */
static bool is_opposite(const struct kvmb_action *a, uint64_t balloon_bytes)
{
	return a->kind == KVMB_ACTION_DEFLATE ? balloon_bytes > a->target_bytes :
						balloon_bytes <= a->target_bytes;
}

static int set_balloon(virDomainPtr domain, const struct kvmb_action *a,
		       struct kvmb_result *result)
{
	uint64_t now_bytes = 0;
	int r = read_balloon(domain, &now_bytes);

	if (r < 0)
		return r;
	if (is_opposite(a, now_bytes))
		return refuse(result, KVMB_WHY_CHANGED);
	if (virDomainSetMemoryFlags(domain, a->target_bytes / KIB, VIR_DOMAIN_AFFECT_LIVE) < 0)
		return kvmb_virt_error(NULL, 0);
	return 0;
}

/* Is QEMU still in the scope that the plan says? Without a cgroup the UUID has to do. */
static int check_scope(const struct balloon *b, const struct kvmb_action *a,
		       struct kvmb_result *result)
{
	int r = *a->cgroup ? kvmb_scope_check(&b->root, a->pid, a->cgroup) : 0;

	if (r == -ESRCH)
		return refuse(result, KVMB_WHY_GONE);
	if (r == -ESTALE)
		return refuse(result, KVMB_WHY_CHANGED);
	return 0; /* give-back must not fail because a file cannot be read */
}

static int order(const struct balloon *b, virConnectPtr conn, const struct kvmb_action *a,
		 struct kvmb_result *result)
{
	_cleanup_(kvmb_virt_domain_freep) virDomainPtr domain = NULL;
	int r = check_scope(b, a, result);

	if (r >= 0)
		r = find_domain(conn, a, result, &domain);
	return r < 0 ? r : set_balloon(domain, a, result);
}

static int balloon_apply(void *ctx, const struct kvmb_action *a, atomic_bool *cancel,
			 struct kvmb_result *result)
{
	struct balloon *b = ctx;
	_cleanup_(kvmb_virt_putp) virConnectPtr conn = kvmb_virt_get(b->virt);
	int r;

	result->got_bytes = 0;
	result->net_bytes = 0;
	result->why = KVMB_WHY_NONE;
	if (!conn)
		return -ENOTCONN;
	if (atomic_load(cancel))
		return -ECANCELED;
	r = order(b, conn, a, result);
	/*
	 * A connection that is cut during a call makes it fail with "internal error", as QEMU's own
	 * faults do. That is not the guest's, so it must not count against its balloon.
	 */
	if (r < 0 && r != -ESTALE && virConnectIsAlive(conn) <= 0)
		return -ENOTCONN;
	return r;
}

static void balloon_free(void *ctx)
{
	struct balloon *b = ctx;

	(void)kvmb_virt_unref(b->virt);
	kvmb_root_close(&b->root);
	free(b);
}

static const struct kvmb_actuator_ops balloon_ops = { "balloon", balloon_apply, balloon_free };

int kvmb_actuator_balloon_new(struct kvmb_virt *virt, const char *root_path,
			      struct kvmb_actuator *ret)
{
	struct balloon *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return -ENOMEM;
	b->virt = kvmb_virt_ref(virt);
	b->root = (struct kvmb_root)KVMB_ROOT_INIT;
	r = kvmb_root_open(root_path, &b->root);
	if (r < 0) {
		balloon_free(b);
		return r;
	}
	*ret = (struct kvmb_actuator){ .ops = &balloon_ops, .ctx = b };
	return 0;
}
