// SPDX-License-Identifier: LGPL-2.1-or-later
/* Orders to samepage merging: handed to the thread that sets them, and taken back. */
#include <errno.h>

#include "engine-internal.h"

#include "actuator/ksm.h"
#include "plan/ksm.h"

static void conclude(struct kvmb_engine *e, const struct kvmb_ksm_order *o, int error,
		     uint64_t now_ns)
{
	/* Somebody else was quicker: that shows in the next sample, and is no failure. */
	e->ksm_error = error == -ESTALE ? 0 : error;
	kvmb_ksm_conclude(o, error, now_ns, &e->state->ksm);
}

/* Only where it is needed is there a thread for it. */
static int open_setter(struct kvmb_engine *e)
{
	int r = kvmb_ksm_setter_new(e->root.path, &e->ksm);

	if (r < 0)
		return r;
	r = kvmb_engine_add_fd(e, kvmb_ksm_setter_fd(e->ksm));
	if (r < 0)
		e->ksm = kvmb_ksm_setter_free(e->ksm);
	return r;
}

static int submit(struct kvmb_engine *e, const struct kvmb_ksm_order *o, bool ours)
{
	const struct kvmb_ksm_setting setting = {
		.order = *o,
		.ours = ours,
		.before_pages_to_scan = e->state->ksm.before_pages_to_scan,
		.before_sleep_msec = e->state->ksm.before_sleep_msec,
	};

	int r = e->ksm ? 0 : open_setter(e);

	return r < 0 ? r : kvmb_ksm_setter_submit(e->ksm, &setting);
}

bool kvmb_engine_ksm_ordered(const struct kvmb_plan *plan)
{
	return plan->ksm.set && plan->ksm.why == KVMB_WHY_NONE;
}

void kvmb_engine_ksm_issue(struct kvmb_engine *e, int saved)
{
	const struct kvmb_ksm_order *o = &e->plan->ksm;
	int r;

	/* What is not set yet is not what somebody else has changed, however long it takes. */
	if (e->ksm && kvmb_ksm_setter_busy(e->ksm))
		e->state->ksm.ordered_ns = e->plan->now_ns;
	if (!kvmb_engine_ksm_ordered(e->plan))
		return;
	e->ksm_order = *o;
	if (e->dry_run) {
		kvmb_ksm_forget(&e->state->ksm);
		return;
	}
	/* What is begun must be remembered first, what is stopped need not. */
	r = saved < 0 && o->run ? saved : submit(e, o, e->sample->host.ksm.run == 1);
	if (r < 0 && r != -EBUSY)
		conclude(e, o, r, e->plan->now_ns);
}

void kvmb_engine_ksm_finish(struct kvmb_engine *e, uint64_t now_ns)
{
	struct kvmb_ksm_order o;
	int error;

	if (!e->ksm || !kvmb_ksm_setter_next(e->ksm, &o, &error))
		return;
	conclude(e, &o, error, now_ns);
	/* What is not owed any more must not be taken for ours after a crash. */
	if (!e->state->ksm.taken && e->callbacks.persist)
		(void)e->callbacks.persist(e->userdata, e->state);
}

/* Once: what the kernel refuses it refuses again, and another process will try. */
int kvmb_engine_ksm_release(struct kvmb_engine *e)
{
	struct kvmb_ksm_order o;

	if (e->ksm && kvmb_ksm_setter_busy(e->ksm))
		return 1;
	if (e->dry_run || !kvmb_ksm_release(&e->state->ksm, &o))
		return 0;
	if (!e->ksm_released) {
		e->ksm_released = true;
		e->ksm_order = o;
		e->ksm_error = submit(e, &o, true);
	}
	return e->ksm_error < 0 ? e->ksm_error : 1;
}
