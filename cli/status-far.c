// SPDX-License-Identifier: GPL-2.0-or-later
/* status of one machine: where its cold memory goes, what of it is out, and what that is worth. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fact.h"
#include "figure.h"
#include "status.h"

static const char *reason_text(const char *reason)
{
	static const struct {
		enum kvmb_backend_basis basis;
		const char *text;
	} texts[] = {
		{ KVMB_BACKEND_CONFIGURED, "configured" },
		{ KVMB_BACKEND_NO_SWAP, "the host has no swap, and there is a store" },
		{ KVMB_BACKEND_HAS_SWAP, "the host has swap" },
		{ KVMB_BACKEND_NO_STORE, "there is no store; but the host has no swap either" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(reason, kvmb_backend_basis_to_string(texts[i].basis)) == 0)
			return texts[i].text;
	return reason;
}

/* By how much it is smaller, all that it takes included. */
static struct figure ratio(const struct machine *m)
{
	uint64_t cost = m->far_pool_bytes + m->far_metadata_bytes;
	uint64_t ten_thousandth = cost / 10000;

	if (!ten_thousandth || m->far_bytes / ten_thousandth >= UINT32_MAX)
		return (struct figure){ "-" };
	return figure_times((uint32_t)(m->far_bytes / ten_thousandth));
}

/* A bound is a power of two of nanoseconds less one: rounded up, it is still one. */
static struct figure bound(uint64_t ns)
{
	struct figure f = { "more than can be told" };

	if (ns != UINT64_MAX)
		snprintf(f.text, sizeof(f.text), "%" PRIu64 " us", ns / 1000 + (ns % 1000 != 0));
	return f;
}

static void print_out(const struct ctl *ctl, const struct machine *m)
{
	if (!m->far_bytes) {
		fact_print(ctl, "Far", COLOUR_NONE, "nothing is out");
		return;
	}
	fact_print(ctl, "Far", COLOUR_NONE, "%s out, for which the host gives %s: %s to 1",
		   figure_size(m->far_bytes).text,
		   figure_size(m->far_pool_bytes + m->far_metadata_bytes).text, ratio(m).text);
	fact_print(ctl, "", COLOUR_NONE, "compressed to %s by %s%s; %s are one word repeated",
		   figure_size(m->far_stored_bytes).text, m->far_compressor,
		   m->far_encrypted ? ", encrypted" : ", not encrypted",
		   figure_size(m->far_same_filled_bytes).text);
}

static void print_back(const struct ctl *ctl, const struct machine *m)
{
	if (m->far_faults)
		fact_print(ctl, "Far faults", COLOUR_NONE,
			   "%s pages; half of them took %s at most, 99 %% %s (bounds of powers of "
			   "two)",
			   figure_count(m->far_faults, 20).text, bound(m->far_fault_p50_ns).text,
			   bound(m->far_fault_p99_ns).text);
	if (m->far_integrity_failures)
		fact_print(ctl, "Far losses", COLOUR_RED,
			   "%s times a page could not be read back as it was; whoever touches it "
			   "gets SIGBUS",
			   figure_count(m->far_integrity_failures, 20).text);
}

void status_print_far(const struct ctl *ctl, const struct machine *m)
{
	bool missing;

	/* An older daemon does not tell. */
	if (!*m->backend_used)
		return;
	missing = m->far_bytes == UINT64_MAX &&
		  strcmp(m->backend_used, kvmb_backend_to_string(KVMB_BACKEND_FAR)) == 0;
	fact_print(ctl, "Backend", missing ? COLOUR_YELLOW : COLOUR_NONE, "%s: %s%s",
		   m->backend_used, reason_text(m->backend_reason),
		   missing ? "; but there is no store for it" : "");
	if (m->far_bytes == UINT64_MAX)
		return;
	print_out(ctl, m);
	print_back(ctl, m);
}
