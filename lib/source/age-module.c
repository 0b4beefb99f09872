// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Ages by the kvm_swap module (kvm_swap(4)): copies of QEMU's VM descriptors are attached to. The
 * module scans by itself, at our period.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <uapi/kvm_swap.h>

#include "base/fs.h"
#include "base/num.h"
#include "base/str.h"
#include "base/wait.h"
#include "model/ages.h"
#include "source/age-map.h"
#include "source/age-source.h"
#include "source/store-module.h"
#include "source/vm-fds.h"

/* No more than this many ranges at once: 64 MiB in single pages. */
#define RANGES_MAX 16384

/* Passes that do not come for so many periods, or times of a pass, have stopped. */
#define STALLED_PERIODS 4

_Static_assert(KVMB_AGE_PERIODS == KVM_SWAP_AGE_MAX, "one bound");

/* How far the module has come with a VM. */
struct progress {
	uint64_t passes;
	uint64_t since_ns; /* it had come so far */
	uint64_t took_ns;  /* the last step */
};

struct module {
	int fds[KVMB_VM_FDS_MAX]; /* guest descriptors */
	struct progress progress[KVMB_VM_FDS_MAX];
	size_t n;
	uint64_t period_usec;
	bool has_store;
};

static int device_open(const struct kvmb_root *root, bool *ret_has_store, char *why)
{
	struct kvm_swap_info info = { 0 };
	_cleanup_close_ int fd = openat(root->root_fd, "dev/kvm-swap", O_RDWR | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENXIO)) {
		kvmb_str_format(why, KVMB_TEXT_SIZE, "kvm_swap.ko is not loaded");
		return -ENOENT;
	}
	if (fd < 0)
		return kvmb_str_errno(why, KVMB_TEXT_SIZE, -errno, "/dev/kvm-swap");
	if (ioctl(fd, KVM_SWAP_INFO, &info) < 0)
		return kvmb_str_errno(why, KVMB_TEXT_SIZE, -errno, "/dev/kvm-swap");
	if (info.abi != KVM_SWAP_ABI) {
		kvmb_str_format(why, KVMB_TEXT_SIZE,
				"kvm_swap.ko speaks version %u, known here is %u", info.abi,
				KVM_SWAP_ABI);
		return -EPROTONOSUPPORT;
	}
	*ret_has_store = kvmb_store_offered(&info);
	return TAKE_FD(fd);
}

/* ---- Attaching --------------------------------------------------------------------------- */

static void module_close(void *handle)
{
	struct module *m = handle;

	while (m->n)
		(void)kvmb_close(m->fds[--m->n]);
	free(m);
}

static int set_period(int fd, uint64_t period_usec)
{
	struct kvm_swap_params p = { 0 };

	if (ioctl(fd, KVM_SWAP_PARAMS, &p) < 0)
		return -errno;
	p.flags = KVM_SWAP_PARAMS_SET;
	p.scan_period_ms = (uint32_t)u64_min(period_usec / USEC_PER_MSEC, UINT32_MAX);
	p.passes_per_age = 1;
	return ioctl(fd, KVM_SWAP_PARAMS, &p) < 0 ? -errno : 0;
}

static int attach(struct module *m, int device_fd, int vm_fd)
{
	const struct kvm_swap_attach attach = { .vm_fd = vm_fd };
	int fd = ioctl(device_fd, KVM_SWAP_ATTACH, &attach);

	if (fd < 0)
		return -errno;
	m->progress[m->n] = (struct progress){ .since_ns = kvmb_now_ns() };
	m->fds[m->n++] = fd;
	return set_period(fd, m->period_usec);
}

static int attach_all(const struct kvmb_age_target *t, struct module *m, char *why)
{
	_cleanup_close_ int device_fd = device_open(t->root, &m->has_store, why);
	_cleanup_(kvmb_vm_fds_close) struct kvmb_vm_fds vms = { .n = 0 };
	int r;

	if (device_fd < 0)
		return device_fd;
	r = kvmb_vm_fds_find(t->root, t->pid, &vms, why);
	for (size_t i = 0; r >= 0 && i < vms.n; i++) {
		r = attach(m, device_fd, vms.fds[i]);
		if (r < 0)
			kvmb_str_errno(why, KVMB_TEXT_SIZE, r, "attaching");
	}
	return r;
}

static int module_open(const struct kvmb_age_target *t, uint64_t period_usec, void **ret, char *why)
{
	struct module *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return kvmb_str_errno(why, KVMB_TEXT_SIZE, -ENOMEM, "attaching");
	m->period_usec = period_usec;
	r = attach_all(t, m, why);
	if (r < 0) {
		module_close(m);
		return r;
	}
	*ret = m;
	return 0;
}

/* ---- Asking ------------------------------------------------------------------------------ */

static bool is_gone(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) > 0 && (p.revents & POLLHUP);
}

/* Whoever else attached may have set another period. 0: nobody ages it any more. */
static int unit_of(int fd, uint64_t *ret_usec)
{
	struct kvm_swap_params p = { 0 };

	if (ioctl(fd, KVM_SWAP_PARAMS, &p) < 0)
		return -errno;
	*ret_usec = USEC_PER_MSEC * p.scan_period_ms * p.passes_per_age;
	return 0;
}

/*
 * Do passes still come? For want of memory they may not, just when it counts. A pass of a large
 * guest may take longer than the period.
 */
static bool goes_on(struct progress *p, uint64_t passes, uint64_t period_usec, uint64_t now_ns)
{
	uint64_t patience_ns = u64_max(period_usec * NSEC_PER_USEC, p->took_ns) * STALLED_PERIODS;

	if (passes == p->passes)
		return now_ns - p->since_ns < patience_ns;
	*p = (struct progress){ passes, now_ns, now_ns - p->since_ns };
	return true;
}

static int read_one(struct module *m, size_t i, struct kvm_swap_histogram *h,
		    struct kvmb_ages *ages)
{
	uint64_t unit_usec;
	int r = unit_of(m->fds[i], &unit_usec);

	if (r >= 0 && !unit_usec)
		r = set_period(m->fds[i], m->period_usec);
	if (r < 0)
		return r;
	memset(h, 0, sizeof(*h));
	if (ioctl(m->fds[i], KVM_SWAP_HISTOGRAM, h) < 0)
		return -errno;
	if (!unit_usec || !goes_on(&m->progress[i], h->passes, m->period_usec, kvmb_now_ns()))
		return -EAGAIN;
	for (unsigned int k = 0; k < KVM_SWAP_AGES; k++) {
		kvmb_ages_add(ages, k * unit_usec, h->cold_bytes[k]);
		kvmb_ages_promote(ages, k * unit_usec, h->promoted_bytes[k]);
	}
	return 0;
}

static int module_read(void *handle, struct kvmb_ages *ret)
{
	_cleanup_free_ struct kvm_swap_histogram *h = malloc(sizeof(*h));
	struct kvmb_ages ages = { 0 };
	struct module *m = handle;
	size_t n = 0;

	if (!h)
		return -ENOMEM;
	for (size_t i = 0; i < m->n; i++) {
		int r;

		if (is_gone(m->fds[i]))
			continue;
		r = read_one(m, i, h, &ages);
		if (r < 0)
			return r;
		n++;
	}
	if (!n)
		return -ESRCH;
	*ret = ages;
	return 0;
}

/* ---- Cold ranges ------------------------------------------------------------------------- */

struct found {
	struct kvmb_range *ranges;
	size_t n;
	uint64_t bytes;
};

static int found_add(struct found *f, const struct kvm_swap_cold *c, uint64_t most_bytes)
{
	struct kvmb_range *ranges = reallocarray(f->ranges, f->n + c->count + 1, sizeof(*ranges));

	if (!ranges)
		return -ENOMEM;
	f->ranges = ranges;
	for (uint32_t i = 0; i < c->count && f->bytes < most_bytes && f->n < RANGES_MAX; i++) {
		ranges[f->n++] = (struct kvmb_range){ c->ranges[i].hva, c->ranges[i].bytes };
		f->bytes = u64_add_sat(f->bytes, c->ranges[i].bytes);
	}
	return 0;
}

/* The age from which on everything was idle for so long. */
static uint64_t least_age(uint64_t idle_usec, uint64_t unit_usec)
{
	return u64_max(idle_usec / unit_usec + (idle_usec % unit_usec != 0), 1);
}

static int find_one(int fd, uint64_t idle_usec, uint64_t most_bytes, struct kvm_swap_cold *c,
		    struct found *f)
{
	uint64_t unit_usec, age;
	int r = unit_of(fd, &unit_usec);

	if (r < 0 || !unit_usec)
		return r;
	age = least_age(idle_usec, unit_usec);
	/* No page can be said to be older. */
	if (age > KVM_SWAP_AGE_MAX)
		return 0;
	memset(c, 0, sizeof(*c));
	c->min_age = (uint32_t)age;
	do {
		if (ioctl(fd, KVM_SWAP_COLD, c) < 0)
			return errno == ESRCH ? 0 : -errno;
		r = found_add(f, c, most_bytes);
	} while (r >= 0 && c->cursor && f->bytes < most_bytes && f->n < RANGES_MAX);
	return r;
}

/* Coldest first within each VM: a process with several of them is not QEMU's way. */
static int module_find(void *handle, uint64_t idle_usec, uint64_t most_bytes,
		       struct kvmb_cold *ret)
{
	_cleanup_free_ struct kvm_swap_cold *c = malloc(sizeof(*c));
	struct module *m = handle;
	struct found f = { 0 };
	int r = c ? 0 : -ENOMEM;

	for (size_t i = 0; r >= 0 && i < m->n && f.bytes < most_bytes; i++)
		r = find_one(m->fds[i], idle_usec, most_bytes, c, &f);
	if (r < 0) {
		free(f.ranges);
		return r;
	}
	*ret = (struct kvmb_cold){ f.ranges, f.n };
	return 0;
}

/* ---- Map --------------------------------------------------------------------------------- */

static int map_one(int fd, struct kvm_swap_map *m, struct kvmb_map *map)
{
	int r;

	memset(m, 0, sizeof(*m));
	do {
		if (ioctl(fd, KVM_SWAP_MAP, m) < 0)
			return -errno;
		r = kvmb_map_append(map, m->gpa, m->blocks, u64_min(m->count, KVM_SWAP_MAP_BLOCKS));
		m->gpa = m->next_gpa;
	} while (r >= 0 && m->next_gpa);
	return r;
}

_Static_assert(KVMB_MAP_ABSENT == KVM_SWAP_MAP_ABSENT, "one code");
_Static_assert(KVMB_MAP_NO_MEMORY == KVM_SWAP_MAP_NO_MEMORY, "one code");

static int module_map(void *handle, struct kvmb_map **ret)
{
	_cleanup_free_ struct kvm_swap_map *buffer = malloc(sizeof(*buffer));
	_cleanup_(kvmb_map_freep) struct kvmb_map *map = NULL;
	struct module *m = handle;
	uint64_t unit_usec = 0;
	int r = buffer ? unit_of(m->fds[0], &unit_usec) : -ENOMEM;

	if (r >= 0)
		r = kvmb_map_new(UINT64_C(1) << KVM_SWAP_BLOCK_SHIFT, unit_usec, &map);
	for (size_t i = 0; r >= 0 && i < m->n; i++)
		r = map_one(m->fds[i], buffer, map);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(map);
	return 0;
}

/* ---- Store ------------------------------------------------------------------------------- */

static int module_store(void *handle, struct kvmb_store *ret, struct kvmb_host_store *ret_host)
{
	const struct module *m = handle;

	return m->has_store ? kvmb_store_read(m->fds, m->n, ret, ret_host) : -EOPNOTSUPP;
}

/* Who reads it next has it aged again: nobody else's period is in the way then. */
static int module_rest(void *handle)
{
	const struct module *m = handle;
	uint64_t unit_usec;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < m->n; i++) {
		if (is_gone(m->fds[i]))
			continue;
		r = unit_of(m->fds[i], &unit_usec);
		if (r >= 0 && unit_usec)
			r = set_period(m->fds[i], 0);
	}
	return r;
}

static int module_move(void *handle, const struct kvmb_range *ranges, size_t n,
		       struct kvmb_moved *ret)
{
	const struct module *m = handle;

	return m->has_store ? kvmb_store_move(m->fds, m->n, ranges, n, ret) : -EOPNOTSUPP;
}

static const struct kvmb_store_ops store = {
	.read = module_store,
	.rest = module_rest,
	.move = module_move,
};

const struct kvmb_age_source_ops kvmb_age_source_module = {
	.kind = KVMB_AGING_MODULE,
	.open = module_open,
	.read = module_read,
	.find = module_find,
	.store = &store,
	.map = module_map,
	.close = module_close,
};
