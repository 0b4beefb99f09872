// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's Documentation/fault-injection has the names of these files. */
#define _GNU_SOURCE
#include "faults.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KNOBS "/sys/kernel/debug/"
#define MODULE "/sys/module/kvm_swap/"
#define PATH_MAX_KNOB 96

static const char *const attributes[] = { "failslab", "fail_page_alloc" };
#define N_ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

struct range {
	unsigned long start, end;
};

static bool is_on, is_armed;

static bool put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good;

	if (fd < 0)
		return false;
	good = write(fd, value, strlen(value)) == (ssize_t)strlen(value);
	close(fd);
	return good;
}

static bool put_knob(const char *attribute, const char *knob, const char *value)
{
	char path[PATH_MAX_KNOB];

	snprintf(path, sizeof(path), KNOBS "%s/%s", attribute, knob);
	return put(path, value);
}

/* 0 if there is no such file. */
static unsigned long get_number(const char *path)
{
	FILE *f = fopen(path, "re");
	char text[32] = "";

	if (!f)
		return 0;
	if (!fgets(text, sizeof(text), f))
		text[0] = 0;
	fclose(f);
	return strtoul(text, NULL, 0);
}

static bool put_range(const char *attribute, const char *kind, struct range range)
{
	char knob[32], text[32];

	snprintf(knob, sizeof(knob), "%s-start", kind);
	snprintf(text, sizeof(text), "%#lx", range.start);
	if (!put_knob(attribute, knob, text))
		return false;
	snprintf(knob, sizeof(knob), "%s-end", kind);
	snprintf(text, sizeof(text), "%#lx", range.end);
	return put_knob(attribute, knob, text);
}

/* A function of the kernel, up to the next one; empty where there is none of that name. */
static struct range function(const char *name)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	struct range range = {};
	char line[256], symbol[128];
	unsigned long at;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx %*c %127s", &at, symbol) != 2)
			continue;
		if (range.start && at > range.start) {
			range.end = at;
			break;
		}
		if (!strcmp(symbol, name))
			range.start = at;
	}
	if (f)
		fclose(f);
	return range;
}

/*
 * Only calls that come by the module's code: from its first function on, for its whole size. Where
 * memory ends while pages are added to it the kernel warns, whoever asked for them.
 */
static bool put_filter(const char *attribute)
{
	static struct range add_pages;
	unsigned long start = get_number(MODULE "sections/.text");

	if (!add_pages.end)
		add_pages = function("add_pages");
	return start && put_knob(attribute, "stacktrace-depth", "32") &&
	       put_range(attribute, "require",
			 (struct range){ start, start + get_number(MODULE "coresize") }) &&
	       put_range(attribute, "reject", add_pages);
}

static bool setup(const char *attribute, unsigned int percent)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", percent);
	return put_filter(attribute) && put_knob(attribute, "ignore-gfp-wait", "N") &&
	       put_knob(attribute, "task-filter", "N") && put_knob(attribute, "verbose", "0") &&
	       put_knob(attribute, "times", "-1") && put_knob(attribute, "probability", text);
}

const char *faults_setup(unsigned int percent)
{
	if (access("/proc/self/fail-nth", W_OK))
		return "this kernel has no fault injection";
	for (size_t i = 0; i < N_ATTRIBUTES; i++)
		if (!setup(attributes[i], percent))
			return "fault injection cannot be set up by debugfs";
	/* Else single pages never fail, nor pages for processes. */
	if (!put_knob("fail_page_alloc", "min-order", "0") ||
	    !put_knob("fail_page_alloc", "ignore-gfp-highmem", "N"))
		return "fault injection of pages cannot be set up by debugfs";
	is_on = true;
	return NULL;
}

void faults_stop(void)
{
	for (size_t i = 0; is_on && i < N_ATTRIBUTES; i++)
		put_knob(attributes[i], "probability", "0");
	is_on = false;
}

void faults_arm(unsigned int nth)
{
	char text[16];

	if (!is_on)
		return;
	snprintf(text, sizeof(text), "%u", nth);
	is_armed = put("/proc/thread-self/fail-nth", text);
}

bool faults_disarm(void)
{
	bool failed;

	if (!is_armed)
		return false;
	failed = !get_number("/proc/thread-self/fail-nth");
	put("/proc/thread-self/fail-nth", "0");
	is_armed = false;
	return failed;
}
