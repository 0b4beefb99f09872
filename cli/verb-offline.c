// SPDX-License-Identifier: GPL-2.0-or-later
/* check-config and decide: no daemon, only the library. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <kvmballoon.h>

#include "ctl.h"
#include "json.h"
#include "plan.h"
#include "text.h"
#include "util.h"

#define DEFAULT_CONFIG KVMB_SYSCONFDIR "/kvm-balloond.conf"
/* A sample of the most guests there may be is far smaller. */
#define FILE_BYTES_MAX (64U << 20)

static inline void config_freep(struct kvmb_config **c)
{
	kvmb_config_free(*c);
}

static inline void sample_freep(struct kvmb_sample **s)
{
	kvmb_sample_free(*s);
}

static inline void state_freep(struct kvmb_state **s)
{
	kvmb_state_free(*s);
}

static inline void plan_freep(struct kvmb_plan **p)
{
	kvmb_plan_free(*p);
}

/* Of a file that was named; the default one may be missing, as the daemon sees it. */
static int load_config(const char *path, struct kvmb_config **ret, char **ret_error)
{
	if (path && access(path, R_OK) < 0)
		return -errno;
	return kvmb_config_load(NULL, path ?: DEFAULT_CONFIG, ret, ret_error);
}

/* Prints what is wrong in a file, or why it could not be read. */
static int bad_file(const char *path, int r, const char *why)
{
	_cleanup_free_ char *safe = text_escape(path, "");
	_cleanup_free_ char *text = text_escape(why ?: strerror(-r), "");

	return ctl_error(CTL_FAILED, "%s: %s", safe ?: "", text ?: "");
}

/* The library names file and line itself: the fault may be in a drop-in. */
static int bad_config(const char *path, int r, const char *why)
{
	_cleanup_free_ char *text = why ? text_escape(why, "") : NULL;

	return text ? ctl_error(CTL_FAILED, "%s", text) : bad_file(path, r, NULL);
}

int ctl_verb_check_config(struct ctl *ctl, int n, char **operands)
{
	_cleanup_(config_freep) struct kvmb_config *c = NULL;
	_cleanup_free_ char *why = NULL, *safe = NULL;
	const char *path = n ? operands[0] : DEFAULT_CONFIG;
	int r = load_config(n ? operands[0] : NULL, &c, &why);

	if (ctl->json) {
		int j = json_print_texts("File", path, "Fault",
					 r < 0 ? why ?: strerror(-r) : NULL, NULL);

		if (j < 0)
			return ctl_errno(j, "cannot print");
		return r < 0 ? CTL_FAILED : CTL_OK;
	}
	if (r < 0)
		return bad_config(path, r, why);
	safe = text_escape(path, "");
	printf("%s: %s; %zu guest section%s\n", safe ?: "",
	       access(path, F_OK) == 0 ? "no fault found" : "not there, so built-in values hold",
	       c->n_guests, c->n_guests == 1 ? "" : "s");
	return CTL_OK;
}

static int read_stream(FILE *f, char **ret)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0, n = 0;

	for (;;) {
		if (n + 1 >= size) {
			char *grown = realloc(text, size = size ? size * 2 : 65536);

			if (!grown)
				return -ENOMEM;
			text = grown;
		}
		n += fread(text + n, 1, size - n - 1, f);
		if (ferror(f))
			return errno ? -errno : -EIO;
		if (n > FILE_BYTES_MAX)
			return -EFBIG;
		if (feof(f))
			break;
	}
	text[n] = '\0';
	/* A NUL in the middle would hide the rest. */
	if (strlen(text) != n)
		return -EBADMSG;
	*ret = text;
	text = NULL;
	return 0;
}

static int read_text(const char *path, char **ret)
{
	_cleanup_fclose_ FILE *f = NULL;

	if (strcmp(path, "-") == 0)
		return read_stream(stdin, ret);
	f = fopen(path, "re");
	return f ? read_stream(f, ret) : -errno;
}

static int load_state(const char *path, struct kvmb_state **ret)
{
	_cleanup_free_ char *text = NULL;
	int r;

	if (!path)
		return kvmb_state_new(ret);
	r = read_text(path, &text);
	return r < 0 ? r : kvmb_state_from_json(text, ret);
}

static int print_plan(const struct ctl *ctl, const struct kvmb_plan *plan)
{
	_cleanup_free_ char *text = NULL;
	int r;

	if (!ctl->json)
		return plan_print(ctl, plan);
	r = kvmb_plan_to_json(plan, &text);
	if (r < 0)
		return r;
	return puts(text) == EOF ? -EIO : 0;
}

/* One sample: its plan is printed, and the state goes on to the next. */
static int decide(const struct ctl *ctl, const struct kvmb_config *c, struct kvmb_state **state,
		  const char *path)
{
	_cleanup_(sample_freep) struct kvmb_sample *sample = NULL;
	_cleanup_(plan_freep) struct kvmb_plan *plan = NULL;
	_cleanup_free_ char *text = NULL, *why = NULL;
	struct kvmb_state *after = NULL;
	int r = read_text(path, &text);

	if (r >= 0)
		r = kvmb_sample_from_json(text, &sample, &why);
	if (r < 0)
		return bad_file(path, r, why);
	r = kvmb_decide(c, *state, sample, &after, &plan);
	if (r == -EINVAL)
		return bad_file(path, r, "older than the sample or state before it");
	if (r < 0)
		return ctl_errno(r, "cannot decide");
	kvmb_state_free(*state);
	*state = after;
	r = print_plan(ctl, plan);
	return r < 0 ? ctl_errno(r, "cannot print the plan") : CTL_OK;
}

int ctl_verb_decide(struct ctl *ctl, int n, char **operands)
{
	_cleanup_(config_freep) struct kvmb_config *c = NULL;
	_cleanup_(state_freep) struct kvmb_state *state = NULL;
	_cleanup_free_ char *why = NULL;
	int r = load_config(ctl->config, &c, &why);

	if (r < 0)
		return bad_config(ctl->config ?: DEFAULT_CONFIG, r, why);
	r = load_state(ctl->state, &state);
	if (r < 0)
		return bad_file(ctl->state, r, NULL);
	r = CTL_OK;
	for (int i = 0; i < n && r == CTL_OK; i++) {
		if (i && !ctl->json)
			putchar('\n');
		r = decide(ctl, c, &state, operands[i]);
	}
	return r;
}
