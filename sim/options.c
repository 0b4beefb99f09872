// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the command line: a table of numbers with their ranges, and a few others. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "cli/util.h"
#include "config.h"

enum {
	OPTION_VMS = 256, /* the first of the numbers */
	OPTION_DAYS,
	OPTION_STEP,
	OPTION_SEED,
	OPTION_PATTERN, /* the last that makes a trace */
	OPTION_TRACE,   /* the first that only run takes */
	OPTION_RATIO,
	OPTION_HOST_MEMORY,
	OPTION_HOST_SWAP,
	OPTION_CONFIG,
	OPTION_EVERY_HOST,
	OPTION_JSON,
	OPTION_SVG,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{ "vms", required_argument, NULL, OPTION_VMS },
	{ "days", required_argument, NULL, OPTION_DAYS },
	{ "step", required_argument, NULL, OPTION_STEP },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "pattern", required_argument, NULL, OPTION_PATTERN },
	{ "trace", required_argument, NULL, OPTION_TRACE },
	{ "ratio", required_argument, NULL, OPTION_RATIO },
	{ "host-memory", required_argument, NULL, OPTION_HOST_MEMORY },
	{ "host-swap", required_argument, NULL, OPTION_HOST_SWAP },
	{ "config", required_argument, NULL, OPTION_CONFIG },
	{ "every-host", no_argument, NULL, OPTION_EVERY_HOST },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "svg", required_argument, NULL, OPTION_SVG },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

static const struct number {
	const char *name;
	size_t offset; /* in struct generate_params */
	uint64_t min, max;
} numbers[] = {
	[OPTION_VMS - OPTION_VMS] = { "vms", offsetof(struct generate_params, n_vms), 1,
				      FEED_VMS_MAX },
	[OPTION_DAYS - OPTION_VMS] = { "days", offsetof(struct generate_params, days), 1, 3650 },
	[OPTION_STEP - OPTION_VMS] = { "step", offsetof(struct generate_params, step_sec), 1,
				       FEED_STEP_SEC_MAX },
	[OPTION_SEED - OPTION_VMS] = { "seed", offsetof(struct generate_params, seed), 0,
				       UINT64_MAX },
};

static const char help[] =
	"Usage: kvm-balloonsim generate [OPTION...]\n"
	"       kvm-balloonsim run [OPTION...]\n\n"
	"Tell what an overcommit ratio would do to a fleet of machines, or make a trace of one.\n\n"
	"A trace is made of:\n"
	"  --vms=N            machines (100)\n"
	"  --days=N           length (1)\n"
	"  --step=SECONDS     between two lines of a machine (300)\n"
	"  --seed=N           another seed, another trace (1)\n"
	"  --pattern=PATTERN  diurnal, bursty, correlated or mixed (mixed)\n\n"
	"run only:\n"
	"  --trace=FILE       read this one, - is standard input; else one is made\n"
	"  --ratio=R[,R...]   provisioned memory to a host's (1.5)\n"
	"  --host-memory=SIZE RAM of a host (256G)\n"
	"  --host-swap=SIZE   swap of a host (a quarter of its RAM)\n"
	"  --config=FILE      policy, as kvm-balloond.conf(5); else what is built in\n"
	"  --every-host       ask the policy for every host in every step: the same, slowly\n"
	"  --json             a JSON object a line\n"
	"  --svg=FILE         write a curve of ratio and risk\n"
	"  -h, --help, --version\n";

/* Digits only; false where there are others, or too many. */
static bool parse_number(const char *text, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*text)
		return false;
	for (; *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*text - '0'), &v))
			return false;
	*ret = v;
	return !*text;
}

static int set_number(struct options *o, int option, const char *text)
{
	const struct number *n = &numbers[option - OPTION_VMS];
	uint64_t v;

	if (!parse_number(text, &v) || v < n->min || v > n->max)
		return sim_error(SIM_USAGE, "--%s takes a number, %" PRIu64 " to %" PRIu64, n->name,
				 n->min, n->max);
	*(uint64_t *)((char *)&o->generate + n->offset) = v;
	return SIM_OK;
}

static int set_pattern(struct options *o, const char *text)
{
	int pattern = pattern_from_string(text);

	if (pattern < 0)
		return sim_error(SIM_USAGE,
				 "--pattern takes diurnal, bursty, correlated or mixed");
	o->generate.pattern = (enum pattern)pattern;
	return SIM_OK;
}

/* "1", "1.5", "2.25": percent, and *text moves on to what follows. */
static bool take_ratio(const char **text, uint32_t *ret)
{
	const char *c = *text;
	uint32_t v = 0, unit = 100;

	if (*c < '0' || *c > '9')
		return false;
	for (; *c >= '0' && *c <= '9' && v <= RATIO_PERCENT_MAX; c++)
		v = v * 10 + (uint32_t)(*c - '0');
	v *= 100;
	if (*c == '.' && c[1] >= '0' && c[1] <= '9')
		for (c++; *c >= '0' && *c <= '9' && unit > 1; c++)
			v += (uint32_t)(*c - '0') * (unit /= 10);
	if (v < RATIO_PERCENT_MIN || v > RATIO_PERCENT_MAX)
		return false;
	*ret = v;
	*text = c;
	return true;
}

static int set_ratios(struct options *o, const char *text)
{
	struct simulation *s = &o->simulation;

	s->n_ratios = 0;
	while (s->n_ratios < RATIOS_MAX && take_ratio(&text, &s->ratios_percent[s->n_ratios])) {
		s->n_ratios++;
		if (!*text)
			return SIM_OK;
		if (*text++ != ',')
			break;
	}
	return sim_error(SIM_USAGE, "--ratio takes up to 32 numbers from 0.1 to 10, of two "
				    "decimals at most, with commas between them");
}

/* Below 64 TiB: sums over a host stay in 63 bits. */
static int set_bytes(const char *name, const char *text, uint64_t least, uint64_t *ret)
{
	uint64_t v;

	if (kvmb_parse_bytes(text, &v) < 0 || v < least || v > UINT64_C(1) << 46)
		return sim_error(SIM_USAGE, "--%s takes a size, as 256G, up to 64T%s", name,
				 least ? ", and 1G at least" : "");
	*ret = v;
	return SIM_OK;
}

static int set_option(struct options *o, int option, const char *text)
{
	struct simulation *s = &o->simulation;

	switch (option) {
	case OPTION_VMS ... OPTION_SEED:
		return set_number(o, option, text);
	case OPTION_PATTERN:
		return set_pattern(o, text);
	case OPTION_TRACE:
		o->trace = text;
		return SIM_OK;
	case OPTION_RATIO:
		return set_ratios(o, text);
	case OPTION_HOST_MEMORY:
		return set_bytes("host-memory", text, UINT64_C(1) << 30, &s->host_memory_bytes);
	case OPTION_HOST_SWAP:
		return set_bytes("host-swap", text, 0, &s->host_swap_bytes);
	case OPTION_CONFIG:
		o->config = text;
		return SIM_OK;
	case OPTION_EVERY_HOST:
		s->every_host = true;
		return SIM_OK;
	case OPTION_JSON:
		o->json = true;
		return SIM_OK;
	case OPTION_SVG:
		o->svg = text;
		return SIM_OK;
	}
	return SIM_USAGE; /* getopt has said what is wrong */
}

/* Says which of the options that were given do not go together. */
static int check(struct options *o, int argc, char **argv, bool made, bool for_run)
{
	if (optind + 1 != argc)
		return sim_error(SIM_USAGE, "one verb is needed, generate or run; see: "
					    "kvm-balloonsim --help");
	o->run = strcmp(argv[optind], "run") == 0;
	if (!o->run && strcmp(argv[optind], "generate") != 0)
		return sim_error(SIM_USAGE, "no verb '%s'; see: kvm-balloonsim --help",
				 argv[optind]);
	if (!o->run && for_run)
		return sim_error(SIM_USAGE, "generate takes only what a trace is made of");
	if (o->trace && made)
		return sim_error(SIM_USAGE, "--trace is given: no trace is made of anything");
	if (o->simulation.host_swap_bytes == UINT64_MAX)
		o->simulation.host_swap_bytes = o->simulation.host_memory_bytes / 4;
	return SIM_OK;
}

int options_read(struct options *ret, int argc, char **argv)
{
	struct options o = {
		.generate = { 100, 1, FEED_STEP_SEC, 1, PATTERN_MIXED },
		.simulation = { .host_memory_bytes = UINT64_C(256) << 30,
				.host_swap_bytes = UINT64_MAX,
				.n_ratios = 1,
				.ratios_percent = { 150 } },
	};
	bool made = false, for_run = false;
	int option, r = SIM_OK;

	while (r == SIM_OK && !o.done &&
	       (option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		o.done = option == 'h' || option == OPTION_VERSION;
		made |= option >= OPTION_VMS && option <= OPTION_PATTERN;
		for_run |= option >= OPTION_TRACE && option < OPTION_VERSION;
		if (option == 'h')
			fputs(help, stdout);
		else if (option == OPTION_VERSION)
			puts("kvm-balloonsim " PACKAGE_VERSION);
		else
			r = set_option(&o, option, optarg);
	}
	if (r == SIM_OK && !o.done)
		r = check(&o, argc, argv, made, for_run);
	if (r == SIM_OK)
		*ret = o;
	return r;
}
