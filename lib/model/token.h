/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tokens: the one spelling of every enumerator, used by JSON, D-Bus, configuration and CLI.
 */
#ifndef KVMB_MODEL_TOKEN_H
#define KVMB_MODEL_TOKEN_H

#include <kvmballoon.h>
#include <stddef.h>

struct kvmb_tokens {
	const char *const *names; /* indexed by the enumerator */
	size_t n;
};

extern const struct kvmb_tokens kvmb_mode_tokens;
extern const struct kvmb_tokens kvmb_priority_tokens;
extern const struct kvmb_tokens kvmb_backend_tokens;
extern const struct kvmb_tokens kvmb_compressor_tokens;
extern const struct kvmb_tokens kvmb_policy_field_tokens; /* keys: "Guarantee", ... */
extern const struct kvmb_tokens kvmb_policy_source_tokens;
extern const struct kvmb_tokens kvmb_guest_state_tokens;
extern const struct kvmb_tokens kvmb_aging_tokens;
extern const struct kvmb_tokens kvmb_why_tokens;
extern const struct kvmb_tokens kvmb_level_tokens;
extern const struct kvmb_tokens kvmb_action_kind_tokens; /* KVMB_ACTION_KINDS is "any" */
extern const struct kvmb_tokens kvmb_rule_tokens;
extern const struct kvmb_tokens kvmb_reservation_state_tokens;
extern const struct kvmb_tokens kvmb_ksm_state_tokens;

/** kvmb_token_to_string() - "invalid" for a number that is no enumerator; never NULL */
const char *kvmb_token_to_string(const struct kvmb_tokens *t, unsigned int v);
/** kvmb_token_from_string() - the enumerator, or -EINVAL */
int kvmb_token_from_string(const struct kvmb_tokens *t, const char *s);

#endif
