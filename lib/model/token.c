/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tokens: the one spelling of every enumerator.
 */
#include "model/token.h"

#include <errno.h>

#include "base/num.h"
#include "base/str.h"

static const char *const mode_names[] = {
	[KVMB_MODE_OFF] = "off",
	[KVMB_MODE_OBSERVE] = "observe",
	[KVMB_MODE_PRESSURE] = "pressure",
	[KVMB_MODE_PROACTIVE] = "proactive",
};
const struct kvmb_tokens kvmb_mode_tokens = { mode_names, ARRAY_SIZE(mode_names) };

static const char *const priority_names[] = {
	[KVMB_PRIORITY_LOW] = "low",
	[KVMB_PRIORITY_NORMAL] = "normal",
	[KVMB_PRIORITY_HIGH] = "high",
};
const struct kvmb_tokens kvmb_priority_tokens = { priority_names, ARRAY_SIZE(priority_names) };

static const char *const backend_names[] = {
	[KVMB_BACKEND_AUTO] = "auto",
	[KVMB_BACKEND_SWAP] = "swap",
	[KVMB_BACKEND_FAR] = "far",
};
_Static_assert(ARRAY_SIZE(backend_names) == KVMB_BACKENDS, "each backend has a token");
const struct kvmb_tokens kvmb_backend_tokens = { backend_names, ARRAY_SIZE(backend_names) };

static const char *const backend_basis_names[] = {
	[KVMB_BACKEND_CONFIGURED] = "configured",
	[KVMB_BACKEND_NO_SWAP] = "no-swap",
	[KVMB_BACKEND_HAS_SWAP] = "has-swap",
	[KVMB_BACKEND_NO_STORE] = "no-store",
};
_Static_assert(ARRAY_SIZE(backend_basis_names) == KVMB_BACKEND_BASES, "a name for each basis");
static const struct kvmb_tokens backend_basis_tokens = { backend_basis_names,
							 ARRAY_SIZE(backend_basis_names) };

static const char *const compressor_names[] = {
	[KVMB_COMPRESSOR_NONE] = "none",
	[KVMB_COMPRESSOR_LZ4] = "lz4",
	[KVMB_COMPRESSOR_ZSTD] = "zstd",
};
_Static_assert(ARRAY_SIZE(compressor_names) == KVMB_COMPRESSORS, "each compressor has a token");
const struct kvmb_tokens kvmb_compressor_tokens = { compressor_names,
						    ARRAY_SIZE(compressor_names) };

static const char *const policy_source_names[] = {
	[KVMB_POLICY_BUILTIN] = "builtin",
	[KVMB_POLICY_CONFIG] = "config",
	[KVMB_POLICY_CLASS] = "class",
	[KVMB_POLICY_METADATA] = "metadata",
	[KVMB_POLICY_GUEST] = "guest",
	[KVMB_POLICY_RUNTIME] = "runtime",
};
const struct kvmb_tokens kvmb_policy_source_tokens = { policy_source_names,
						       ARRAY_SIZE(policy_source_names) };

static const char *const guest_state_names[] = {
	[KVMB_GUEST_RUNNING] = "running",
	[KVMB_GUEST_PAUSED] = "paused",
	[KVMB_GUEST_SHUTDOWN] = "shutdown",
	[KVMB_GUEST_OTHER] = "other",
};
const struct kvmb_tokens kvmb_guest_state_tokens = { guest_state_names,
						     ARRAY_SIZE(guest_state_names) };

static const char *const aging_names[] = {
	[KVMB_AGING_NONE] = "none",
	[KVMB_AGING_MGLRU] = "mglru",
	[KVMB_AGING_DAMON] = "damon",
	[KVMB_AGING_MODULE] = "module",
};
_Static_assert(ARRAY_SIZE(aging_names) == KVMB_AGINGS, "each source of ages has a token");
const struct kvmb_tokens kvmb_aging_tokens = { aging_names, ARRAY_SIZE(aging_names) };

static const char *const why_names[] = {
	[KVMB_WHY_NONE] = "none",
	[KVMB_WHY_PAUSED] = "paused",
	[KVMB_WHY_SHUTDOWN] = "shutdown",
	[KVMB_WHY_NO_BALLOON] = "no-balloon",
	[KVMB_WHY_STATS_MISSING] = "stats-missing",
	[KVMB_WHY_STATS_STALE] = "stats-stale",
	[KVMB_WHY_STATS_ZERO] = "stats-zero",
	[KVMB_WHY_STATS_IMPOSSIBLE] = "stats-impossible",
	[KVMB_WHY_NO_CGROUP] = "no-cgroup",
	[KVMB_WHY_FACTS_STALE] = "facts-stale",
	[KVMB_WHY_MODE_OFF] = "mode-off",
	[KVMB_WHY_MODE_OBSERVE] = "mode-observe",
	[KVMB_WHY_AT_GUARANTEE] = "at-guarantee",
	[KVMB_WHY_GUEST_PRESSURE] = "guest-pressure",
	[KVMB_WHY_BACKOFF] = "backoff",
	[KVMB_WHY_IN_FLIGHT] = "in-flight",
	[KVMB_WHY_GUEST_RATE] = "guest-rate",
	[KVMB_WHY_HOST_RATE] = "host-rate",
	[KVMB_WHY_SWAP_RESERVE] = "swap-reserve",
	[KVMB_WHY_NO_SWAP] = "no-swap",
	[KVMB_WHY_TOO_SMALL] = "too-small",
	[KVMB_WHY_GONE] = "gone",
	[KVMB_WHY_CHANGED] = "changed",
	[KVMB_WHY_NO_EFFECT] = "no-effect",
	[KVMB_WHY_NOT_COLD] = "not-cold",
	[KVMB_WHY_PASSTHROUGH] = "passthrough",
	[KVMB_WHY_ENCRYPTED] = "encrypted",
	[KVMB_WHY_LOCKED] = "locked",
	[KVMB_WHY_HUGETLB] = "hugetlb",
	[KVMB_WHY_SHARED] = "shared",
	[KVMB_WHY_MIGRATING] = "migrating",
	[KVMB_WHY_SAVING] = "saving",
	[KVMB_WHY_SNAPSHOT] = "snapshot",
	[KVMB_WHY_BALLOON_DEAD] = "balloon-dead",
	[KVMB_WHY_DEFINITION] = "definition-unread",
	[KVMB_WHY_BALLOON_STUCK] = "balloon-stuck",
	[KVMB_WHY_SWAP_WRITES] = "swap-writes",
	[KVMB_WHY_SWAP_SLOW] = "swap-slow",
	[KVMB_WHY_LAST_RESORT] = "last-resort",
	[KVMB_WHY_REPORTING] = "reporting",
	[KVMB_WHY_RESERVED] = "reserved",
	[KVMB_WHY_NO_STORE] = "no-store",
	[KVMB_WHY_STORE_FULL] = "store-full",
	[KVMB_WHY_FAR_ONLY] = "far-only",
};
_Static_assert(ARRAY_SIZE(why_names) == KVMB_WHYS, "each reason has a token");
const struct kvmb_tokens kvmb_why_tokens = { why_names, ARRAY_SIZE(why_names) };

static const char *const level_names[] = {
	[KVMB_LEVEL_RELAXED] = "relaxed",
	[KVMB_LEVEL_ELEVATED] = "elevated",
	[KVMB_LEVEL_HARD] = "hard",
	[KVMB_LEVEL_EMERGENCY] = "emergency",
};
const struct kvmb_tokens kvmb_level_tokens = { level_names, ARRAY_SIZE(level_names) };

static const char *const action_kind_names[] = {
	[KVMB_ACTION_BALLOON] = "balloon",
	[KVMB_ACTION_DEFLATE] = "deflate",
	[KVMB_ACTION_RECLAIM] = "reclaim",
	[KVMB_ACTION_PAGEOUT] = "pageout",
	[KVMB_ACTION_HIGH] = "high",
	[KVMB_ACTION_KINDS] = "any",
};
const struct kvmb_tokens kvmb_action_kind_tokens = { action_kind_names,
						     ARRAY_SIZE(action_kind_names) };

static const char *const rule_names[] = {
	[KVMB_RULE_GUEST_FREE] = "guest-free",
	[KVMB_RULE_HOST_PRESSURE] = "host-pressure",
	[KVMB_RULE_GUEST_CACHE] = "guest-cache",
	[KVMB_RULE_PROACTIVE] = "proactive",
	[KVMB_RULE_GUEST_PRESSURE] = "guest-pressure",
	[KVMB_RULE_HOST_RELAXED] = "host-relaxed",
	[KVMB_RULE_LAST_RESORT] = "last-resort",
	[KVMB_RULE_LIMIT] = "limit",
	[KVMB_RULE_OPERATOR] = "operator",
	[KVMB_RULE_RELEASE] = "release",
};
_Static_assert(ARRAY_SIZE(rule_names) == KVMB_RULES, "each rule has a token");
const struct kvmb_tokens kvmb_rule_tokens = { rule_names, ARRAY_SIZE(rule_names) };

static const char *const ksm_state_names[] = {
	[KVMB_KSM_UNAVAILABLE] = "unavailable",
	[KVMB_KSM_OFF] = "off",
	[KVMB_KSM_IDLE] = "idle",
	[KVMB_KSM_PAUSED] = "paused",
	[KVMB_KSM_RUNNING] = "running",
	[KVMB_KSM_OTHERS] = "others",
};
_Static_assert(ARRAY_SIZE(ksm_state_names) == KVMB_KSM_STATES, "each state has a token");
const struct kvmb_tokens kvmb_ksm_state_tokens = { ksm_state_names, ARRAY_SIZE(ksm_state_names) };

static const char *const advice_basis_names[] = {
	[KVMB_ADVICE_WORKING_SET] = "working-set", [KVMB_ADVICE_SWAP] = "swap",
	[KVMB_ADVICE_NO_GUESTS] = "no-guests",     [KVMB_ADVICE_NO_AGES] = "no-ages",
	[KVMB_ADVICE_NO_FIGURES] = "no-figures",
};
_Static_assert(ARRAY_SIZE(advice_basis_names) == KVMB_ADVICE_BASES, "a name for each basis");
static const struct kvmb_tokens advice_basis_tokens = { advice_basis_names,
							ARRAY_SIZE(advice_basis_names) };

static const char *const reservation_state_names[] = {
	[KVMB_RESERVATION_PENDING] = "pending",
	[KVMB_RESERVATION_READY] = "ready",
	[KVMB_RESERVATION_USED] = "used",
	[KVMB_RESERVATION_EXPIRED] = "expired",
	[KVMB_RESERVATION_RELEASED] = "released",
};
_Static_assert(ARRAY_SIZE(reservation_state_names) == KVMB_RESERVATION_STATES,
	       "a name for each state of a reservation");
const struct kvmb_tokens kvmb_reservation_state_tokens = { reservation_state_names,
							   ARRAY_SIZE(reservation_state_names) };

static const char *const policy_field_names[] = {
	[KVMB_FIELD_GUARANTEE] = "Guarantee",
	[KVMB_FIELD_LIMIT] = "Limit",
	[KVMB_FIELD_SHARES] = "Shares",
	[KVMB_FIELD_PRIORITY] = "Priority",
	[KVMB_FIELD_REFAULT_TARGET] = "RefaultTarget",
	[KVMB_FIELD_MODE] = "Mode",
	[KVMB_FIELD_BACKEND] = "Backend",
};
_Static_assert(ARRAY_SIZE(policy_field_names) == KVMB_FIELDS, "each field has a key");
const struct kvmb_tokens kvmb_policy_field_tokens = { policy_field_names,
						      ARRAY_SIZE(policy_field_names) };

const char *kvmb_token_to_string(const struct kvmb_tokens *t, unsigned int v)
{
	return v < t->n ? t->names[v] : "invalid";
}

int kvmb_token_from_string(const struct kvmb_tokens *t, const char *s)
{
	for (size_t i = 0; i < t->n; i++)
		if (streq(t->names[i], s))
			return (int)i;
	return -EINVAL;
}

const char *kvmb_mode_to_string(enum kvmb_mode v)
{
	return kvmb_token_to_string(&kvmb_mode_tokens, v);
}

const char *kvmb_priority_to_string(enum kvmb_priority v)
{
	return kvmb_token_to_string(&kvmb_priority_tokens, v);
}

const char *kvmb_backend_to_string(enum kvmb_backend v)
{
	return kvmb_token_to_string(&kvmb_backend_tokens, v);
}

const char *kvmb_backend_basis_to_string(enum kvmb_backend_basis v)
{
	return kvmb_token_to_string(&backend_basis_tokens, v);
}

const char *kvmb_compressor_to_string(enum kvmb_compressor v)
{
	return kvmb_token_to_string(&kvmb_compressor_tokens, v);
}

const char *kvmb_policy_source_to_string(enum kvmb_policy_source v)
{
	return kvmb_token_to_string(&kvmb_policy_source_tokens, v);
}

const char *kvmb_policy_field_to_string(enum kvmb_policy_field v)
{
	return kvmb_token_to_string(&kvmb_policy_field_tokens, v);
}

int kvmb_mode_from_string(const char *s)
{
	return kvmb_token_from_string(&kvmb_mode_tokens, s);
}

int kvmb_priority_from_string(const char *s)
{
	return kvmb_token_from_string(&kvmb_priority_tokens, s);
}

const char *kvmb_why_to_string(enum kvmb_why v)
{
	return kvmb_token_to_string(&kvmb_why_tokens, v);
}

const char *kvmb_aging_to_string(enum kvmb_aging v)
{
	return kvmb_token_to_string(&kvmb_aging_tokens, v);
}

const char *kvmb_guest_state_to_string(enum kvmb_guest_state v)
{
	return kvmb_token_to_string(&kvmb_guest_state_tokens, v);
}

const char *kvmb_level_to_string(enum kvmb_level v)
{
	return kvmb_token_to_string(&kvmb_level_tokens, v);
}

const char *kvmb_action_kind_to_string(enum kvmb_action_kind v)
{
	return kvmb_token_to_string(&kvmb_action_kind_tokens, v);
}

const char *kvmb_rule_to_string(enum kvmb_rule v)
{
	return kvmb_token_to_string(&kvmb_rule_tokens, v);
}

const char *kvmb_reservation_state_to_string(enum kvmb_reservation_state v)
{
	return kvmb_token_to_string(&kvmb_reservation_state_tokens, v);
}

const char *kvmb_advice_basis_to_string(enum kvmb_advice_basis v)
{
	return kvmb_token_to_string(&advice_basis_tokens, v);
}

const char *kvmb_ksm_state_to_string(enum kvmb_ksm_state v)
{
	return kvmb_token_to_string(&kvmb_ksm_state_tokens, v);
}
