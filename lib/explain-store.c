// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where a guest's cold memory goes, why there, and what is out. */
#include <inttypes.h>

#include "engine-internal.h"

#include "base/num.h"
#include "base/str.h"
#include "model/store.h"

#define P50 5000
#define P99 9900

/* A store is needed, and there is none. */
static bool lacks_store(const struct kvmb_guest_status *status)
{
	return status->backend_basis == KVMB_BACKEND_NO_STORE ||
	       (status->backend == KVMB_BACKEND_FAR && !status->sample->store.valid);
}

static const char *basis_text(const struct kvmb_guest_status *status)
{
	switch (status->backend_basis) {
	case KVMB_BACKEND_NO_SWAP:
		return "the host has no swap, and the kernel module offers a store";
	case KVMB_BACKEND_HAS_SWAP:
		return "the host has swap";
	case KVMB_BACKEND_NO_STORE:
		return "the host has no swap, and there is no store for it";
	default:
		return lacks_store(status) ? "its backend is far, and there is no store for it" :
					     "as configured";
	}
}

/* What keeps the module from ageing it keeps it from a store. */
static int explain_where(char **text, const struct kvmb_guest_status *status)
{
	const char *where = status->backend == KVMB_BACKEND_FAR ? "to its store" : "to swap";
	const char *reason = lacks_store(status) ? status->aging_reason ?: "" : "";
	int r = kvmb_str_append(text, "What is cold goes %s: %s",
				lacks_store(status) ? "nowhere" : where, basis_text(status));

	if (r >= 0 && *reason)
		r = kvmb_str_append(text, " (%s)", reason);
	return r < 0 ? r : kvmb_str_append(text, ".\n");
}

/* What is out is what left it; what that takes is the store's pool and what it remembers. */
static int explain_out(char **text, const struct kvmb_store *s)
{
	return kvmb_str_append(text,
			       "%" PRIu64 " MiB of it are out in its store, where they take %"
			       PRIu64 " MiB, and %" PRIu64 " MiB for what is remembered of them.\n",
			       s->out_bytes / MIB, s->pool_bytes / MIB, s->metadata_bytes / MIB);
}

static int explain_fault_time(char **text, const struct kvmb_store *s, uint32_t permyriad)
{
	uint64_t ns = kvmb_store_fault_ns(s, permyriad);

	if (ns == KVMB_UNKNOWN)
		return kvmb_str_append(text, "%" PRIu32 " %% of them took longer than can be told",
				       permyriad / 100);
	return kvmb_str_append(text, "%" PRIu32 " %% of them took %" PRIu64 " us at most",
			       permyriad / 100, (ns + NSEC_PER_USEC - 1) / NSEC_PER_USEC);
}

static int explain_back(char **text, const struct kvmb_store *s)
{
	int r = kvmb_str_append(text, "%" PRIu64 " pages came back from there when they were "
				"touched: ", s->faults);

	if (r >= 0)
		r = explain_fault_time(text, s, P50);
	if (r >= 0)
		r = kvmb_str_append(text, ", ");
	if (r >= 0)
		r = explain_fault_time(text, s, P99);
	return r < 0 ? r : kvmb_str_append(text, " (bounds of powers of two).\n");
}

int kvmb_explain_store(char **text, const struct kvmb_guest_status *status)
{
	const struct kvmb_store *s = &status->sample->store;
	int r = explain_where(text, status);

	if (r >= 0 && s->out_bytes)
		r = explain_out(text, s);
	if (r >= 0 && s->faults)
		r = explain_back(text, s);
	if (r >= 0 && s->integrity_failures)
		r = kvmb_str_append(text,
				    "%" PRIu64 " times a page could not be read back from there as "
				    "it was: whoever touches it gets SIGBUS.\n",
				    s->integrity_failures);
	return r;
}
