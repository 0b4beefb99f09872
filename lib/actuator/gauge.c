/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an actuator looks at before, between and after its steps. */
#include "actuator/gauge.h"

#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "base/pressure.h"
#include "base/scope.h"
#include "base/str.h"
#include "base/swap-ram.h"
#include "base/wait.h"

/* Shorter than this says little: one slow fault of 1 ms would be 100 % of the first millisecond. */
#define STALL_WINDOW_USEC USEC_PER_SEC

static int scope_path(const struct kvmb_gauge *g, const char *file, char *buf, size_t size)
{
	const char *scope = g->action->cgroup;
	int r = kvmb_str_copy(buf, size, scope);
	size_t len = strlen(scope);

	if (r < 0 || len + 1 >= size)
		return -ENAMETOOLONG;
	buf[len] = '/';
	return kvmb_str_copy(buf + len + 1, size - len - 1, file);
}

static int read_number(const struct kvmb_gauge *g, const char *file, uint64_t *ret)
{
	char path[KVMB_PATH_SIZE + 32];
	int r = scope_path(g, file, path, sizeof(path));

	return r < 0 ? r : kvmb_read_u64_at(g->root->cgroup_fd, path, ret);
}

static int read_psi(const struct kvmb_gauge *g, struct kvmb_psi *ret)
{
	char path[KVMB_PATH_SIZE + 32];
	int r = scope_path(g, "memory.pressure", path, sizeof(path));

	return r < 0 ? r : kvmb_psi_read_at(g->root->cgroup_fd, path, ret);
}

static int check_scope(const struct kvmb_root *root, const struct kvmb_action *a,
		       enum kvmb_why *ret_why)
{
	int r = kvmb_scope_check(root, a->pid, a->cgroup);

	if (r == -ESRCH)
		*ret_why = KVMB_WHY_GONE;
	else if (r == -ESTALE)
		*ret_why = KVMB_WHY_CHANGED;
	return r == -ESRCH ? -ESTALE : r;
}

int kvmb_gauge_begin(struct kvmb_gauge *g, const struct kvmb_root *root,
		     const struct kvmb_action *a, enum kvmb_why *ret_why)
{
	struct kvmb_psi psi;
	int r = check_scope(root, a, ret_why);

	if (r < 0)
		return r;
	*g = (struct kvmb_gauge){
		.root = root,
		.action = a,
		.begin_ns = kvmb_now_ns(),
		.out_bytes = a->out_bytes,
	};
	r = read_number(g, "memory.current", &g->resident_bytes);
	if (r == -ENOENT || r == -ENODEV) {
		*ret_why = KVMB_WHY_GONE;
		return -ESTALE;
	}
	if (r < 0)
		return r;
	if (read_number(g, "memory.swap.current", &g->swap_bytes) < 0)
		g->swap_bytes = KVMB_UNKNOWN;
	g->stall_usec = read_psi(g, &psi) < 0 ? KVMB_UNKNOWN : psi.some_total_usec;
	return kvmb_swap_ram_now(root, &g->swap_ram_bytes);
}

int kvmb_gauge_blame(const struct kvmb_gauge *g, int error, enum kvmb_why *ret_why)
{
	int r = kvmb_scope_check(g->root, g->action->pid, g->action->cgroup);

	/* Nobody moves a QEMU that runs: one that is elsewhere by now is another process. */
	if (r != -ESRCH && r != -ESTALE)
		return error;
	*ret_why = KVMB_WHY_GONE;
	return -ESTALE;
}

static bool suffers(const struct kvmb_gauge *g, uint32_t limit_permyriad)
{
	uint64_t elapsed_usec = u64_sub_sat(kvmb_now_ns(), g->begin_ns) / NSEC_PER_USEC;
	uint64_t allowed_usec = permyriad_of(u64_max(elapsed_usec, STALL_WINDOW_USEC),
					     limit_permyriad);
	struct kvmb_psi psi;

	if (g->stall_usec == KVMB_UNKNOWN || read_psi(g, &psi) < 0)
		return g->store_stall_usec > allowed_usec;
	if (psi.some_avg10_permyriad > limit_permyriad)
		return true;
	return u64_sub_sat(psi.some_total_usec, g->stall_usec) > allowed_usec;
}

static bool at_floor(const struct kvmb_gauge *g, uint64_t step_bytes, uint64_t floor_bytes)
{
	uint64_t now;

	if (!floor_bytes || read_number(g, "memory.current", &now) < 0)
		return false;
	return u64_sub_sat(u64_sub_sat(now, g->out_bytes), step_bytes) < floor_bytes;
}

enum kvmb_why kvmb_gauge_stop(const struct kvmb_gauge *g, uint64_t step_bytes)
{
	const struct kvmb_facts *facts = &g->action->facts;

	if (suffers(g, facts->guest_limit_permyriad))
		return KVMB_WHY_GUEST_PRESSURE;
	if (at_floor(g, step_bytes, facts->floor_bytes))
		return KVMB_WHY_AT_GUARANTEE;
	return KVMB_WHY_NONE;
}

uint64_t kvmb_gauge_taken(const struct kvmb_gauge *g)
{
	uint64_t now;

	return read_number(g, "memory.current", &now) < 0 ? 0 : u64_sub_sat(g->resident_bytes, now);
}

uint64_t kvmb_gauge_swap_cost(const struct kvmb_gauge *g)
{
	uint64_t swap_ram, swap, grown;

	if (kvmb_swap_ram_now(g->root, &swap_ram) < 0)
		return 0;
	grown = u64_sub_sat(swap_ram, g->swap_ram_bytes);
	if (g->swap_bytes == KVMB_UNKNOWN || read_number(g, "memory.swap.current", &swap) < 0)
		return grown;
	return u64_min(grown, u64_sub_sat(swap, g->swap_bytes));
}
