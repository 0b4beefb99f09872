// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reservations as they are asked of the engine: they change desired state, the next tick acts. */
#include <errno.h>

#include "engine-internal.h"

#include "base/num.h"
#include "base/str.h"
#include "plan/validate.h"
#include "policy/reservation.h"

static int check(const struct kvmb_engine *e, const struct kvmb_reserve_request *request)
{
	if (request->bytes < KVMB_LEAST_BYTES)
		return -ERANGE;
	if (request->timeout_usec < KVMB_RESERVE_TIMEOUT_MIN_USEC ||
	    request->timeout_usec > KVMB_RESERVE_TIMEOUT_MAX_USEC)
		return -EINVAL;
	/* Nothing would be done for it, and whoever asked would wait in vain. */
	if (e->dry_run || e->config->host.mode < KVMB_MODE_PRESSURE)
		return -EROFS;
	/* Who has come can only be told from who was there. */
	return e->sample && e->sample->guests_valid ? 0 : -ENOTCONN;
}

int kvmb_engine_reserve(struct kvmb_engine *e, const struct kvmb_reserve_request *request,
			uint64_t now_ns, uint32_t *ret_id, uint64_t *ret_most_bytes)
{
	struct kvmb_reservation wanted = {
		.bytes = request->bytes,
		.until_ns = u64_add_sat(now_ns,
					u64_mul_sat(request->timeout_usec, NSEC_PER_USEC)),
	};
	uint64_t most;
	int r = check(e, request);

	if (r >= 0)
		r = kvmb_str_copy(wanted.name, sizeof(wanted.name), request->name);
	if (r < 0)
		return r;
	most = kvmb_reservations_most(e->config, e->sample, e->state, wanted.name);
	if (request->bytes > most) {
		*ret_most_bytes = most;
		return -E2BIG;
	}
	r = kvmb_state_reserve(e->state, &wanted, ret_id);
	if (r >= 0)
		kvmb_engine_keep(e);
	return r;
}

int kvmb_engine_unreserve(struct kvmb_engine *e, uint32_t id)
{
	int r = kvmb_state_unreserve(e->state, id);

	if (r >= 0)
		kvmb_engine_keep(e);
	return r;
}

size_t kvmb_engine_reservations(struct kvmb_engine *e, const struct kvmb_reservation **ret)
{
	*ret = e->state->reservations;
	return e->state->n_reservations;
}
