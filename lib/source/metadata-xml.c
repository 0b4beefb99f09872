/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The policy in a domain's metadata: one element of our namespace. */
#include "source/metadata-xml.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/str.h"
#include "model/policy.h"
#include "wrap/xml.h"

/* Longer than any name or value that is right, and short enough to be shown. */
#define TEXT_MAX 63

/* It will be shown on terminals. */
static bool is_plain(const char *text)
{
	size_t len = strlen(text);

	for (const char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			return false;
	return len <= TEXT_MAX;
}

static int take_attribute(void *ctx, const struct kvmb_xml_attribute *a)
{
	struct kvmb_metadata *m = ctx;
	_cleanup_free_ char *what = NULL;
	int r = -EBADMSG;

	if (a->uri)
		kvmb_str_format(m->error, sizeof(m->error),
				"an attribute of another namespace, allowed are those without one");
	else if (!is_plain(a->name))
		kvmb_str_format(m->error, sizeof(m->error),
				"the name of an attribute is not one of the keys, allowed are those"
				" in kvm-balloond.conf(5)");
	else if (!a->value || !is_plain(a->value))
		kvmb_str_format(m->error, sizeof(m->error),
				"%s: allowed are up to %d printable ASCII characters", a->name,
				TEXT_MAX);
	else
		r = kvmb_policy_set(&m->policy, a->name, a->value, &what);
	if (what)
		kvmb_str_format(m->error, sizeof(m->error), "%s", what);
	return r;
}

static int refuse(struct kvmb_metadata *m, const char *what)
{
	kvmb_str_format(m->error, sizeof(m->error), "%s", what);
	return -EBADMSG;
}

static int read_policy(const struct _xmlNode *policy, struct kvmb_metadata *m)
{
	_cleanup_free_ char *what = NULL;
	int r;

	if (!kvmb_xml_is(policy, "policy"))
		return refuse(m, "an unknown element of the agent's namespace, allowed is policy");
	if (!kvmb_xml_is_empty(policy))
		return refuse(m, "something stands in the element policy, allowed are attributes");
	r = kvmb_xml_attributes(policy, take_attribute, m);
	if (r >= 0)
		r = kvmb_policy_check(&m->policy, &what);
	return what ? refuse(m, what) : r;
}

static const struct _xmlNode *find_ours(const struct _xmlNode *node)
{
	while (node && !kvmb_xml_in(node, KVMB_METADATA_URI))
		node = kvmb_xml_next(node, NULL);
	return node;
}

static const struct _xmlNode *find_next(const struct _xmlNode *node)
{
	const struct _xmlNode *next = kvmb_xml_next(node, NULL);

	return next ? find_ours(next) : NULL;
}

void kvmb_metadata_read(const struct _xmlNode *domain, struct kvmb_metadata *ret)
{
	const struct _xmlNode *metadata = kvmb_xml_child(domain, "metadata");
	const struct _xmlNode *ours = find_ours(kvmb_xml_child(metadata, NULL));
	struct kvmb_metadata m = { .error = "" };
	int r = 0;

	kvmb_policy_builtin(&m.policy);
	if (ours && find_next(ours))
		r = refuse(&m, "two elements of the agent's namespace, allowed is one");
	else if (ours)
		r = read_policy(ours, &m);
	if (r < 0) {
		kvmb_policy_builtin(&m.policy);
		if (!m.error[0]) /* no memory for the text */
			(void)refuse(&m, strerror(-r));
	}
	*ret = m;
}

static int format_bytes(uint64_t bytes, char **s)
{
	char text[KVMB_BYTES_TEXT_SIZE];

	kvmb_format_bytes(text, sizeof(text), bytes);
	return kvmb_str_append(s, "%s", text);
}

static int format_value(const struct kvmb_policy *p, enum kvmb_policy_field field, char **s)
{
	switch (field) {
	case KVMB_FIELD_GUARANTEE:
		return format_bytes(p->guarantee_bytes, s);
	case KVMB_FIELD_LIMIT:
		return format_bytes(p->limit_bytes, s);
	case KVMB_FIELD_SHARES:
		return kvmb_str_append(s, "%" PRIu32, p->shares);
	case KVMB_FIELD_PRIORITY:
		return kvmb_str_append(s, "%s", kvmb_priority_to_string(p->priority));
	case KVMB_FIELD_REFAULT_TARGET:
		return kvmb_str_append(s, "%" PRIu32 ".%04" PRIu32 "%%",
				       p->refault_target_ppm / 10000,
				       p->refault_target_ppm % 10000);
	case KVMB_FIELD_MODE:
		return kvmb_str_append(s, "%s", kvmb_mode_to_string(p->mode));
	case KVMB_FIELD_BACKEND:
		return kvmb_str_append(s, "%s", kvmb_backend_to_string(p->backend));
	case KVMB_FIELDS:
		break;
	}
	return -EINVAL;
}

/* No value has a character that would have to be escaped. */
int kvmb_metadata_format(const struct kvmb_policy *p, char **ret)
{
	_cleanup_free_ char *s = NULL;
	int r = kvmb_str_append(&s, "<policy");

	for (unsigned int f = 0; r >= 0 && f < KVMB_FIELDS; f++) {
		if (!(p->set & 1U << f))
			continue;
		r = kvmb_str_append(&s, " %s=\"", kvmb_policy_field_to_string(f));
		if (r >= 0)
			r = format_value(p, f, &s);
		if (r >= 0)
			r = kvmb_str_append(&s, "\"");
	}
	if (r >= 0)
		r = kvmb_str_append(&s, "/>");
	if (r < 0)
		return r;
	*ret = TAKE_PTR(s);
	return 0;
}
