// SPDX-License-Identifier: GPL-2.0-or-later
/* kvm-balloonsim: what an overcommit ratio would do to a fleet. Reads the command line, runs. */
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <string.h>

#include "cli/text.h"
#include "cli/util.h"
#include "generate.h"
#include "options.h"
#include "report.h"
#include "simulate.h"

int sim_error(int status, const char *format, ...)
{
	_cleanup_free_ char *text = NULL, *safe = NULL;
	va_list args;
	int r;

	va_start(args, format);
	r = vasprintf(&text, format, args);
	va_end(args);
	safe = r < 0 ? NULL : text_escape(text, "");
	fflush(stdout);
	fprintf(stderr, "kvm-balloonsim: %s\n", safe ?: "out of memory");
	return status;
}

static inline void config_freep(struct kvmb_config **c)
{
	kvmb_config_free(*c);
}

static int generate(const struct options *o)
{
	int r = generate_print(&o->generate, stdout);

	return r < 0 ? sim_error(SIM_FAILED, "cannot write the trace: %s", strerror(-r)) : SIM_OK;
}

/* A file that was named; without one the built-in values, whatever this host is configured to. */
static int load_config(const char *path, struct kvmb_config **ret)
{
	_cleanup_free_ char *why = NULL;
	_cleanup_fclose_ FILE *f = path ? fopen(path, "re") : NULL;
	int r = path && !f ? -errno : 0;

	if (r >= 0)
		r = path ? kvmb_config_load(NULL, path, ret, &why) : kvmb_config_new(ret);
	if (r >= 0)
		return SIM_OK;
	return why ? sim_error(SIM_FAILED, "%s", why) :
		     sim_error(SIM_FAILED, "%s: %s", path ?: "configuration", strerror(-r));
}

static int open_feed(const struct options *o, struct feed **ret)
{
	int r = o->trace ? feed_open_csv(o->trace, ret) : feed_generate(&o->generate, ret);

	return r < 0 ? sim_error(SIM_FAILED, "%s: %s", o->trace ?: "trace", strerror(-r)) : SIM_OK;
}

static int write_svg(const char *path, FILE *f, const struct fleet_report *reports, size_t n)
{
	int r = report_svg(reports, n, f);

	if (r >= 0 && fflush(f) != 0)
		r = -errno;
	return r < 0 ? sim_error(SIM_FAILED, "%s: %s", path, strerror(-r)) : SIM_OK;
}

static int print(const struct options *o, const struct fleet_report *reports, size_t n)
{
	int r = o->json ? report_json(reports, n, stdout) : report_table(reports, n);

	if (r >= 0 && fflush(stdout) != 0)
		r = -errno;
	if (r < 0)
		return sim_error(SIM_FAILED, "cannot print the report: %s", strerror(-r));
	return SIM_OK;
}

/* Opened before the run: it may take long, and would have been in vain. */
static int open_svg(const char *path, FILE **ret)
{
	*ret = path ? fopen(path, "we") : NULL;
	if (path && !*ret)
		return sim_error(SIM_FAILED, "%s: %s", path, strerror(errno));
	return SIM_OK;
}

static int run(const struct options *o)
{
	_cleanup_(config_freep) struct kvmb_config *config = NULL;
	_cleanup_(feed_freep) struct feed *feed = NULL;
	_cleanup_fclose_ FILE *svg = NULL;
	_cleanup_free_ char *why = NULL;
	struct fleet_report reports[RATIOS_MAX];
	struct simulation s = o->simulation;
	int r = load_config(o->config, &config);

	if (r == SIM_OK)
		r = open_feed(o, &feed);
	if (r == SIM_OK)
		r = open_svg(o->svg, &svg);
	if (r != SIM_OK)
		return r;
	s.config = config;
	r = simulate(&s, feed, reports, &why);
	if (r == -ENODATA)
		return sim_error(SIM_FAILED, "%s: there is no step in it", o->trace);
	if (r < 0)
		return sim_error(SIM_FAILED, "%s", why ?: strerror(-r));
	r = print(o, reports, s.n_ratios);
	return r == SIM_OK && svg ? write_svg(o->svg, svg, reports, s.n_ratios) : r;
}

int main(int argc, char **argv)
{
	struct options o;
	int status;

	setlocale(LC_ALL, "");
	status = options_read(&o, argc, argv);
	if (status != SIM_OK || o.done)
		return status;
	return o.run ? run(&o) : generate(&o);
}
