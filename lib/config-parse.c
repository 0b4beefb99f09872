/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One configuration file: text to values, each with the line that it stands in. No I/O.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/parse.h"
#include "base/str.h"
#include "config-internal.h"
#include "model/policy.h"
#include "wrap/ini.h"

enum section {
	SECTION_NONE,
	SECTION_HOST,
	SECTION_DEFAULTS,
	SECTION_CLASS,
	SECTION_GUEST,
};

struct file {
	struct kvmb_config_loader *l;
	const char *name;
	enum section section;
	char **ret_error;
};

void kvmb_config_loader_init(struct kvmb_config_loader *l)
{
	*l = (struct kvmb_config_loader){ .n_files = 0 };
	kvmb_host_builtin(&l->host);
	kvmb_policy_builtin(&l->defaults);
}

void kvmb_config_loader_done(struct kvmb_config_loader *l)
{
	for (size_t i = 0; i < l->n_files; i++)
		free(l->files[i]);
	free(l->files);
	free(l->sections);
	free(l->classes);
}

static int refuse(const struct file *f, unsigned int line, const char *what)
{
	return kvmb_explain(-EBADMSG, f->ret_error, "%s:%u: %s", f->name, line, what);
}

/* libvirt's names have no '/'. */
bool kvmb_name_valid(const char *name)
{
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f || *c == '/')
			return false;
	return *name && strlen(name) < KVMB_NAME_SIZE;
}

static int begin_guest(struct file *f, const char *name, unsigned int line)
{
	struct kvmb_config_loader *l = f->l;
	struct kvmb_guest_section *s;
	int r;

	if (!kvmb_name_valid(name))
		return refuse(f, line,
			      "bad guest name, allowed are 1 to 255 bytes without '/' and control "
			      "characters");
	if (l->n_sections >= KVMB_CONFIG_SECTIONS_MAX)
		return refuse(f, line, "too many guests, allowed are 65536 sections");
	r = kvmb_grow(&l->sections, l->n_sections, sizeof(*l->sections));
	if (r < 0)
		return r;
	s = &l->sections[l->n_sections];
	*s = (struct kvmb_guest_section){ .order = l->n_sections, .guest.line = line };
	kvmb_policy_builtin(&s->guest.policy);
	kvmb_str_format(s->guest.name, sizeof(s->guest.name), "%s", name);
	kvmb_str_format(s->guest.file, sizeof(s->guest.file), "%s", f->name);
	l->n_sections++;
	f->section = SECTION_GUEST;
	return 0;
}

static int begin_class(struct file *f, const char *pattern, unsigned int line)
{
	const char *what = NULL;
	int r = kvmb_class_begin(f->l, pattern, &what);

	if (r == -EINVAL)
		return refuse(f, line, what);
	if (r >= 0)
		f->section = SECTION_CLASS;
	return r;
}

/* What follows "Guest" or "Class", without the blanks around it. */
static int take_named(struct file *f, const char *text, unsigned int line,
		      int (*begin)(struct file *f, const char *name, unsigned int line))
{
	_cleanup_free_ char *name = strdup(text + strspn(text, " \t"));
	size_t len;

	if (!name)
		return -ENOMEM;
	for (len = strlen(name); len && strchr(" \t", name[len - 1]); len--)
		name[len - 1] = '\0';
	return begin(f, name, line);
}

static int take_section(void *ctx, const char *section, unsigned int line)
{
	struct file *f = ctx;
	const char *guest = kvmb_str_skip(section, "Guest ");
	const char *class = kvmb_str_skip(section, "Class ");

	if (guest)
		return take_named(f, guest, line, begin_guest);
	if (class)
		return take_named(f, class, line, begin_class);
	f->section = streq(section, "Host")	? SECTION_HOST :
		     streq(section, "Defaults") ? SECTION_DEFAULTS :
						  SECTION_NONE;
	if (f->section == SECTION_NONE)
		return kvmb_explain(-EBADMSG, f->ret_error,
				    "%s:%u: unknown section [%s], allowed are [Host], [Defaults], "
				    "[Class PATTERN] and [Guest NAME]", f->name, line, section);
	return 0;
}

static int set_host(struct file *f, const struct kvmb_ini_pair *pair, struct kvmb_origin origin,
		    char **ret_what)
{
	int r = kvmb_host_set(&f->l->host, pair->key, pair->value, ret_what);

	if (r < 0)
		return r;
	f->l->host_origin[r] = origin;
	return 0;
}

static int set_policy(struct kvmb_policy *p, struct kvmb_origin *origins,
		      const struct kvmb_ini_pair *pair, struct kvmb_origin origin, char **ret_what)
{
	int r = kvmb_policy_set(p, pair->key, pair->value, ret_what);

	for (unsigned int i = 0; r >= 0 && i < KVMB_FIELDS; i++)
		if (streq(pair->key, kvmb_policy_field_to_string(i)))
			origins[i] = origin;
	return r;
}

static int set_pair(struct file *f, const struct kvmb_ini_pair *pair, char **ret_what)
{
	struct kvmb_config_loader *l = f->l;
	struct kvmb_class_section *class;
	struct kvmb_guest_section *s;
	const struct kvmb_origin origin = {
		.file = (unsigned int)l->n_files - 1,
		.line = pair->line,
		.order = ++l->order,
	};

	switch (f->section) {
	case SECTION_HOST:
		return set_host(f, pair, origin, ret_what);
	case SECTION_DEFAULTS:
		return set_policy(&l->defaults, l->defaults_origin, pair, origin, ret_what);
	case SECTION_CLASS:
		class = &l->classes[l->n_classes - 1];
		return set_policy(&class->class.policy, class->origin, pair, origin, ret_what);
	case SECTION_GUEST:
		s = &l->sections[l->n_sections - 1];
		return set_policy(&s->guest.policy, s->origin, pair, origin, ret_what);
	case SECTION_NONE:
		break;
	}
	return kvmb_explain(-EINVAL, ret_what, "%s stands before any section, allowed are [Host], "
			    "[Defaults], [Class PATTERN] and [Guest NAME]", pair->key);
}

static int take_pair(void *ctx, const struct kvmb_ini_pair *pair)
{
	struct file *f = ctx;
	_cleanup_free_ char *what = NULL;
	int r = set_pair(f, pair, &what);

	if (r == -ENOENT && f->section == SECTION_HOST)
		return kvmb_explain(-EBADMSG, f->ret_error,
				    "%s:%u: unknown key '%s' in [Host], allowed are those in "
				    "kvm-balloond.conf(5)", f->name, pair->line, pair->key);
	if (r == -ENOENT || r == -EINVAL)
		return refuse(f, pair->line, what ? what : "not valid");
	return r;
}

static unsigned int line_at(const char *text, const char *at)
{
	unsigned int n = 1;

	for (; text < at; text++)
		n += *text == '\n';
	return n;
}

/* What no line of INI may hold: it would end the text early, or could not be shown on D-Bus. */
static int check_text(const struct file *f, const char *text, size_t len)
{
	const char *cursor = text, *line;
	size_t text_len = strlen(text), line_len;

	while ((line = kvmb_next_line(&cursor, &line_len)))
		if (!kvmb_utf8_valid(line, line_len))
			return refuse(f, line_at(text, line),
				      "not UTF-8, which is what is allowed");
	if (text_len != len)
		return refuse(f, line_at(text, text + text_len), "a NUL byte, allowed is text");
	return 0;
}

static int parse_text(struct file *f, const char *text, size_t len)
{
	static const struct kvmb_ini_ops ops = { take_section, take_pair };
	struct kvmb_ini_fault fault = { 0 };
	int r = check_text(f, text, len);

	if (r < 0)
		return r;
	r = kvmb_ini_parse(text, &ops, f, &fault);
	if (r >= 0 || !fault.what)
		return r;
	/* a callback may have found fault with a later line */
	free(*f->ret_error);
	*f->ret_error = NULL;
	return refuse(f, fault.line, fault.what);
}

int kvmb_config_parse(struct kvmb_config_loader *l, const char *name, const char *text, size_t len,
		      char **ret_error)
{
	_cleanup_free_ char *copy = strdup(name), *error = NULL;
	struct file f = { .l = l, .name = name, .ret_error = &error };
	int r;

	if (!copy)
		return -ENOMEM;
	r = kvmb_grow(&l->files, l->n_files, sizeof(*l->files));
	if (r < 0)
		return r;
	l->files[l->n_files++] = TAKE_PTR(copy);
	r = parse_text(&f, text, len);
	if (r < 0 && error && ret_error)
		*ret_error = TAKE_PTR(error);
	return r;
}
