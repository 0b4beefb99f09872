// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Golden scenarios: each folder beside this file is a sample, with or without a configuration and a
 * previous state, and the plan that must come of them. The name of the folder says what it shows.
 *
 * KVMB_GOLDEN_UPDATE=1 writes the plans anew, to be read in the diff.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <kvmballoon.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/str.h"
#include "configuration.h"
#include "model/guest.h"
#include "model/plan.h"
#include "model/sample.h"
#include "model/state.h"
#include "../unit/put-file.h"

#define TEXT_MAX ((size_t)1 << 20)

struct scenario {
	struct kvmb_config *config;
	struct kvmb_state *state;
	struct kvmb_sample *sample;
};

static char *path_of(const char *name, const char *file)
{
	const char *srcdir = getenv("top_srcdir");
	char *path = NULL;

	assert_int_equal(kvmb_asprintf(&path, "%s/tests/golden/%s%s%s", srcdir ? srcdir : ".", name,
				       *file ? "/" : "", file), 0);
	return path;
}

/* NULL where there is no such file. */
static char *read_text(const char *name, const char *file)
{
	_cleanup_free_ char *path = path_of(name, file);
	char *text = NULL;
	int r = kvmb_read_alloc_at(AT_FDCWD, path, TEXT_MAX, &text, NULL);

	assert_true(r == 0 || r == -ENOENT);
	return text;
}

static void load(const char *name, struct scenario *ret)
{
	_cleanup_free_ char *sample = read_text(name, "sample.json");
	_cleanup_free_ char *state = read_text(name, "state.json");
	_cleanup_free_ char *root = path_of(name, "");
	_cleanup_free_ char *error = NULL;
	int r;

	*ret = (struct scenario){ NULL };
	assert_non_null(sample);
	r = kvmb_sample_from_json(sample, &ret->sample, &error);
	if (r >= 0)
		r = kvmb_config_load(root, "/kvm-balloond.conf", &ret->config, &error);
	if (r < 0)
		fail_msg("%s: %s", name, error ? error : strerror(-r));
	if (state)
		assert_int_equal(kvmb_state_from_json(state, &ret->state), 0);
	else
		assert_int_equal(kvmb_state_new(&ret->state), 0);
}

/* What a recorded sample says of its statistics is what would be said of them today. */
static void assert_stats(const struct scenario *s)
{
	for (size_t i = 0; i < s->sample->n_guests; i++) {
		struct kvmb_guest_sample g = s->sample->guests[i];

		kvmb_guest_check_stats(&g, s->config->host.stale_usec);
		assert_string_equal(kvmb_why_to_string(g.stats_why),
				    kvmb_why_to_string(s->sample->guests[i].stats_why));
	}
}

static void test_scenario(void **data)
{
	const char *name = *data;
	_cleanup_(kvmb_plan_freep) struct kvmb_plan *plan = NULL;
	_cleanup_(kvmb_state_freep) struct kvmb_state *next = NULL;
	_cleanup_free_ char *want = read_text(name, "plan.json");
	_cleanup_free_ char *got = NULL;
	struct scenario s;

	load(name, &s);
	assert_stats(&s);
	assert_int_equal(kvmb_decide(s.config, s.state, s.sample, &next, &plan), 0);
	assert_int_equal(kvmb_plan_to_json(plan, &got), 0);
	if (getenv("KVMB_GOLDEN_UPDATE")) {
		_cleanup_free_ char *path = path_of(name, "plan.json");

		put_file(path, got, 0644);
	} else {
		assert_non_null(want);
		assert_string_equal(got, want);
	}
	kvmb_config_free(s.config);
	kvmb_state_free(s.state);
	kvmb_sample_free(s.sample);
}

static int is_scenario(const struct dirent *e)
{
	return e->d_type == DT_DIR && e->d_name[0] != '.';
}

int main(void)
{
	_cleanup_free_ char *folder = path_of("", "");
	struct CMUnitTest *tests;
	struct dirent **names = NULL;
	int n = scandir(folder, &names, is_scenario, alphasort), failed;

	if (n <= 0) {
		(void)fprintf(stderr, "%s: no scenarios\n", folder);
		return 1;
	}
	tests = calloc((size_t)n, sizeof(*tests));
	if (!tests)
		return 1;
	for (int i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){
			.name = names[i]->d_name,
			.test_func = test_scenario,
			.initial_state = names[i]->d_name,
		};
	failed = _cmocka_run_group_tests("golden", tests, (size_t)n, NULL, NULL);
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	free(tests);
	return failed;
}
