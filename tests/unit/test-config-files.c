/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration files: which ones count, in which order, and the example that is installed.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/num.h"
#include "base/str.h"
#include "config-internal.h"
#include "config-same.h"
#include "model/policy.h"
#include "put-file.h"

#define MAIN "/etc/kvm-balloond.conf"

/* ---- A root folder of its own for each test ---- */

static int make_root(void **state)
{
	char *path = NULL;

	if (kvmb_asprintf(&path, "%s/kvmb-config-XXXXXX",
			  getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp") < 0)
		return -1;
	*state = mkdtemp(path);
	return *state ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int remove_root(void **state)
{
	int r = nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	free(*state);
	return r;
}

/* Path below the root, with the folders on the way made. */
static char *below(const char *root, const char *path)
{
	char *full = NULL;

	assert_int_equal(kvmb_asprintf(&full, "%s%s", root, path), 0);
	for (char *slash = strchr(full + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(full, 0755) < 0)
			assert_int_equal(errno, EEXIST);
		*slash = '/';
	}
	return full;
}

static void put(const char *root, const char *path, const char *text)
{
	_cleanup_free_ char *full = below(root, path);

	put_file(full, text, 0644);
}

static struct kvmb_config *load(const char *root)
{
	_cleanup_free_ char *error = NULL;
	struct kvmb_config *c = NULL;
	int r = kvmb_config_load(root, MAIN, &c, &error);

	if (r < 0)
		fail_msg("%d: %s", r, error ? error : "no text");
	assert_null(error);
	return c;
}

static void nothing_configured_is_the_built_in_values(void **state)
{
	_cleanup_(kvmb_config_freep) struct kvmb_config *c = load(*state), *builtin = NULL;

	assert_int_equal(kvmb_config_new(&builtin), 0);
	assert_same_host(&c->host, &builtin->host);
	assert_same_policy(&c->defaults, &builtin->defaults);
	assert_int_equal(c->defaults.set, 0);
	assert_int_equal(c->n_guests, 0);
	assert_int_equal(c->host.interval_usec, 2000000);
	assert_int_equal(c->host.step_bytes, 64 * MIB);
	assert_int_equal(c->host.mode, KVMB_MODE_PRESSURE);
}

static void dropins_come_in_order_of_their_names(void **state)
{
	struct kvmb_config *c;

	put(*state, MAIN, "[Host]\nStep=2M\nGuestRate=1M\nHostRate=1M\n");
	put(*state, "/usr/lib/kvm-balloond.conf.d/10-first.conf",
	    "[Host]\nStep=10M\nGuestRate=10M\n");
	put(*state, "/etc/kvm-balloond.conf.d/20-second.conf", "[Host]\nStep=20M\n");
	put(*state, "/run/kvm-balloond.conf.d/30-third.conf", "[Host]\nHostRate=30M\n");
	put(*state, "/run/kvm-balloond.conf.d/99-not.txt", "nonsense");
	put(*state, "/run/kvm-balloond.conf.d/.99-hidden.conf", "nonsense");
	c = load(*state);
	assert_int_equal(c->host.step_bytes, 20 * MIB);
	assert_int_equal(c->host.guest_rate_bytes, 10 * MIB);
	assert_int_equal(c->host.host_rate_bytes, 30 * MIB);
	kvmb_config_free(c);
}

static void etc_hides_run_hides_usr(void **state)
{
	static const char *const dirs[] = { "/usr/lib", "/run", "/etc" };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		char path[128], text[64];
		struct kvmb_config *c;

		kvmb_str_format(path, sizeof(path), "%s/kvm-balloond.conf.d/x.conf", dirs[i]);
		kvmb_str_format(text, sizeof(text), "[Host]\nStep=%zuM\n", i + 2);
		put(*state, path, text);
		c = load(*state);
		assert_int_equal(c->host.step_bytes, (i + 2) * MIB);
		kvmb_config_free(c);
	}
}

static void an_empty_file_or_link_to_null_masks(void **state)
{
	_cleanup_free_ char *link = below(*state, "/etc/kvm-balloond.conf.d/b.conf");
	struct kvmb_config *c;

	put(*state, "/usr/lib/kvm-balloond.conf.d/a.conf", "[Host]\nStep=2M\n");
	put(*state, "/usr/lib/kvm-balloond.conf.d/b.conf", "[Host]\nGuestRate=1M\n");
	put(*state, "/run/kvm-balloond.conf.d/a.conf", "");
	assert_int_equal(symlink("/dev/null", link), 0);
	c = load(*state);
	assert_int_equal(c->host.step_bytes, 64 * MIB);
	assert_int_equal(c->host.guest_rate_bytes, GIB);
	kvmb_config_free(c);
}

static void a_dropin_may_repair_the_main_file(void **state)
{
	struct kvmb_config *c;

	put(*state, MAIN, "[Guest a]\nGuarantee=2G\nLimit=1G\n");
	put(*state, "/etc/kvm-balloond.conf.d/a.conf", "[Guest a]\nLimit=3G\n");
	c = load(*state);
	assert_int_equal(c->guests[0].policy.limit_bytes, 3 * GIB);
	kvmb_config_free(c);
}

static void faults_in_dropins_name_their_file(void **state)
{
	_cleanup_free_ char *error = NULL, *want = NULL;
	struct kvmb_config *c = NULL;

	put(*state, MAIN, "[Guest a]\nGuarantee=2G\n");
	put(*state, "/etc/kvm-balloond.conf.d/a.conf", "[Guest a]\n\nLimit=1G\n");
	assert_int_equal(kvmb_config_load(*state, MAIN, &c, &error), -EBADMSG);
	assert_null(c);
	assert_int_equal(kvmb_asprintf(&want, "%s/etc/kvm-balloond.conf.d/a.conf:3: guest a: "
				       "Guarantee=2G is above Limit=1G, allowed is up to the limit",
				       (char *)*state), 0);
	assert_string_equal(error, want);
}

static void what_cannot_be_read_is_named(void **state)
{
	_cleanup_free_ char *error = NULL, *want = NULL;
	struct kvmb_config *c = NULL;

	/* below() makes the folders on the way */
	free(below(*state, "/etc/kvm-balloond.conf.d/a.conf/x"));
	assert_int_equal(kvmb_config_load(*state, MAIN, &c, &error), -EISDIR);
	assert_int_equal(kvmb_asprintf(&want, "%s/etc/kvm-balloond.conf.d/a.conf: cannot be read: "
				       "Is a directory", (char *)*state), 0);
	assert_string_equal(error, want);
	assert_int_equal(kvmb_config_load("/no/such/root", MAIN, &c, NULL), -ENOENT);
}

static void relative_paths_are_from_the_working_folder(void **state)
{
	struct kvmb_config *c = NULL;

	put(*state, "/here.conf", "[Host]\nStep=5M\n");
	put(*state, "/here.conf.d/a.conf", "[Host]\nGuestRate=6M\n");
	assert_int_equal(chdir(*state), 0);
	assert_int_equal(kvmb_config_load(NULL, "here.conf", &c, NULL), 0);
	assert_int_equal(c->host.step_bytes, 5 * MIB);
	assert_int_equal(c->host.guest_rate_bytes, 6 * MIB);
	assert_int_equal(chdir("/"), 0);
	kvmb_config_free(c);
}

/* ---- The example that is installed ---- */

static void uncomment(char *text)
{
	for (char *c = text; *c; c++)
		if (*c == '#' && (c == text || c[-1] == '\n') && strchr("ABCDEGHIKLMPRST[", c[1]))
			*c = ' ';
}

static void the_example_shows_every_key_with_its_built_in_value(void **state)
{
	_cleanup_free_ char *path = NULL, *text = NULL, *error = NULL;
	_cleanup_(kvmb_config_loader_done) struct kvmb_config_loader l;
	struct kvmb_host_config host;
	struct kvmb_policy defaults;
	size_t len;

	assert_int_equal(kvmb_asprintf(&path, "%s/data/kvm-balloond.conf",
				       getenv("top_srcdir") ? getenv("top_srcdir") : "."), 0);
	assert_int_equal(kvmb_read_alloc_at(AT_FDCWD, path, 1 << 20, &text, &len), 0);
	uncomment(text);
	kvmb_config_loader_init(&l);
	if (kvmb_config_parse(&l, "example", text, len, &error) < 0)
		fail_msg("%s", error);
	kvmb_host_builtin(&host);
	kvmb_policy_builtin(&defaults);
	assert_same_host(&l.host, &host);
	for (size_t i = 0; i < KVMB_HOST_FIELDS; i++)
		if (!l.host_origin[i].order)
			fail_msg("key %zu of [Host] is not there", i);
	assert_int_equal(l.defaults.set, (1U << KVMB_FIELDS) - 1);
	assert_same_policy(&l.defaults, &defaults);
	assert_int_equal(l.n_sections, 1);
}

#define WITH_ROOT(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOT(nothing_configured_is_the_built_in_values),
		WITH_ROOT(dropins_come_in_order_of_their_names),
		WITH_ROOT(etc_hides_run_hides_usr),
		WITH_ROOT(an_empty_file_or_link_to_null_masks),
		WITH_ROOT(a_dropin_may_repair_the_main_file),
		WITH_ROOT(faults_in_dropins_name_their_file),
		WITH_ROOT(what_cannot_be_read_is_named),
		WITH_ROOT(relative_paths_are_from_the_working_folder),
		cmocka_unit_test(the_example_shows_every_key_with_its_built_in_value),
	};

	return cmocka_run_group_tests_name("config-files", tests, NULL, NULL);
}
