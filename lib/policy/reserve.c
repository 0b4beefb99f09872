// SPDX-License-Identifier: LGPL-2.1-or-later
/* Stage 1: the host's own use and its peak. */
#include "policy/reserve.h"

#include <string.h>

#include "base/num.h"
#include "model/exclude.h"
#include "model/store.h"

/*
 * The least of each slot counts. A guest that comes or goes is in meminfo before libvirt tells of
 * it, and until then looks like the host's own; that is over well within a slot.
 */
#define SLOT_NS (10 * NSEC_PER_SEC)

/*
 * Page cache that is charged to a guest's scope counts as available too, so the use comes out a
 * bit low; always, and it is differences that matter.
 */
static bool own_use(const struct kvmb_sample *s, uint64_t *ret)
{
	uint64_t others = u64_add_sat(s->host.available_bytes, s->host.swap_ram_bytes);

	others = u64_add_sat(others, s->host.store.pool_bytes);
	if (!s->guests_valid)
		return false;
	for (size_t i = 0; i < s->n_guests; i++) {
		uint64_t resident = kvmb_guest_resident(&s->guests[i]);

		if (!resident)
			return false;
		others = u64_add_sat(others, resident);
		others = u64_add_sat(others, s->guests[i].store.metadata_bytes);
	}
	*ret = u64_sub_sat(s->host.total_bytes, others);
	return true;
}

static void roll(struct kvmb_own_use *u, uint64_t slot)
{
	if (slot == u->slot)
		return;
	if (slot < u->slot || slot - u->slot >= KVMB_OWN_USE_SLOTS)
		memset(u->least_bytes, 0, sizeof(u->least_bytes));
	else
		for (uint64_t i = u->slot + 1; i <= slot; i++)
			u->least_bytes[i % KVMB_OWN_USE_SLOTS] = 0;
	u->slot = slot;
}

static void see(struct kvmb_own_use *u, uint64_t bytes)
{
	uint64_t *least = &u->least_bytes[u->slot % KVMB_OWN_USE_SLOTS];

	*least = *least ? u64_min(*least, bytes) : bytes;
	u->last_bytes = bytes;
}

static uint64_t peak(const struct kvmb_own_use *u)
{
	uint64_t most = 0;

	for (size_t i = 0; i < KVMB_OWN_USE_SLOTS; i++)
		most = u64_max(most, u->least_bytes[i]);
	return most;
}

uint64_t kvmb_reserve_update(struct kvmb_own_use *u, const struct kvmb_sample *sample)
{
	uint64_t bytes = 0;

	roll(u, sample->now_ns / SLOT_NS);
	/* A guest that has just come has no figures yet: what was known still holds. */
	if (own_use(sample, &bytes))
		see(u, bytes);
	return u64_sub_sat(peak(u), u->last_bytes);
}
