// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * replay: the decisions of a recording, made again by the library that the daemon decides with. No
 * daemon is needed. Each tick is decided from the state that it was recorded with.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <kvmballoon.h>

#include "ctl.h"
#include "json.h"
#include "plan.h"
#include "text.h"
#include "util.h"

/* Far more than a tick of the most guests there may be. */
#define LINE_BYTES_MAX ((size_t)64 << 20)

struct replay {
	const struct ctl *ctl;
	const char *path;
	FILE *file;
	struct kvmb_config *recorded; /* in force where we are */
	struct kvmb_config *other;    /* --config, or NULL */
	struct replay_summary sum;
	uint64_t line;
	bool ended;
};

static void replay_clear(struct replay *r)
{
	if (r->file && r->file != stdin)
		(void)fclose(r->file);
	kvmb_config_free(r->recorded);
	kvmb_config_free(r->other);
}

static inline void record_freep(struct kvmb_record **r)
{
	kvmb_record_free(*r);
}

/* Says which line of which file is at fault. */
static int bad_line(const struct replay *r, const char *why)
{
	_cleanup_free_ char *path = text_escape(r->path, ""), *safe = text_escape(why, "");

	return ctl_error(CTL_FAILED, "%s:%" PRIu64 ": %s", path ?: "", r->line, safe ?: "");
}

/* 1: a line, without its end; 0: there is none any more; -EBADMSG: it has no end, or a NUL. */
static int read_line(FILE *f, char **ret)
{
	_cleanup_free_ char *line = NULL;
	size_t n = 0, allocated = 0;
	int c;

	while ((c = getc_unlocked(f)) != EOF && c != '\n') {
		if (n + 1 >= allocated) {
			char *grown = realloc(line, allocated = allocated ? 2 * allocated : 4096);

			if (!grown)
				return -ENOMEM;
			line = grown;
		}
		if (!c)
			return -EBADMSG;
		if (n >= LINE_BYTES_MAX)
			return -EFBIG;
		line[n++] = (char)c;
	}
	if (ferror(f))
		return errno ? -errno : -EIO;
	if (c == EOF)
		return n ? -EBADMSG : 0;
	*ret = line ?: calloc(1, 1);
	if (!*ret)
		return -ENOMEM;
	(*ret)[n] = '\0';
	line = NULL;
	return 1;
}

/* When the agent saw this, by the clock of the host it ran on. */
static void print_when(const struct replay *r, const struct kvmb_sample *s)
{
	time_t when = (time_t)(s->realtime_usec / 1000000);
	struct tm tm = { 0 };
	char clock[32] = "";

	(void)localtime_r(&when, &tm);
	(void)strftime(clock, sizeof(clock), "%F %T", &tm);
	printf("Tick %" PRIu64 ", line %" PRIu64 ", %s: ", r->sum.n_ticks, r->line, clock);
}

static int print_plans(const struct replay *r, const struct kvmb_record *tick,
		       const struct kvmb_plan *now, bool same)
{
	int q = 0;

	print_when(r, tick->sample);
	if (same) {
		puts("the same plan.");
	} else {
		puts("another plan.\nThe daemon decided:");
		q = plan_print(r->ctl, tick->plan);
		puts("\nDecided now:");
	}
	if (q >= 0)
		q = plan_print(r->ctl, now);
	putchar('\n');
	return q;
}

static int show(const struct replay *r, const struct kvmb_record *tick,
		const struct kvmb_plan *plan, bool same)
{
	_cleanup_free_ char *was = NULL, *now = NULL;
	int q;

	if (!r->ctl->json)
		return print_plans(r, tick, plan, same);
	q = kvmb_plan_to_json(tick->plan, &was);
	if (q >= 0)
		q = kvmb_plan_to_json(plan, &now);
	return q < 0 ? q : json_print_replay_tick(&(const struct replay_tick){
		.n = r->sum.n_ticks, .line = r->line, .same = same, .was = was, .now = now });
}

/* By all that a plan says, its facts and sentences included. */
static int compare(const struct kvmb_plan *a, const struct kvmb_plan *b, bool *ret_same)
{
	_cleanup_free_ char *x = NULL, *y = NULL;
	int q = kvmb_plan_to_json(a, &x);

	if (q >= 0)
		q = kvmb_plan_to_json(b, &y);
	if (q >= 0)
		*ret_same = strcmp(x, y) == 0;
	return q;
}

static int replay_tick(struct replay *r, const struct kvmb_record *tick)
{
	struct kvmb_state *after = NULL;
	struct kvmb_plan *plan = NULL;
	bool same = false;
	int q = kvmb_decide(r->other ?: r->recorded, tick->state, tick->sample, &after, &plan);

	if (q >= 0)
		q = compare(tick->plan, plan, &same);
	if (q >= 0) {
		r->sum.n_ticks++;
		r->sum.n_different += !same;
		if (!same || r->ctl->all)
			q = show(r, tick, plan, same);
	}
	kvmb_state_free(after);
	kvmb_plan_free(plan);
	return q < 0 ? ctl_errno(q, "cannot replay") : CTL_OK;
}

static int take(struct replay *r, struct kvmb_record *record)
{
	if ((r->line == 1) != (record->kind == KVMB_RECORD_BEGIN))
		return bad_line(r, r->line == 1 ? "this is not how a recording begins" :
						  "a recording begins in the middle of another");
	if (r->ended)
		return bad_line(r, "something follows the end of the recording");
	if (record->kind == KVMB_RECORD_TICK)
		return replay_tick(r, record);
	r->ended = record->kind == KVMB_RECORD_END;
	if (record->config) {
		kvmb_config_free(r->recorded);
		r->recorded = record->config;
		record->config = NULL;
	}
	return CTL_OK;
}

static int next(struct replay *r, const char *line)
{
	_cleanup_(record_freep) struct kvmb_record *record = NULL;
	_cleanup_free_ char *why = NULL;
	int q = kvmb_record_from_json(line, &record, &why);

	return q < 0 ? bad_line(r, why ?: strerror(-q)) : take(r, record);
}

static int replay_all(struct replay *r)
{
	for (;;) {
		_cleanup_free_ char *line = NULL;
		int q = read_line(r->file, &line);

		if (q == 0 && r->ended)
			return CTL_OK;
		r->line++;
		if (q == 0 || q == -EBADMSG)
			return bad_line(r, r->line == 1 ? "this is no recording" :
							  "the recording breaks off here");
		q = q < 0 ? bad_line(r, strerror(-q)) : next(r, line);
		if (q != CTL_OK)
			return q;
	}
}

static int load_other(struct replay *r)
{
	const char *path = r->ctl->config;
	_cleanup_free_ char *why = NULL, *safe = NULL;
	int q;

	if (!path)
		return CTL_OK;
	q = access(path, R_OK) < 0 ? -errno : kvmb_config_load(NULL, path, &r->other, &why);
	if (q >= 0)
		return CTL_OK;
	safe = text_escape(why ?: path, "");
	return ctl_error(CTL_FAILED, "%s%s%s", safe ?: "", why ? "" : ": ",
			 why ? "" : strerror(-q));
}

static int print_summary(const struct replay *r)
{
	const struct replay_summary *s = &r->sum;

	if (r->ctl->json)
		return json_print_replay_summary(s);
	return printf("%" PRIu64 " tick%s, %" PRIu64 " identical, %" PRIu64 " different\n",
		      s->n_ticks, s->n_ticks == 1 ? "" : "s", s->n_ticks - s->n_different,
		      s->n_different) < 0 ? -EIO : 0;
}

int ctl_verb_replay(struct ctl *ctl, int n, char **operands)
{
	_cleanup_(replay_clear) struct replay r = { .ctl = ctl, .path = operands[0] };
	int status = load_other(&r), q;

	if (status != CTL_OK)
		return status;
	r.file = strcmp(r.path, "-") == 0 ? stdin : fopen(r.path, "re");
	if (!r.file) {
		_cleanup_free_ char *path = text_escape(r.path, "");

		return ctl_error(CTL_FAILED, "%s: %s", path ?: "", strerror(errno));
	}
	status = replay_all(&r);
	/* Of what is no recording there is nothing to sum up. */
	q = r.line > 1 ? print_summary(&r) : 0;
	if (q < 0)
		return ctl_errno(q, "cannot print");
	/* With another configuration a difference is what was asked for. */
	return status == CTL_OK && r.sum.n_different && !r.other ? CTL_FAILED : status;
}
