/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of kvm-balloond: parsing and --help.
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "config.h"
#include "util.h"

static void print_help(void)
{
	puts("kvm-balloond [OPTIONS...]\n"
	     "\n"
	     "Takes memory from KVM guests that can spare it when the host is short of it.\n"
	     "\n"
	     "  -h --help            show this help\n"
	     "     --version         show the version\n"
	     "     --config FILE     read FILE instead of " KVMB_SYSCONFDIR "/kvm-balloond.conf\n"
	     "     --root DIR        find /proc, /sys and /etc below DIR\n"
	     "     --uri URI         connect to this libvirt instead of qemu:///system\n"
	     "     --state FILE      keep the state here\n"
	     "     --address ADDR    use this bus instead of the system bus\n"
	     "     --dry-run         decide and report, do nothing to any guest\n"
	     "     --check-config    check the configuration and exit\n"
	     "     --release         give back what was taken from guests and exit\n"
	     "     --lift            lift limits on guests whose time is over and exit\n"
	     "     --bus-introspect  print the D-Bus interfaces as XML and exit\n"
	     "\n"
	     "See kvm-balloond(8).");
}

enum {
	OPT_VERSION = 0x100,
	OPT_CONFIG,
	OPT_ROOT,
	OPT_URI,
	OPT_STATE,
	OPT_ADDRESS,
	OPT_DRY_RUN,
	OPT_CHECK_CONFIG,
	OPT_RELEASE,
	OPT_LIFT,
	OPT_INTROSPECT,
};

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "root", required_argument, NULL, OPT_ROOT },
	{ "uri", required_argument, NULL, OPT_URI },
	{ "state", required_argument, NULL, OPT_STATE },
	{ "address", required_argument, NULL, OPT_ADDRESS },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "check-config", no_argument, NULL, OPT_CHECK_CONFIG },
	{ "release", no_argument, NULL, OPT_RELEASE },
	{ "lift", no_argument, NULL, OPT_LIFT },
	{ "bus-introspect", no_argument, NULL, OPT_INTROSPECT },
	{ NULL, 0, NULL, 0 },
};

static int set_mode(struct options *o, enum run_mode mode)
{
	if (o->mode != RUN_DAEMON && o->mode != mode) {
		fputs("kvm-balloond: only one of --check-config, --release, --lift and "
		      "--bus-introspect can be asked for\n",
		      stderr);
		return -EINVAL;
	}
	o->mode = mode;
	return 1;
}

static int take_option(struct options *o, int option)
{
	switch (option) {
	case 'h':
		print_help();
		return 0;
	case OPT_VERSION:
		puts(PACKAGE_STRING);
		return 0;
	case OPT_CONFIG:
		o->config = optarg;
		o->config_given = true;
		return 1;
	case OPT_ROOT:
		o->root = optarg;
		return 1;
	case OPT_URI:
		o->uri = optarg;
		return 1;
	case OPT_STATE:
		o->state = optarg;
		return 1;
	case OPT_ADDRESS:
		o->address = optarg;
		return 1;
	case OPT_DRY_RUN:
		o->dry_run = true;
		return 1;
	case OPT_CHECK_CONFIG:
		return set_mode(o, RUN_CHECK_CONFIG);
	case OPT_RELEASE:
		return set_mode(o, RUN_RELEASE);
	case OPT_LIFT:
		return set_mode(o, RUN_LIFT);
	case OPT_INTROSPECT:
		return set_mode(o, RUN_INTROSPECT);
	default:
		return -EINVAL; /* getopt has told why */
	}
}

int options_parse(int argc, char *argv[], struct options *ret)
{
	struct options o = {
		.mode = RUN_DAEMON,
		.config = KVMB_SYSCONFDIR "/kvm-balloond.conf",
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", long_options, NULL)) >= 0) {
		int r = take_option(&o, c);

		if (r <= 0)
			return r;
	}
	if (optind < argc) {
		fprintf(stderr, "kvm-balloond: %s: no arguments are taken, only options\n",
			argv[optind]);
		return -EINVAL;
	}
	*ret = o;
	return 1;
}
