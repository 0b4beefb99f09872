/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's policy: built-in values, key=value pairs, overlay, contradictions.
 */
#include "model/policy.h"

#include <errno.h>

#include "base/parse.h"
#include "base/str.h"

void kvmb_policy_builtin(struct kvmb_policy *ret)
{
	*ret = (struct kvmb_policy){
		.shares = 1000,
		.guarantee_bytes = 0,
		.limit_bytes = UINT64_MAX,
		.refault_target_ppm = 2000, /* 0.2 % of the working set per minute */
		.priority = KVMB_PRIORITY_NORMAL,
		.mode = KVMB_MODE_PRESSURE,
		.backend = KVMB_BACKEND_AUTO,
	};
}

static void copy_field(struct kvmb_policy *p, const struct kvmb_policy *from,
		       enum kvmb_policy_field field)
{
	switch (field) {
	case KVMB_FIELD_GUARANTEE:
		p->guarantee_bytes = from->guarantee_bytes;
		break;
	case KVMB_FIELD_LIMIT:
		p->limit_bytes = from->limit_bytes;
		break;
	case KVMB_FIELD_SHARES:
		p->shares = from->shares;
		break;
	case KVMB_FIELD_PRIORITY:
		p->priority = from->priority;
		break;
	case KVMB_FIELD_REFAULT_TARGET:
		p->refault_target_ppm = from->refault_target_ppm;
		break;
	case KVMB_FIELD_MODE:
		p->mode = from->mode;
		break;
	case KVMB_FIELD_BACKEND:
		p->backend = from->backend;
		break;
	case KVMB_FIELDS:
		break;
	}
}

void kvmb_policy_overlay(struct kvmb_policy *p, const struct kvmb_policy *from,
			 enum kvmb_policy_source source)
{
	for (unsigned int field = 0; field < KVMB_FIELDS; field++) {
		if (!(from->set & 1U << field))
			continue;
		copy_field(p, from, field);
		p->set |= 1U << field;
		p->source[field] = source;
	}
}

void kvmb_policy_unset(struct kvmb_policy *p, uint32_t fields)
{
	struct kvmb_policy builtin;

	kvmb_policy_builtin(&builtin);
	for (unsigned int field = 0; field < KVMB_FIELDS; field++) {
		if (!(fields & 1U << field))
			continue;
		copy_field(p, &builtin, field);
		p->set &= ~(1U << field);
		p->source[field] = KVMB_POLICY_BUILTIN;
	}
}

bool kvmb_policy_agrees(const struct kvmb_policy *a, const struct kvmb_policy *b, uint32_t fields)
{
	struct kvmb_policy t = *a;

	for (unsigned int field = 0; field < KVMB_FIELDS; field++)
		if (fields & b->set & 1U << field)
			copy_field(&t, b, field);
	return (a->set & fields) == (b->set & fields) && a->shares == t.shares &&
	       a->guarantee_bytes == t.guarantee_bytes && a->limit_bytes == t.limit_bytes &&
	       a->refault_target_ppm == t.refault_target_ppm && a->priority == t.priority &&
	       a->mode == t.mode && a->backend == t.backend;
}

static int parse_limit(const char *value, uint64_t *ret)
{
	int r = streq(value, "max") ? 0 : kvmb_parse_bytes(value, ret);

	if (r < 0)
		return r;
	if (streq(value, "max"))
		*ret = UINT64_MAX;
	else if (*ret == 0)
		return -ERANGE; /* a guest of no memory */
	return 0;
}

static int parse_shares(const char *value, uint32_t *ret)
{
	uint64_t v;
	int r = kvmb_parse_u64(value, &v);

	if (r < 0)
		return r;
	if (v < KVMB_SHARES_MIN || v > KVMB_SHARES_MAX)
		return -ERANGE;
	*ret = (uint32_t)v;
	return 0;
}

static int parse_enum(const struct kvmb_tokens *t, const char *value, unsigned int *ret)
{
	int v = kvmb_token_from_string(t, value);

	if (v < 0)
		return v;
	*ret = (unsigned int)v;
	return 0;
}

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define SIZE_TEXT "bytes, or a number with K, M, G or T (powers of 1024), e.g. 512M"

static const char *const allowed[] = {
	[KVMB_FIELD_GUARANTEE] = SIZE_TEXT,
	[KVMB_FIELD_LIMIT] = "max, or more than 0 " SIZE_TEXT,
	[KVMB_FIELD_SHARES] = "a whole number from " TEXT(KVMB_SHARES_MIN) " to " TEXT(
		KVMB_SHARES_MAX),
	[KVMB_FIELD_PRIORITY] = "low, normal, high",
	[KVMB_FIELD_REFAULT_TARGET] = "0% to 100%, in steps of 0.0001%, e.g. 0.2%",
	[KVMB_FIELD_MODE] = "off, observe, pressure, proactive",
	[KVMB_FIELD_BACKEND] = "auto, swap, far",
};

static int parse_field(struct kvmb_policy *p, enum kvmb_policy_field field, const char *value)
{
	switch (field) {
	case KVMB_FIELD_GUARANTEE:
		return kvmb_parse_bytes(value, &p->guarantee_bytes);
	case KVMB_FIELD_LIMIT:
		return parse_limit(value, &p->limit_bytes);
	case KVMB_FIELD_SHARES:
		return parse_shares(value, &p->shares);
	case KVMB_FIELD_PRIORITY:
		return parse_enum(&kvmb_priority_tokens, value, &p->priority);
	case KVMB_FIELD_REFAULT_TARGET:
		return kvmb_parse_ppm(value, &p->refault_target_ppm);
	case KVMB_FIELD_MODE:
		return parse_enum(&kvmb_mode_tokens, value, &p->mode);
	case KVMB_FIELD_BACKEND:
		return parse_enum(&kvmb_backend_tokens, value, &p->backend);
	case KVMB_FIELDS:
		break;
	}
	return -EINVAL;
}

int kvmb_policy_set(struct kvmb_policy *p, const char *key, const char *value, char **ret_error)
{
	int field = kvmb_token_from_string(&kvmb_policy_field_tokens, key);
	struct kvmb_policy t = *p;

	if (field < 0)
		return kvmb_explain(-ENOENT, ret_error,
				    "unknown key '%s', allowed are Guarantee, Limit, Shares, "
				    "Priority, RefaultTarget, Mode, Backend", key);
	if (parse_field(&t, (enum kvmb_policy_field)field, value) < 0)
		return kvmb_explain(-EINVAL, ret_error, "%s=%s is not valid, allowed is %s", key,
				    value, allowed[field]);
	t.set |= 1U << field;
	*p = t;
	return 0;
}

int kvmb_policy_check(const struct kvmb_policy *p, char **ret_error)
{
	char guarantee[KVMB_BYTES_TEXT_SIZE], limit[KVMB_BYTES_TEXT_SIZE];

	if (p->guarantee_bytes <= p->limit_bytes)
		return 0;
	kvmb_format_bytes(guarantee, sizeof(guarantee), p->guarantee_bytes);
	kvmb_format_bytes(limit, sizeof(limit), p->limit_bytes);
	return kvmb_explain(-EINVAL, ret_error,
			    "Guarantee=%s is above Limit=%s, allowed is up to the limit",
			    guarantee, limit);
}
