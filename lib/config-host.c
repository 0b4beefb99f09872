/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Section [Host]: its keys with kinds, ranges and built-in values, as one table.
 */
#include <errno.h>
#include <stddef.h>

#include "base/num.h"
#include "base/parse.h"
#include "base/str.h"
#include "config-internal.h"
#include "model/token.h"

enum kind {
	KIND_MODE,
	KIND_AUTO, /* bool: off, auto */
	KIND_YES, /* bool: no, yes */
	KIND_PERCENT, /* permyriad */
	KIND_BYTES,
	KIND_TIME, /* usec */
};

struct key {
	const char *name;
	enum kind kind;
	size_t offset;
	uint64_t min, max;
	const char *allowed;
	uint64_t least; /* of what is not 0 */
};

#define KEY(n, k, member, lo, hi, text)                                                            \
	{ n, KIND_##k, offsetof(struct kvmb_host_config, member), lo, hi, text, 0 }
#define PERCENT(n, member) KEY(n, PERCENT, member, 0, PERMYRIAD, "0% to 100%, in steps of 0.01%")
#define SIZE(n, member, lo, lo_text)                                                               \
	KEY(n, BYTES, member, lo, GIB << 10,                                                       \
	    lo_text " to 1T, as bytes or a number with K, M, G or T (powers of 1024)")

/* Indexed by enum kvmb_host_field. */
static const struct key keys[] = {
	[KVMB_HOST_MODE] = KEY("Mode", MODE, mode, 0, 0, "off, observe, pressure, proactive"),
	[KVMB_HOST_KSM] = KEY("KSM", AUTO, ksm_auto, 0, 0, "off, auto"),
	[KVMB_HOST_METADATA] = KEY("Metadata", YES, metadata, 0, 0, "yes, no"),
	/* shorter costs CPU for nothing, PSI triggers do not wait for it; longer is blind */
	[KVMB_HOST_INTERVAL] = KEY("Interval", TIME, interval_usec, 100 * USEC_PER_MSEC,
				   USEC_PER_MINUTE, "100ms to 1min"),
	[KVMB_HOST_ELEVATED_AVAILABLE] = PERCENT("ElevatedAvailable", elevated_available_permyriad),
	[KVMB_HOST_HARD_AVAILABLE] = PERCENT("HardAvailable", hard_available_permyriad),
	[KVMB_HOST_EMERGENCY_AVAILABLE] =
		PERCENT("EmergencyAvailable", emergency_available_permyriad),
	[KVMB_HOST_HYSTERESIS] = PERCENT("Hysteresis", hysteresis_permyriad),
	[KVMB_HOST_PRESSURE_SOME] = PERCENT("PressureSome", pressure_some_permyriad),
	[KVMB_HOST_PRESSURE_FULL] = PERCENT("PressureFull", pressure_full_permyriad),
	[KVMB_HOST_GUEST_PRESSURE_SOME] =
		PERCENT("GuestPressureSome", guest_pressure_some_permyriad),
	/* limits of the kernel: windows from 500 ms to 10 s, the stall within */
	[KVMB_HOST_TRIGGER_STALL] = KEY("TriggerStall", TIME, trigger_stall_usec, USEC_PER_MSEC,
					10 * USEC_PER_SEC, "1ms to 10s, below TriggerWindow"),
	[KVMB_HOST_TRIGGER_WINDOW] = KEY("TriggerWindow", TIME, trigger_window_usec,
					 500 * USEC_PER_MSEC, 10 * USEC_PER_SEC, "500ms to 10s"),
	[KVMB_HOST_SWAP_RESERVE] = PERCENT("SwapReserve", swap_reserve_permyriad),
	[KVMB_HOST_STEP] = SIZE("Step", step_bytes, 2 * MIB, "2M"),
	[KVMB_HOST_GUEST_RATE] = SIZE("GuestRate", guest_rate_bytes, MIB, "1M"),
	[KVMB_HOST_HOST_RATE] = SIZE("HostRate", host_rate_bytes, MIB, "1M"),
	[KVMB_HOST_GUEST_HEADROOM] = SIZE("GuestHeadroom", guest_headroom_bytes, 0, "0"),
	[KVMB_HOST_GUEST_HEADROOM_RATIO] =
		PERCENT("GuestHeadroomRatio", guest_headroom_permyriad),
	[KVMB_HOST_STALE] = KEY("Stale", TIME, stale_usec, 200 * USEC_PER_MSEC,
				10 * USEC_PER_MINUTE, "200ms to 10min, at least twice Interval"),
	[KVMB_HOST_AGING_INTERVAL] = { "AgingInterval", KIND_TIME,
				       offsetof(struct kvmb_host_config, aging_usec), 0,
				       60 * USEC_PER_MINUTE, "0 for never, or 1s to 1h",
				       USEC_PER_SEC },
	[KVMB_HOST_COLD_AGE] = KEY("ColdAge", TIME, cold_usec, USEC_PER_SEC, 81920 * USEC_PER_SEC,
				   "1s to 81920s, at least AgingInterval"),
	[KVMB_HOST_SWAP_WRITE_LIMIT] = SIZE("SwapWriteLimit", swap_write_bytes, 0, "0"),
	[KVMB_HOST_SWAP_LATENCY_LIMIT] = { "SwapLatencyLimit", KIND_TIME,
					   offsetof(struct kvmb_host_config, swap_latency_usec), 0,
					   10 * USEC_PER_SEC, "0 for none, or 1ms to 10s",
					   USEC_PER_MSEC },
};
_Static_assert(ARRAY_SIZE(keys) == KVMB_HOST_FIELDS, "each field has a key");

void kvmb_host_builtin(struct kvmb_host_config *ret)
{
	*ret = (struct kvmb_host_config){
		.mode = KVMB_MODE_PRESSURE,
		.metadata = true,
		.interval_usec = 2 * USEC_PER_SEC,
		.elevated_available_permyriad = 1500,
		.hard_available_permyriad = 800,
		.emergency_available_permyriad = 400,
		.hysteresis_permyriad = 200,
		.pressure_some_permyriad = 1000,
		.pressure_full_permyriad = 200,
		.guest_pressure_some_permyriad = 1000,
		.trigger_stall_usec = 100 * USEC_PER_MSEC,
		.trigger_window_usec = USEC_PER_SEC,
		.swap_reserve_permyriad = 1000,
		.step_bytes = 64 * MIB,
		.guest_rate_bytes = GIB,
		.host_rate_bytes = 4 * GIB,
		.guest_headroom_bytes = 32 * MIB,
		.guest_headroom_permyriad = 1000,
		.stale_usec = 10 * USEC_PER_SEC,
		.aging_usec = 15 * USEC_PER_SEC,
		.cold_usec = 2 * USEC_PER_MINUTE,
		.swap_latency_usec = 100 * USEC_PER_MSEC,
	};
}

static int parse_u64(const struct key *k, const char *value, uint64_t *member)
{
	uint64_t v;
	int r = k->kind == KIND_TIME ? kvmb_parse_usec(value, &v) : kvmb_parse_bytes(value, &v);

	if (r < 0)
		return r;
	if (v < k->min || v > k->max || (v && v < k->least))
		return -ERANGE;
	*member = v;
	return 0;
}

static int parse_mode(const char *value, enum kvmb_mode *member)
{
	int v = kvmb_mode_from_string(value);

	if (v < 0)
		return v;
	*member = (enum kvmb_mode)v;
	return 0;
}

static int parse_bool(const char *value, const char *yes, const char *no, bool *member)
{
	if (!streq(value, yes) && !streq(value, no))
		return -EINVAL;
	*member = streq(value, yes);
	return 0;
}

static int parse(const struct key *k, const char *value, void *member)
{
	switch (k->kind) {
	case KIND_MODE:
		return parse_mode(value, member);
	case KIND_AUTO:
		return parse_bool(value, "auto", "off", member);
	case KIND_YES:
		return parse_bool(value, "yes", "no", member);
	case KIND_PERCENT:
		return kvmb_parse_permyriad(value, member);
	default:
		return parse_u64(k, value, member);
	}
}

int kvmb_host_set(struct kvmb_host_config *h, const char *key, const char *value, char **ret_error)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!streq(keys[i].name, key))
			continue;
		if (parse(&keys[i], value, (char *)h + keys[i].offset) < 0)
			return kvmb_explain(-EINVAL, ret_error,
					    "%s=%s is not valid, allowed is %s", key, value,
					    keys[i].allowed);
		return (int)i;
	}
	return -ENOENT;
}
