/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * [Class PATTERN]: what holds for all guests whose names match.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/glob.h"
#include "base/str.h"
#include "config-internal.h"
#include "model/policy.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

int kvmb_class_begin(struct kvmb_config_loader *l, const char *pattern, const char **ret_what)
{
	struct kvmb_config_class *class;
	int r;

	*ret_what = !kvmb_name_valid(pattern) ?
			    "bad pattern, allowed are 1 to 255 bytes without '/' and control "
			    "characters" :
			    kvmb_glob_fault(pattern);
	if (!*ret_what && l->n_classes >= KVMB_CLASSES_MAX)
		*ret_what = "too many classes, allowed are " TEXT(KVMB_CLASSES_MAX) " sections";
	if (*ret_what)
		return -EINVAL;
	r = kvmb_grow(&l->classes, l->n_classes, sizeof(*l->classes));
	if (r < 0)
		return r;
	l->classes[l->n_classes] = (struct kvmb_class_section){ 0 };
	class = &l->classes[l->n_classes++].class;
	kvmb_policy_builtin(&class->policy);
	kvmb_str_format(class->pattern, sizeof(class->pattern), "%s", pattern);
	return 0;
}

int kvmb_class_finish(const struct kvmb_config_loader *l, struct kvmb_config *c)
{
	c->classes = reallocarray(NULL, l->n_classes ? l->n_classes : 1, sizeof(*c->classes));
	if (!c->classes)
		return -ENOMEM;
	for (; c->n_classes < l->n_classes; c->n_classes++)
		c->classes[c->n_classes] = l->classes[c->n_classes].class;
	return 0;
}
