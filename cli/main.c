// SPDX-License-Identifier: GPL-2.0-or-later
/* kvm-balloonctl: reads the command line and runs one verb. */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdarg.h>
#include <string.h>

#include "bus.h"
#include "ctl.h"
#include "help.h"
#include "term.h"
#include "util.h"

enum verb_flags {
	VERB_BUS = 1,    /* needs the daemon */
	VERB_TOP = 2,    /* takes -d, -n, --once */
	VERB_CONFIG = 4, /* takes --config */
	VERB_NAMES = 8,  /* takes --names */
	VERB_MAP = 16,   /* takes --svg and --watch, and -d and -n with the latter */
	VERB_STATE = 32, /* takes --state */
	VERB_UNTIL = 64, /* takes --ticks and --seconds */
	VERB_ALL = 128,  /* takes --all */
	VERB_WAIT = 256, /* takes --timeout, --wait and --at-least */
	VERB_FOR = 512,  /* takes --for */
	VERB_PERSIST = 1024, /* takes --persist */
};

static const struct verb {
	const char *name;
	ctl_verb_fn *run;
	int min, max; /* operands */
	int flags;
	const char *operands;
} verbs[] = {
	{ "list", ctl_verb_list, 0, 0, VERB_BUS | VERB_NAMES, "" },
	{ "status", ctl_verb_status, 0, 1, VERB_BUS, " [MACHINE]" },
	{ "top", ctl_verb_top, 0, 0, VERB_BUS | VERB_TOP, "" },
	{ "explain", ctl_verb_explain, 1, 1, VERB_BUS, " MACHINE" },
	{ "histogram", ctl_verb_histogram, 1, 1, VERB_BUS, " MACHINE" },
	{ "map", ctl_verb_map, 1, 1, VERB_BUS | VERB_TOP | VERB_MAP, " MACHINE" },
	{ "monitor", ctl_verb_monitor, 0, 0, VERB_BUS, "" },
	{ "set", ctl_verb_set, 2, 64, VERB_BUS | VERB_PERSIST, " MACHINE KEY=VALUE..." },
	{ "reclaim", ctl_verb_reclaim, 2, 2, VERB_BUS, " MACHINE SIZE" },
	{ "reserve", ctl_verb_reserve, 1, 1, VERB_BUS | VERB_WAIT | VERB_FOR, " SIZE" },
	{ "release", ctl_verb_release, 0, 1, VERB_BUS | VERB_FOR, " ID" },
	{ "reload", ctl_verb_reload, 0, 0, VERB_BUS, "" },
	{ "check-config", ctl_verb_check_config, 0, 1, 0, " [FILE]" },
	{ "decide", ctl_verb_decide, 1, 100000, VERB_CONFIG | VERB_STATE, " SAMPLE.json..." },
	{ "record", ctl_verb_record, 1, 1, VERB_BUS | VERB_UNTIL, " FILE" },
	{ "replay", ctl_verb_replay, 1, 1, VERB_CONFIG | VERB_ALL, " FILE" },
};

/* What the options were, and which of them only some verbs take. */
struct command_line {
	struct ctl ctl;
	enum colour_wish colour;
	const char *special[11]; /* by bit number of enum verb_flags: an option that was given */
	bool done;              /* --help and --version: nothing is left to do */
};

int ctl_error(int status, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("kvm-balloonctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return status;
}

int ctl_errno(int error, const char *what)
{
	return ctl_error(CTL_FAILED, "%s: %s", what, strerror(-error));
}

static int set_colour(struct command_line *c, const char *when)
{
	static const char *const names[] = {
		[COLOUR_AUTO] = "auto", [COLOUR_ALWAYS] = "always", [COLOUR_NEVER] = "never",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(when, names[i]) == 0) {
			c->colour = i;
			return CTL_OK;
		}
	return ctl_error(CTL_USAGE, "--colour= takes auto, always or never");
}

/* "2", "0.5": seconds, a tenth to an hour. */
static int set_delay(struct command_line *c, const char *text)
{
	char *end;
	unsigned long whole = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 100000;
	uint64_t usec = whole < 100000 ? (uint64_t)whole * 1000000 : UINT64_MAX;

	if (usec != UINT64_MAX && *end == '.') {
		uint64_t unit = 100000;

		for (end++; *end >= '0' && *end <= '9' && unit; end++, unit /= 10)
			usec += (uint64_t)(*end - '0') * unit;
	}
	if (usec == UINT64_MAX || *end || usec < 100000 || usec > 3600000000ULL)
		return ctl_error(CTL_USAGE, "-d takes seconds, 0.1 to 3600");
	c->ctl.delay_usec = usec;
	return CTL_OK;
}

static int set_frames(struct command_line *c, const char *text)
{
	char *end;
	unsigned long n = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;

	if (!n || *end || n > 1000000)
		return ctl_error(CTL_USAGE, "-n takes a number of frames, 1 to 1000000");
	c->ctl.frames = (unsigned int)n;
	return CTL_OK;
}

enum {
	OPTION_JSON = 256,
	OPTION_ADDRESS,
	OPTION_COLOUR,
	OPTION_NO_COLOUR,
	OPTION_VERSION,
	OPTION_ONCE,
	OPTION_CONFIG,
	OPTION_STATE,
	OPTION_NAMES,
	OPTION_SVG,
	OPTION_WATCH,
	OPTION_TICKS,
	OPTION_SECONDS,
	OPTION_ALL,
	OPTION_TIMEOUT,
	OPTION_WAIT,
	OPTION_FOR,
	OPTION_AT_LEAST,
	OPTION_PERSIST,
};

/* Remembers an option that not every verb takes; @bit is its number in enum verb_flags. */
static int special(struct command_line *c, int bit, const char *option)
{
	c->special[bit] = option;
	return CTL_OK;
}

/* Of --ticks and --seconds: 1 to a thousand million. */
static int set_number(const char *option, const char *text, uint64_t *ret)
{
	char *end;
	unsigned long n = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;

	if (!n || *end || n > 1000000000)
		return ctl_error(CTL_USAGE, "%s takes a number, 1 to 1000000000", option);
	*ret = n;
	return CTL_OK;
}

static int take_reserve_option(struct command_line *c, int option)
{
	switch (option) {
	case OPTION_TIMEOUT:
		c->ctl.timeout = optarg;
		return special(c, 8, "--timeout");
	case OPTION_WAIT:
		c->ctl.wait = optarg ?: "";
		return special(c, 8, "--wait");
	case OPTION_FOR:
		c->ctl.machine = optarg;
		return special(c, 9, "--for");
	case OPTION_AT_LEAST:
		c->ctl.at_least = true;
		return special(c, 8, "--at-least");
	default:
		fputs("Try 'kvm-balloonctl --help'.\n", stderr);
		return CTL_USAGE;
	}
}

static int take_recording_option(struct command_line *c, int option)
{
	switch (option) {
	case OPTION_TICKS:
		special(c, 6, "--ticks");
		return set_number("--ticks", optarg, &c->ctl.ticks);
	case OPTION_SECONDS:
		special(c, 6, "--seconds");
		return set_number("--seconds", optarg, &c->ctl.seconds);
	case OPTION_ALL:
		c->ctl.all = true;
		return special(c, 7, "--all");
	case OPTION_PERSIST:
		c->ctl.persist = true;
		return special(c, 10, "--persist");
	default:
		return take_reserve_option(c, option);
	}
}

static int take_special_option(struct command_line *c, int option)
{
	switch (option) {
	case 'd':
		special(c, 1, "-d");
		return set_delay(c, optarg);
	case 'n':
		special(c, 1, "-n");
		return set_frames(c, optarg);
	case OPTION_ONCE:
		c->ctl.frames = 1;
		return special(c, 1, "--once");
	case OPTION_CONFIG:
		c->ctl.config = optarg;
		return special(c, 2, "--config");
	case OPTION_STATE:
		c->ctl.state = optarg;
		return special(c, 5, "--state");
	case OPTION_NAMES:
		c->ctl.names = true;
		return special(c, 3, "--names");
	case OPTION_SVG:
		c->ctl.svg = optarg;
		return special(c, 4, "--svg");
	case OPTION_WATCH:
		c->ctl.watch = true;
		return special(c, 4, "--watch");
	default:
		return take_recording_option(c, option);
	}
}

static int take_option(struct command_line *c, int option)
{
	switch (option) {
	case 'h':
		c->done = true;
		return help_print();
	case OPTION_VERSION:
		c->done = true;
		return help_print_version();
	case 'H':
		c->ctl.host = optarg;
		return CTL_OK;
	case OPTION_ADDRESS:
		c->ctl.address = optarg;
		return CTL_OK;
	case OPTION_JSON:
		c->ctl.json = true;
		return CTL_OK;
	case OPTION_COLOUR:
		return set_colour(c, optarg);
	case OPTION_NO_COLOUR:
		c->colour = COLOUR_NEVER;
		return CTL_OK;
	default:
		return take_special_option(c, option);
	}
}

static int read_options(struct command_line *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ "host", required_argument, NULL, 'H' },
		{ "address", required_argument, NULL, OPTION_ADDRESS },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "colour", required_argument, NULL, OPTION_COLOUR },
		{ "color", required_argument, NULL, OPTION_COLOUR },
		{ "no-colour", no_argument, NULL, OPTION_NO_COLOUR },
		{ "no-color", no_argument, NULL, OPTION_NO_COLOUR },
		{ "delay", required_argument, NULL, 'd' },
		{ "frames", required_argument, NULL, 'n' },
		{ "once", no_argument, NULL, OPTION_ONCE },
		{ "config", required_argument, NULL, OPTION_CONFIG },
		{ "state", required_argument, NULL, OPTION_STATE },
		{ "names", no_argument, NULL, OPTION_NAMES },
		{ "svg", required_argument, NULL, OPTION_SVG },
		{ "watch", no_argument, NULL, OPTION_WATCH },
		{ "ticks", required_argument, NULL, OPTION_TICKS },
		{ "seconds", required_argument, NULL, OPTION_SECONDS },
		{ "all", no_argument, NULL, OPTION_ALL },
		{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
		{ "wait", optional_argument, NULL, OPTION_WAIT },
		{ "for", required_argument, NULL, OPTION_FOR },
		{ "at-least", no_argument, NULL, OPTION_AT_LEAST },
		{ "persist", no_argument, NULL, OPTION_PERSIST },
		{ NULL },
	};
	int option, status = CTL_OK;

	while (status == CTL_OK && !c->done &&
	       (option = getopt_long(argc, argv, "hH:d:n:", options, NULL)) >= 0)
		status = take_option(c, option);
	if (status == CTL_OK && c->ctl.host && !*c->ctl.host)
		return ctl_error(CTL_USAGE, "--host takes a host, as in root@server");
	if (status == CTL_OK && c->ctl.host && c->ctl.address)
		return ctl_error(CTL_USAGE, "--host and --address exclude each other");
	return status;
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(name, verbs[i].name) == 0)
			return &verbs[i];
	return NULL;
}

/* What the verb does not take, it does not silently ignore. */
static int check_usage(const struct command_line *c, const struct verb *verb, int n)
{
	for (unsigned int bit = 0; bit < ARRAY_SIZE(c->special); bit++)
		if (c->special[bit] && !(verb->flags & 1 << bit))
			return ctl_error(CTL_USAGE, "%s does not take %s; see: "
					 "kvm-balloonctl --help", verb->name, c->special[bit]);
	if ((verb->flags & VERB_MAP) && c->special[1] && !c->ctl.watch)
		return ctl_error(CTL_USAGE, "%s takes %s with --watch only", verb->name,
				 c->special[1]);
	if (n < verb->min || n > verb->max)
		return ctl_error(CTL_USAGE, "usage: kvm-balloonctl [OPTION...] %s%s", verb->name,
				 verb->operands);
	return CTL_OK;
}

static int run(struct command_line *c, const struct verb *verb, int n, char **operands)
{
	unsigned int rows;
	int status = CTL_OK;

	c->ctl.colours = term_colours(c->colour);
	term_size(&c->ctl.width, &rows);
	if (verb->flags & VERB_BUS)
		status = bus_open(&c->ctl);
	if (status == CTL_OK)
		status = verb->run(&c->ctl, n, operands);
	sd_bus_flush_close_unref(c->ctl.bus);
	/* A full disk or a closed pipe must not look like success. */
	if (fflush(stdout) != 0 && status == CTL_OK)
		return ctl_errno(-errno, "cannot write the output");
	return status;
}

int main(int argc, char **argv)
{
	struct command_line c = { .ctl = { .delay_usec = 2000000 } };
	const struct verb *verb;
	int status;

	setlocale(LC_ALL, "");
	status = read_options(&c, argc, argv);
	if (status != CTL_OK || c.done)
		return status;
	if (optind == argc)
		return ctl_error(CTL_USAGE, "what to do? See: kvm-balloonctl --help");
	verb = find_verb(argv[optind]);
	if (!verb)
		return ctl_error(CTL_USAGE, "no verb '%s'; see: kvm-balloonctl --help",
				 argv[optind]);
	status = check_usage(&c, verb, argc - optind - 1);
	return status == CTL_OK ? run(&c, verb, argc - optind - 1, argv + optind + 1) : status;
}
