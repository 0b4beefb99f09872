// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands of the protocol: a table, and one short handler for each. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "facts.h"
#include "frames.h"
#include "worker.h"

#define ARGS_MAX 4
#define MIB_MAX  (64u << 10)
#define RATE_MAX 1000000u
/* an operation of 64 pages takes well under a millisecond when all is resident */
#define OP_PAGES 64u

/**
 * struct call - a command taken apart
 * @id:         what the caller wants back in the reply
 * @argc:       number of arguments after the verb
 * @argv:       the arguments
 * @background: reply at once instead of when the job ends
 */
struct call {
	const char *id;
	int argc;
	char *argv[ARGS_MAX];
	bool background;
};

/* A handler replies itself and returns NULL, or returns why it refuses. */
typedef const char *(*handler_fn)(struct worker *w, const struct call *c);

static bool parse_number(const char *text, uint64_t max, uint64_t *ret)
{
	char *end;
	unsigned long long v;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno || *end || v > max)
		return false;
	*ret = v;
	return true;
}

static const char *reply_ok(struct worker *w, const struct call *c)
{
	struct reply r;

	reply_begin(&r, c->id, 1);
	reply_send(&r, &w->port);
	return NULL;
}

static void wait_for_job(struct worker *w, const char *id)
{
	strncpy(w->waiting, id, sizeof(w->waiting) - 1);
	w->has_waiting = true;
}

static const char *start_job(struct worker *w, const struct call *c, enum job_kind kind,
			     enum arena_order order)
{
	uint64_t mib = 0;

	if (w->job.running)
		return "another job is running";
	if (kind != JOB_VERIFY && !parse_number(c->argv[0], MIB_MAX, &mib))
		return "MIB must be a number from 0 to 65536";
	job_start(&w->job, kind, mib, order);
	w->job.began_ns = now_ns();
	if (c->background)
		return reply_ok(w, c);
	wait_for_job(w, c->id);
	return NULL;
}

static const char *do_fill(struct worker *w, const struct call *c)
{
	return start_job(w, c, JOB_FILL, ARENA_TAIL);
}

static const char *do_free(struct worker *w, const struct call *c)
{
	if (c->argc < 2 || !strcmp(c->argv[1], "tail"))
		return start_job(w, c, JOB_FREE, ARENA_TAIL);
	if (!strcmp(c->argv[1], "scatter"))
		return start_job(w, c, JOB_FREE, ARENA_SCATTER);
	return "ORDER must be tail or scatter";
}

static const char *do_verify(struct worker *w, const struct call *c)
{
	return start_job(w, c, JOB_VERIFY, ARENA_TAIL);
}

static const char *do_cache(struct worker *w, const struct call *c)
{
	return start_job(w, c, JOB_CACHE, ARENA_TAIL);
}

/* So that a test can see verify and the touch check fail. */
static const char *do_corrupt(struct worker *w, const struct call *c)
{
	const size_t block = arena_pick(&w->arena, ARENA_SCATTER);

	if (block == ARENA_BLOCKS_MAX)
		return "nothing is filled";
	w->arena.base[block * ARENA_BLOCK_BYTES + ARENA_BLOCK_BYTES - 1] ^= 1;
	return reply_ok(w, c);
}

static const char *do_wait(struct worker *w, const struct call *c)
{
	if (w->has_waiting)
		return "somebody else waits for the job";
	wait_for_job(w, c->id);
	if (!w->job.running)
		worker_job_done(w);
	return NULL;
}

static const char *do_drop_caches(struct worker *w, const struct call *c)
{
	const int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	const bool done = fd >= 0 && write(fd, "3", 1) == 1;

	if (fd >= 0)
		close(fd);
	return done ? reply_ok(w, c) : "cannot write /proc/sys/vm/drop_caches";
}

static bool find_pattern(const char *word, enum hotset_pattern *ret)
{
	for (enum hotset_pattern p = 0; p < HOTSET_PATTERN_MAX; p++) {
		if (!strcmp(word, hotset_pattern_name(p))) {
			*ret = p;
			return true;
		}
	}
	return false;
}

static const char *do_hot(struct worker *w, const struct call *c)
{
	struct hotset *hot = &w->load.hot;
	enum hotset_pattern pattern = HOTSET_RUN;
	uint64_t percent, salt = 0;

	if (!parse_number(c->argv[0], 100, &percent))
		return "PERCENT must be a number from 0 to 100";
	if (c->argc > 1 && !find_pattern(c->argv[1], &pattern))
		return "PATTERN must be run, blocks, chunks or pages";
	if (c->argc > 2 && !parse_number(c->argv[2], UINT64_MAX, &salt))
		return "SALT must be a number";
	if (c->argc > 3 && strcmp(c->argv[3], "kept"))
		return "the last word must be kept";
	hot->percent = (unsigned int)percent;
	hot->pattern = pattern;
	hot->salt = salt;
	hot->kept = c->argc > 3;
	return hotset_rebuild(hot, &w->arena) < 0 ? "out of memory" : reply_ok(w, c);
}

static const char *do_rate(struct worker *w, const struct call *c)
{
	uint64_t rate, op_pages = OP_PAGES;

	if (!parse_number(c->argv[0], RATE_MAX, &rate))
		return "OPS must be a number from 0 to 1000000";
	if (c->argc > 1 && (!parse_number(c->argv[1], 1u << 20, &op_pages) || op_pages == 0))
		return "PAGES must be a number from 1 to 1048576";
	load_set_rate(&w->load, (unsigned int)rate, (unsigned int)op_pages, now_ns());
	return reply_ok(w, c);
}

static const char *do_idle(struct worker *w, const struct call *c)
{
	load_set_rate(&w->load, 0, OP_PAGES, now_ns());
	return reply_ok(w, c);
}

static const char *do_write(struct worker *w, const struct call *c)
{
	uint64_t percent;

	if (!parse_number(c->argv[0], 100, &percent))
		return "PERCENT must be a number from 0 to 100";
	w->load.write_percent = (unsigned int)percent;
	return reply_ok(w, c);
}

static void add_meter(struct reply *r, const char *name, const struct load_meter *m, uint64_t now)
{
	const double seconds = (double)(now - m->latency.since_ns) / 1e9;

	reply_add(r, "\"%s\":{\"seconds\":%.3f,\"ops\":%" PRIu64 ",\"missed_ops\":%" PRIu64 ",",
		  name, seconds, m->latency.count, m->missed);
	reply_add(r, "\"ops_per_s\":%.1f,\"pages_per_s\":%.0f,", (double)m->latency.count / seconds,
		  (double)m->pages / seconds);
	reply_add(r, "\"p50_usec\":%" PRIu64 ",\"p99_usec\":%" PRIu64 ",\"max_usec\":%" PRIu64 ",",
		  latency_quantile_usec(&m->latency, 5000),
		  latency_quantile_usec(&m->latency, 9900),
		  m->latency.max_ns / 1000);
	reply_add(r, "\"busy_usec\":%" PRIu64 ",\"bad\":%" PRIu64 "},", m->busy_ns / 1000, m->bad);
}

static void add_job(struct reply *r, const struct job *j)
{
	const uint64_t until_ns = j->running ? now_ns() : j->ended_ns;

	reply_add(r,
		  "\"job\":\"%s\",\"job_running\":%s,\"job_pages\":%"
		  PRIu64 ",\"job_seconds\":%.3f,",
		  job_name(j->kind), j->running ? "true" : "false", j->pages,
		  (double)(until_ns - j->began_ns) / 1e9);
}

static const char *do_stats(struct worker *w, const struct call *c)
{
	const struct load *l = &w->load;
	const uint64_t now = now_ns();
	struct reply r;

	reply_begin(&r, c->id, 1);
	reply_add(&r,
		  "\"filled_mib\":%zu,\"hot_pattern\":\"%s\",\"hot_percent\":%u,\"hot_pages\":%zu,",
		  w->arena.blocks * (ARENA_BLOCK_BYTES >> 20), hotset_pattern_name(l->hot.pattern),
		  l->hot.percent, hotset_pages(&l->hot));
	reply_add(&r, "\"rate\":%u,\"op_pages\":%u,\"write_percent\":%u,", l->rate, l->op_pages,
		  l->write_percent);
	add_meter(&r, "window", &l->window, now);
	add_meter(&r, "total", &l->total, now);
	add_job(&r, &w->job);
	reply_send(&r, &w->port);
	load_meter_reset(&w->load.window, now);
	return NULL;
}

static const char *do_hot_frames(struct worker *w, const struct call *c)
{
	struct frames f;
	struct reply r;

	if (frames_read(&w->arena, &w->load.hot, &f) < 0)
		return "cannot read /proc/self/pagemap";
	reply_begin(&r, c->id, 1);
	reply_add(&r, "\"hot_frames\":[");
	for (size_t i = 0; i < f.n_runs; i++)
		reply_add(&r, "%s[%" PRIu64 ",%" PRIu64 "]", i ? "," : "", f.first[i], f.n[i]);
	reply_add(&r, "],");
	reply_send(&r, &w->port);
	return NULL;
}

static const char *do_reset(struct worker *w, const struct call *c)
{
	const uint64_t now = now_ns();

	load_meter_reset(&w->load.window, now);
	load_meter_reset(&w->load.total, now);
	return reply_ok(w, c);
}

static const char *do_mem(struct worker *w, const struct call *c)
{
	struct facts f;
	struct reply r;

	if (facts_read(&f) < 0)
		return "cannot read /proc/meminfo";
	reply_begin(&r, c->id, 1);
	reply_add(&r,
		  "\"total_kib\":%" PRIu64 ",\"free_kib\":%" PRIu64
		  ",\"available_kib\":%" PRIu64 ",",
		  f.total_kib, f.free_kib, f.available_kib);
	reply_add(&r,
		  "\"cached_kib\":%" PRIu64 ",\"anon_kib\":%" PRIu64
		  ",\"anon_huge_kib\":%" PRIu64 ",",
		  f.cached_kib, f.anon_kib, f.anon_huge_kib);
	reply_add(&r, "\"oom_kills\":%" PRIu64 ",\"major_faults\":%" PRIu64 ",", f.oom_kills,
		  f.major_faults);
	reply_add(&r,
		  "\"balloon_inflated_pages\":%" PRIu64 ",\"balloon_deflated_pages\":%" PRIu64 ",",
		  f.balloon_inflated_pages, f.balloon_deflated_pages);
	reply_send(&r, &w->port);
	return NULL;
}

static const char *do_quit(struct worker *w, const struct call *c)
{
	w->quit = true;
	return reply_ok(w, c);
}

static const char *do_help(struct worker *w, const struct call *c);

static const struct command {
	const char *verb;
	const char *usage;
	int args_min;
	int args_max;
	handler_fn run;
} commands[] = {
	{ "ping",        "",                     0, 0, reply_ok },
	{ "fill",        "MIB",                  1, 1, do_fill },
	{ "free",        "MIB [tail|scatter]",   1, 2, do_free },
	{ "hot",         "PERCENT [run|blocks|chunks|pages [SALT [kept]]]", 1, 4, do_hot },
	{ "hot-frames",  "",                     0, 0, do_hot_frames },
	{ "rate",        "OPS [PAGES]",          1, 2, do_rate },
	{ "write",       "PERCENT",              1, 1, do_write },
	{ "idle",        "",                     0, 0, do_idle },
	{ "stats",       "",                     0, 0, do_stats },
	{ "reset",       "",                     0, 0, do_reset },
	{ "mem",         "",                     0, 0, do_mem },
	{ "cache",       "MIB",                  1, 1, do_cache },
	{ "drop-caches", "",                     0, 0, do_drop_caches },
	{ "verify",      "",                     0, 0, do_verify },
	{ "corrupt",     "",                     0, 0, do_corrupt },
	{ "wait",        "",                     0, 0, do_wait },
	{ "help",        "",                     0, 0, do_help },
	{ "quit",        "",                     0, 0, do_quit },
};

static const char *do_help(struct worker *w, const struct call *c)
{
	struct reply r;

	reply_begin(&r, c->id, 1);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		reply_add(&r, "\"%s\":\"%s\",", commands[i].verb, commands[i].usage);
	reply_send(&r, &w->port);
	return NULL;
}

static const char *run_command(struct worker *w, const char *verb, const struct call *c)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(verb, commands[i].verb))
			continue;
		if (c->argc < commands[i].args_min || c->argc > commands[i].args_max)
			return "wrong number of arguments, see help";
		return commands[i].run(w, c);
	}
	return "no such command, see help";
}

static bool id_is_plain(const char *id)
{
	size_t n = 0;

	while (isalnum((unsigned char)id[n]) || id[n] == '-')
		n++;
	return id[n] == '\0' && n < REPLY_ID_MAX;
}

void worker_command(struct worker *w, char *line)
{
	struct call c = { .id = "" };
	const char *refused;
	char *save, *verb = strtok_r(line, " \t\r", &save);

	if (verb && verb[0] == '@' && id_is_plain(verb + 1)) {
		c.id = verb + 1;
		verb = strtok_r(NULL, " \t\r", &save);
	}
	if (verb && !strcmp(verb, "bg")) {
		c.background = true;
		verb = strtok_r(NULL, " \t\r", &save);
	}
	if (!verb)
		return;
	while (c.argc < ARGS_MAX && (c.argv[c.argc] = strtok_r(NULL, " \t\r", &save)))
		c.argc++;
	refused = run_command(w, verb, &c);
	if (refused)
		reply_error(&w->port, c.id, refused);
}

static void add_verdict(struct reply *r, const struct worker *w)
{
	const struct job *j = &w->job;

	if (j->error == -EBADMSG)
		reply_add(r,
			  "\"error\":\"bad page\",\"page\":%" PRIu64 ",\"word\":%d,", j->bad_page,
			  j->bad_word);
	else if (j->error < 0)
		reply_add(r, "\"error\":\"%s\",", strerror(-j->error));
	reply_add(r, "\"pages\":%" PRIu64 ",\"bytes\":%" PRIu64 ",", j->pages,
		  j->pages * CONTENT_PAGE_BYTES);
	reply_add(r, "\"filled_mib\":%zu,", w->arena.blocks * (ARENA_BLOCK_BYTES >> 20));
}

void worker_job_done(struct worker *w)
{
	struct reply r;

	if (!w->has_waiting)
		return;
	w->has_waiting = false;
	reply_begin(&r, w->waiting, w->job.error == 0);
	add_job(&r, &w->job);
	add_verdict(&r, w);
	reply_send(&r, &w->port);
}
