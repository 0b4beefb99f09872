// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Actuators: what they refuse, how they end early, and that what they report is what happened.
 * For reclaim a function of ours takes the kernel's place (the linker wraps kvmb_cgroup_write()),
 * balloon talks to libvirt's test driver. Page-out is in test-pageout.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "act.h"
#include "base/num.h"
#include "base/str.h"
#include "wrap/cgroup.h"
#include "wrap/virt.h"

/* ---- Record ------------------------------------------------------------------------------- */

static void test_recording_does_nothing(void **state)
{
	struct kvmb_action a = action(KVMB_ACTION_RECLAIM, 10 * MIB);
	struct kvmb_actuator act;
	struct kvmb_result res;

	assert_int_equal(kvmb_actuator_record_new(&act), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(apply(&act, &a, false, &res), 0);
	assert_int_equal(res.got_bytes, 0);
	assert_int_equal(res.net_bytes, 0);
	assert_int_equal(res.why, KVMB_WHY_NONE);
	kvmb_actuator_done(&act);
	kvmb_actuator_done(&act);
}

/* ---- Reclaim ------------------------------------------------------------------------------ */

/* Plays the kernel: what is written to memory.reclaim changes the scope's figures. */
static struct kernel {
	const char *tree; /* NULL: writes go their usual way */
	uint64_t writes[64];
	size_t n_writes;
	uint64_t current_bytes;
	size_t stall_after;    /* writes; then the guest stalls. 0: never */
	size_t empty_after;    /* writes; then there is nothing more to be had. 0: never */
	int gone_error;        /* of the second write, when the guest goes; 0: it stays */
	bool gone_proc;        /* with its process, else that is only moved out of the scope */
	atomic_bool *cancel;   /* set after the first write, if not NULL */
	uint64_t swap_ram_part; /* one n-th of what is reclaimed lands in zram; 0: nothing */
	uint64_t swap_bytes;
	uint64_t other_swap_ram; /* zram that others fill meanwhile */
} kernel;

int __real_kvmb_cgroup_write(const struct kvmb_root *root, const char *group, const char *file,
			     const char *value);
int __wrap_kvmb_cgroup_write(const struct kvmb_root *root, const char *group, const char *file,
			     const char *value);

static void kernel_swap(uint64_t bytes)
{
	char text[128];

	kernel.swap_bytes += bytes;
	snprintf(text, sizeof(text), "%" PRIu64 "\n", kernel.swap_bytes);
	tree_write(kernel.tree, "sys/fs/cgroup/" SCOPE "/memory.swap.current", text);
	snprintf(text, sizeof(text), "0 0 %" PRIu64 " 0 0\n",
		 kernel.swap_bytes / kernel.swap_ram_part + kernel.other_swap_ram);
	tree_write(kernel.tree, "sys/block/zram0/mm_stat", text);
}

int __wrap_kvmb_cgroup_write(const struct kvmb_root *root, const char *group, const char *file,
			     const char *value)
{
	uint64_t bytes = strtoull(value, NULL, 10);

	if (!kernel.tree)
		return __real_kvmb_cgroup_write(root, group, file, value);
	assert_string_equal(group, SCOPE);
	assert_string_equal(file, "memory.reclaim");
	if (kernel.empty_after && kernel.n_writes >= kernel.empty_after)
		return -EAGAIN;
	if (kernel.gone_error && kernel.n_writes >= 1) {
		if (kernel.gone_proc)
			tree_remove(kernel.tree, "proc/77");
		else
			write_cgroup_of(kernel.tree, PID, "");
		return kernel.gone_error;
	}
	kernel.writes[kernel.n_writes++] = bytes;
	kernel.current_bytes -= bytes;
	write_current(kernel.tree, kernel.current_bytes);
	if (kernel.swap_ram_part)
		kernel_swap(bytes);
	if (kernel.stall_after && kernel.n_writes >= kernel.stall_after)
		write_pressure(kernel.tree,
			       "some avg10=0.00 avg60=0.00 avg300=0.00 total=900000000\n");
	if (kernel.cancel)
		atomic_store(kernel.cancel, true);
	return 0;
}

struct reclaim_world {
	char *tree;
	struct kvmb_actuator act;
};

static int reclaim_setup(void **state)
{
	struct reclaim_world *w = calloc(1, sizeof(*w));

	w->tree = machine_new();
	assert_int_equal(kvmb_actuator_reclaim_new(w->tree, &w->act), 0);
	kernel = (struct kernel){ .tree = w->tree, .current_bytes = 100 * MIB };
	*state = w;
	return 0;
}

static int reclaim_teardown(void **state)
{
	struct reclaim_world *w = *state;

	kernel = (struct kernel){ 0 };
	kvmb_actuator_done(&w->act);
	tree_free(w->tree);
	free(w);
	return 0;
}

static void test_reclaim_goes_in_small_steps(void **state)
{
	struct kvmb_action a = action(KVMB_ACTION_RECLAIM, 20 * MIB);
	struct reclaim_world *w = *state;
	struct kvmb_result res;

	assert_int_equal(apply(&w->act, &a, false, &res), 0);
	assert_int_equal(kernel.n_writes, 3);
	assert_int_equal(kernel.writes[0], 8 * MIB);
	assert_int_equal(kernel.writes[1], 8 * MIB);
	assert_int_equal(kernel.writes[2], 4 * MIB);
	assert_int_equal(res.got_bytes, 20 * MIB);
	assert_int_equal(res.net_bytes, 20 * MIB);
	assert_int_equal(res.why, KVMB_WHY_NONE);
}

static void test_what_zram_took_is_no_gain(void **state)
{
	struct kvmb_action a = action(KVMB_ACTION_RECLAIM, 16 * MIB);
	struct reclaim_world *w = *state;
	struct kvmb_result res;

	tree_write(w->tree, "proc/swaps", "Filename Type Size Used Priority\n"
		   "/dev/zram0 partition 1 0 100\n");
	tree_write(w->tree, "sys/block/zram0/mm_stat", "0 0 0 0 0\n");
	tree_write(w->tree, "sys/fs/cgroup/" SCOPE "/memory.swap.current", "0\n");
	kernel.swap_ram_part = 4;
	assert_int_equal(apply(&w->act, &a, false, &res), 0);
	assert_int_equal(res.got_bytes, 16 * MIB);
	assert_int_equal(res.net_bytes, 12 * MIB);
	/* another guest fills 1 GiB meanwhile: ours swapped out 16 MiB, no more is its part */
	kernel.other_swap_ram = GIB;
	assert_int_equal(apply(&w->act, &a, false, &res), 0);
	assert_int_equal(res.got_bytes, 16 * MIB);
	assert_int_equal(res.net_bytes, 0);
}

static void test_less_than_asked_is_no_error(void **state)
{
	struct kvmb_action a = action(KVMB_ACTION_RECLAIM, 64 * MIB);
	struct reclaim_world *w = *state;
	struct kvmb_result res;

	kernel.empty_after = 2;
	assert_int_equal(apply(&w->act, &a, false, &res), 0);
	assert_int_equal(kernel.n_writes, 2);
	assert_int_equal(res.got_bytes, 16 * MIB);
}

static void test_a_guest_that_stalls_is_left_alone(void **state)
{
	struct kvmb_action a = action(KVMB_ACTION_RECLAIM, 64 * MIB);
	struct reclaim_world *w = *state;
	struct kvmb_result res;

	kernel.stall_after = 3;
	assert_int_equal(apply(&w->act, &a, false, &res), 0);
	assert_int_equal(kernel.n_writes, 3);
	assert_int_equal(res.why, KVMB_WHY_GUEST_PRESSURE);
	assert_int_equal(res.got_bytes, 24 * MIB);
}

static void test_a_guest_under_pressure_is_not_begun_with(void **state)
{
	struct kvmb_action a = action(KVMB_ACTION_RECLAIM, 64 * MIB);
	struct reclaim_world *w = *state;
	struct kvmb_result res;

	write_pressure(w->tree, "some avg10=10.01 avg60=0.00 avg300=0.00 total=1000\n");
	assert_int_equal(apply(&w->act, &a, false, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_GUEST_PRESSURE);
	assert_int_equal(res.got_bytes, 0);
	assert_int_equal(kernel.n_writes, 0);
	/* the limit that the gate gave counts */
	a.facts.guest_limit_permyriad = 2000;
	assert_int_equal(apply(&w->act, &a, false, &res), 0);
	assert_int_equal(res.got_bytes, 64 * MIB);
}

static void test_reclaim_stops_at_the_floor(void **state)
{
	struct kvmb_action a = action(KVMB_ACTION_RECLAIM, 64 * MIB);
	struct reclaim_world *w = *state;
	struct kvmb_result res;

	/* of 100 resident; the kernel took some on its own after this was decided */
	a.facts.floor_bytes = 83 * MIB;
	assert_int_equal(apply(&w->act, &a, false, &res), 0);
	assert_int_equal(res.why, KVMB_WHY_AT_GUARANTEE);
	assert_int_equal(res.got_bytes, 16 * MIB);
	/* and is refused, where no step is left */
	assert_int_equal(apply(&w->act, &a, false, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_AT_GUARANTEE);
	assert_int_equal(res.got_bytes, 0);
	/* down to the floor itself is allowed */
	a.asked_bytes = MIB;
	assert_int_equal(apply(&w->act, &a, false, &res), 0);
	assert_int_equal(res.got_bytes, MIB);
	assert_int_equal(res.why, KVMB_WHY_NONE);
}

static void test_reclaim_is_cancelled_between_steps(void **state)
{
	struct kvmb_action a = action(KVMB_ACTION_RECLAIM, 64 * MIB);
	struct reclaim_world *w = *state;
	struct kvmb_result res;
	atomic_bool cancel;

	atomic_init(&cancel, false);
	kernel.cancel = &cancel;
	assert_int_equal(w->act.ops->apply(w->act.ctx, &a, &cancel, &res), -ECANCELED);
	assert_int_equal(kernel.n_writes, 1);
	assert_int_equal(res.got_bytes, 8 * MIB);
	assert_int_equal(apply(&w->act, &a, true, &res), -ECANCELED);
	assert_int_equal(kernel.n_writes, 1);
	assert_int_equal(res.got_bytes, 0);
}

static void test_reclaim_looks_again_who_it_is(void **state)
{
	struct kvmb_action a = action(KVMB_ACTION_RECLAIM, 8 * MIB);
	struct reclaim_world *w = *state;
	struct kvmb_result res;

	/* the number belongs to another guest's QEMU by now */
	write_cgroup_of(w->tree, PID, TREE_SCOPE(2, "beta"));
	assert_int_equal(apply(&w->act, &a, false, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_CHANGED);
	tree_remove(w->tree, "proc/77");
	assert_int_equal(apply(&w->act, &a, false, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_GONE);
	assert_int_equal(res.got_bytes, 0);
	assert_int_equal(kernel.n_writes, 0);
}

static void test_reclaim_of_a_vanished_scope(void **state)
{
	struct kvmb_action a = action(KVMB_ACTION_RECLAIM, 8 * MIB);
	struct reclaim_world *w = *state;
	struct kvmb_result res;

	tree_remove(w->tree, "sys/fs/cgroup/" SCOPE);
	assert_int_equal(apply(&w->act, &a, false, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_GONE);
}

static void test_a_guest_that_goes_during_reclaim(void **state)
{
	static const int errors[] = { -ENOENT, -ENODEV, -EIO };
	struct kvmb_action a = action(KVMB_ACTION_RECLAIM, 64 * MIB);
	struct reclaim_world *w = *state;
	struct kvmb_result res;

	for (size_t i = 0; i < 2 * ARRAY_SIZE(errors); i++) {
		kernel.gone_error = errors[i / 2];
		kernel.gone_proc = i % 2;
		kernel.n_writes = 0;
		write_cgroup_of(w->tree, PID, SCOPE);
		assert_int_equal(apply(&w->act, &a, false, &res), -ESTALE);
		assert_int_equal(res.why, KVMB_WHY_GONE);
		assert_int_equal(res.got_bytes, 8 * MIB);
	}
}

static void test_a_kernel_without_memory_reclaim(void **state)
{
	struct kvmb_action a = action(KVMB_ACTION_RECLAIM, 8 * MIB);
	struct reclaim_world *w = *state;
	struct kvmb_result res;

	kernel.tree = NULL; /* the real write, into the tree */
	assert_int_equal(apply(&w->act, &a, false, &res), 0);
	assert_int_equal(res.got_bytes, 0); /* a file in a tree reclaims nothing */
	tree_remove(w->tree, RECLAIM_FILE);
	assert_int_equal(apply(&w->act, &a, false, &res), -EOPNOTSUPP);
}

/* ---- Balloon ------------------------------------------------------------------------------ */

/* Plays a libvirtd that dies: the order fails, and then the connection is dead or alive. */
static bool order_fails, connection_dies, dead;

int __real_virDomainSetMemoryFlags(virDomainPtr domain, unsigned long kib, unsigned int flags);
int __wrap_virDomainSetMemoryFlags(virDomainPtr domain, unsigned long kib, unsigned int flags);
int __real_virConnectIsAlive(virConnectPtr conn);
int __wrap_virConnectIsAlive(virConnectPtr conn);

int __wrap_virDomainSetMemoryFlags(virDomainPtr domain, unsigned long kib, unsigned int flags)
{
	if (!order_fails)
		return __real_virDomainSetMemoryFlags(domain, kib, flags);
	dead = connection_dies;
	virResetLastError(); /* no code that is known: as an internal error */
	return -1;
}

int __wrap_virConnectIsAlive(virConnectPtr conn)
{
	return dead ? 0 : __real_virConnectIsAlive(conn);
}

struct balloon_world {
	char *tree;
	struct kvmb_virt *virt;
	struct kvmb_actuator act;
	virConnectPtr conn;
	virDomainPtr domain;
	char uuid[KVMB_UUID_SIZE];
};

static int balloon_setup(void **state)
{
	struct balloon_world *w = calloc(1, sizeof(*w));

	w->tree = machine_new();
	assert_int_equal(kvmb_virt_new("test:///default", &w->virt), 0);
	assert_int_equal(kvmb_actuator_balloon_new(w->virt, w->tree, &w->act), 0);
	w->conn = virConnectOpen("test:///default");
	assert_non_null(w->conn);
	w->domain = virDomainLookupByName(w->conn, "test");
	assert_non_null(w->domain);
	assert_int_equal(virDomainGetUUIDString(w->domain, w->uuid), 0);
	assert_int_equal(virDomainSetMemory(w->domain, 2097152), 0);
	*state = w;
	return 0;
}

static int balloon_teardown(void **state)
{
	struct balloon_world *w = *state;

	order_fails = connection_dies = dead = false;
	kvmb_actuator_done(&w->act);
	kvmb_virt_unref(w->virt);
	virDomainFree(w->domain);
	virConnectClose(w->conn);
	tree_free(w->tree);
	free(w);
	return 0;
}

static struct kvmb_action balloon_action(struct balloon_world *w, enum kvmb_action_kind kind,
					 uint64_t target_bytes)
{
	struct kvmb_action a = { .kind = kind, .target_bytes = target_bytes, .asked_bytes = 1 };

	kvmb_str_copy(a.name, sizeof(a.name), "test");
	kvmb_str_copy(a.uuid, sizeof(a.uuid), w->uuid);
	return a;
}

static uint64_t memory_of(struct balloon_world *w)
{
	virDomainInfo info;

	assert_int_equal(virDomainGetInfo(w->domain, &info), 0);
	return info.memory * KIB;
}

static void test_balloon_takes_and_gives_back(void **state)
{
	struct balloon_world *w = *state;
	struct kvmb_action take = balloon_action(w, KVMB_ACTION_BALLOON, GIB);
	struct kvmb_action give = balloon_action(w, KVMB_ACTION_DEFLATE, 3 * GIB);
	struct kvmb_result res;

	assert_int_equal(kvmb_virt_connect(w->virt, NULL, 0), 0);
	assert_int_equal(apply(&w->act, &take, false, &res), 0);
	assert_int_equal(memory_of(w), GIB);
	assert_int_equal(res.got_bytes, 0); /* what the guest does, the samples say */
	assert_int_equal(res.net_bytes, 0);
	assert_int_equal(res.why, KVMB_WHY_NONE);
	assert_int_equal(apply(&w->act, &give, false, &res), 0);
	assert_int_equal(memory_of(w), 3 * GIB);
}

static void test_balloon_without_a_connection(void **state)
{
	struct balloon_world *w = *state;
	struct kvmb_action a = balloon_action(w, KVMB_ACTION_BALLOON, GIB);
	struct kvmb_result res;

	assert_int_equal(apply(&w->act, &a, false, &res), -ENOTCONN);
	assert_int_equal(memory_of(w), 2 * GIB);
	assert_int_equal(kvmb_virt_connect(w->virt, NULL, 0), 0);
	kvmb_virt_disconnect(w->virt);
	assert_int_equal(apply(&w->act, &a, false, &res), -ENOTCONN);
}

static void test_a_connection_lost_during_the_order_is_not_the_guests_fault(void **state)
{
	struct balloon_world *w = *state;
	struct kvmb_action a = balloon_action(w, KVMB_ACTION_BALLOON, GIB);
	struct kvmb_result res;

	assert_int_equal(kvmb_virt_connect(w->virt, NULL, 0), 0);
	order_fails = true;
	assert_int_equal(apply(&w->act, &a, false, &res), -EIO);
	connection_dies = true;
	assert_int_equal(apply(&w->act, &a, false, &res), -ENOTCONN);
	assert_int_equal(res.why, KVMB_WHY_NONE);
	assert_int_equal(memory_of(w), 2 * GIB);
}

static void test_balloon_never_does_the_opposite(void **state)
{
	struct balloon_world *w = *state;
	struct kvmb_action take = balloon_action(w, KVMB_ACTION_BALLOON, 3 * GIB);
	struct kvmb_action give = balloon_action(w, KVMB_ACTION_DEFLATE, GIB);
	struct kvmb_result res;

	assert_int_equal(kvmb_virt_connect(w->virt, NULL, 0), 0);
	assert_int_equal(apply(&w->act, &take, false, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_CHANGED);
	assert_int_equal(apply(&w->act, &give, false, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_CHANGED);
	assert_int_equal(memory_of(w), 2 * GIB);
	/* but an order to take, not yet followed, can be taken back */
	give.target_bytes = 2 * GIB;
	assert_int_equal(apply(&w->act, &give, false, &res), 0);
	assert_int_equal(memory_of(w), 2 * GIB);
}

static void test_balloon_looks_again_who_it_is(void **state)
{
	struct balloon_world *w = *state;
	struct kvmb_action a = balloon_action(w, KVMB_ACTION_BALLOON, GIB);
	struct kvmb_result res;

	assert_int_equal(kvmb_virt_connect(w->virt, NULL, 0), 0);
	kvmb_str_copy(a.name, sizeof(a.name), "renamed");
	assert_int_equal(apply(&w->act, &a, false, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_CHANGED);
	kvmb_str_copy(a.name, sizeof(a.name), "test");
	kvmb_str_copy(a.uuid, sizeof(a.uuid), "00000000-0000-0000-0000-000000000001");
	assert_int_equal(apply(&w->act, &a, false, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_GONE);
	kvmb_str_copy(a.uuid, sizeof(a.uuid), w->uuid);
	assert_int_equal(virDomainDestroy(w->domain), 0);
	assert_int_equal(apply(&w->act, &a, false, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_GONE);
	assert_int_equal(virDomainCreate(w->domain), 0);
	/* a QEMU that is in another scope than the plan says */
	a.pid = PID;
	kvmb_str_copy(a.cgroup, sizeof(a.cgroup), TREE_SCOPE(2, "beta"));
	assert_int_equal(apply(&w->act, &a, false, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_CHANGED);
	assert_int_equal(memory_of(w), 2 * GIB);
}

static void test_a_cancelled_balloon_is_not_ordered(void **state)
{
	struct balloon_world *w = *state;
	struct kvmb_action a = balloon_action(w, KVMB_ACTION_BALLOON, GIB);
	struct kvmb_result res;

	assert_int_equal(kvmb_virt_connect(w->virt, NULL, 0), 0);
	assert_int_equal(apply(&w->act, &a, true, &res), -ECANCELED);
	assert_int_equal(memory_of(w), 2 * GIB);
}

#define RECLAIM(f) cmocka_unit_test_setup_teardown(f, reclaim_setup, reclaim_teardown)
#define BALLOON(f) cmocka_unit_test_setup_teardown(f, balloon_setup, balloon_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recording_does_nothing),
		RECLAIM(test_reclaim_goes_in_small_steps),
		RECLAIM(test_what_zram_took_is_no_gain),
		RECLAIM(test_less_than_asked_is_no_error),
		RECLAIM(test_a_guest_that_stalls_is_left_alone),
		RECLAIM(test_a_guest_under_pressure_is_not_begun_with),
		RECLAIM(test_reclaim_stops_at_the_floor),
		RECLAIM(test_reclaim_is_cancelled_between_steps),
		RECLAIM(test_reclaim_looks_again_who_it_is),
		RECLAIM(test_reclaim_of_a_vanished_scope),
		RECLAIM(test_a_guest_that_goes_during_reclaim),
		RECLAIM(test_a_kernel_without_memory_reclaim),
		BALLOON(test_balloon_takes_and_gives_back),
		BALLOON(test_balloon_without_a_connection),
		BALLOON(test_a_connection_lost_during_the_order_is_not_the_guests_fault),
		BALLOON(test_balloon_never_does_the_opposite),
		BALLOON(test_balloon_looks_again_who_it_is),
		BALLOON(test_a_cancelled_balloon_is_not_ordered),
	};

	return cmocka_run_group_tests_name("actuator", tests, NULL, NULL);
}
