// SPDX-License-Identifier: GPL-2.0-or-later
/* Policies in the metadata of definitions: written, read again, taken away, refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "base/str.h"
#include "model/policy.h"
#include "source/libvirt-metadata.h"
#include "source/libvirt.h"
#include "source/metadata-xml.h"
#include "tree.h"
#include "wrap/virt.h"

#define TEST_URI "test:///default"
#define OTHER_URI "urn:other"

/* ---- libvirt's own test driver, and a source that looks at it ------------------------------- */

/* What libvirt cannot take. */
static atomic_bool broken;

int __real_kvmb_metadata_format(const struct kvmb_policy *p, char **ret);
int __wrap_kvmb_metadata_format(const struct kvmb_policy *p, char **ret);
int __wrap_kvmb_metadata_format(const struct kvmb_policy *p, char **ret)
{
	if (!atomic_load(&broken))
		return __real_kvmb_metadata_format(p, ret);
	*ret = strdup("<policy");
	return 0;
}

struct fixture {
	struct kvmb_virt *virt;
	struct kvmb_libvirt *lv;
	struct kvmb_metadata_writer *writer;
	struct kvmb_guest_sample sample;
};

static bool look(struct fixture *f)
{
	_cleanup_free_ struct kvmb_guest_sample *guests = NULL;
	struct kvmb_libvirt_status status;
	size_t n = 0;

	assert_int_equal(kvmb_libvirt_take(f->lv, &guests, &n, &status), 0);
	if (!status.complete || n != 1)
		return false;
	f->sample = guests[0];
	return true;
}

/* An hour between snapshots: what is seen is seen on account of events. */
static void begin(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	atomic_store(&broken, false);
	assert_int_equal(kvmb_virt_new(TEST_URI, &f->virt), 0);
	assert_int_equal(kvmb_libvirt_new(f->virt, NULL, 3600 * USEC_PER_SEC, true, &f->lv), 0);
	assert_int_equal(kvmb_metadata_writer_new(f->virt, &f->writer), 0);
	WAIT_FOR(look(f));
	assert_int_equal(f->sample.metadata.set, 0);
}

static void end(struct fixture *f)
{
	assert_null(kvmb_metadata_writer_free(f->writer));
	assert_null(kvmb_libvirt_free(f->lv));
	assert_null(kvmb_virt_unref(f->virt));
}

static virDomainPtr domain_of(virConnectPtr *ret_conn)
{
	virDomainPtr domain;

	*ret_conn = virConnectOpen(TEST_URI);
	assert_non_null(*ret_conn);
	domain = virDomainLookupByName(*ret_conn, "test");
	assert_non_null(domain);
	return domain;
}

/* As others do it, virsh for one. */
static void set_metadata(const char *text, const char *uri, unsigned int flags)
{
	virConnectPtr conn;
	virDomainPtr domain = domain_of(&conn);

	assert_int_equal(virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, text, "x", uri,
					      flags), 0);
	virDomainFree(domain);
	virConnectClose(conn);
}

static char *get_metadata(const char *uri, unsigned int flags)
{
	virConnectPtr conn;
	virDomainPtr domain = domain_of(&conn);
	char *text = virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, uri, flags);

	virDomainFree(domain);
	virConnectClose(conn);
	return text;
}

static void persist(struct fixture *f, const struct kvmb_policy_change *change,
		    struct kvmb_metadata_order *ret)
{
	struct pollfd p = { .fd = kvmb_metadata_writer_fd(f->writer), .events = POLLIN };

	assert_int_equal(kvmb_metadata_writer_submit(f->writer, f->sample.uuid, change), 0);
	assert_int_equal(poll(&p, 1, WAIT_DEADLINE_MS), 1);
	assert_true(kvmb_metadata_writer_next(f->writer, ret));
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_false(kvmb_metadata_writer_next(f->writer, ret));
	assert_int_equal(ret->change.cookie, change->cookie);
}

static void set_value(struct kvmb_policy *p, const char *key, const char *value)
{
	assert_int_equal(kvmb_policy_set(p, key, value, NULL), 0);
}

/* ---- Tests ---------------------------------------------------------------------------------- */

static void what_is_written_is_read_by_the_source(void **state)
{
	_cleanup_free_ char *live = NULL, *config = NULL;
	struct kvmb_policy_change c = { .cookie = 7 };
	struct kvmb_metadata_order o;
	struct fixture f;

	begin(&f);
	set_value(&c.values, "Guarantee", "512M");
	set_value(&c.values, "Mode", "proactive");
	persist(&f, &c, &o);
	assert_int_equal(o.error, 0);
	WAIT_FOR(look(&f) && f.sample.metadata.set);
	assert_int_equal(f.sample.metadata.guarantee_bytes, 512 * MIB);
	assert_int_equal(f.sample.metadata.mode, KVMB_MODE_PROACTIVE);
	assert_string_equal(f.sample.metadata_error, "");
	live = get_metadata(KVMB_METADATA_URI, VIR_DOMAIN_AFFECT_LIVE);
	config = get_metadata(KVMB_METADATA_URI, VIR_DOMAIN_AFFECT_CONFIG);
	assert_non_null(live);
	assert_string_equal(live, config);
	end(&f);
}

static void values_change_one_by_one_and_go(void **state)
{
	struct kvmb_policy_change first = { 0 }, second = { 0 }, last = { 0 };
	struct kvmb_metadata_order o;
	_cleanup_free_ char *left = NULL;
	struct fixture f;

	begin(&f);
	set_value(&first.values, "Shares", "7");
	set_value(&first.values, "Limit", "2G");
	persist(&f, &first, &o);
	set_value(&second.values, "Shares", "9");
	second.unset = 1U << KVMB_FIELD_LIMIT;
	persist(&f, &second, &o);
	assert_int_equal(o.error, 0);
	WAIT_FOR(look(&f) && f.sample.metadata.shares == 9);
	assert_int_equal(f.sample.metadata.set, 1U << KVMB_FIELD_SHARES);
	last.unset = 1U << KVMB_FIELD_SHARES;
	persist(&f, &last, &o);
	assert_int_equal(o.error, 0);
	WAIT_FOR(look(&f) && !f.sample.metadata.set);
	left = get_metadata(KVMB_METADATA_URI, VIR_DOMAIN_AFFECT_LIVE);
	assert_null(left); /* not even an element without attributes */
	/* What is not there can be taken away again. */
	persist(&f, &last, &o);
	assert_int_equal(o.error, 0);
	end(&f);
}

static void metadata_of_others_stay(void **state)
{
	struct kvmb_policy_change c = { 0 };
	struct kvmb_metadata_order o;
	_cleanup_free_ char *other = NULL;
	struct fixture f;

	begin(&f);
	set_metadata("<theirs><Shares>1</Shares></theirs>", OTHER_URI,
		     VIR_DOMAIN_AFFECT_LIVE);
	set_value(&c.values, "Shares", "7");
	persist(&f, &c, &o);
	c.values.set = 0;
	c.unset = 1U << KVMB_FIELD_SHARES;
	persist(&f, &c, &o);
	other = get_metadata(OTHER_URI, VIR_DOMAIN_AFFECT_LIVE);
	assert_non_null(other);
	assert_non_null(strstr(other, "<Shares>1</Shares>"));
	end(&f);
}

static void each_definition_keeps_its_own_values(void **state)
{
	static const unsigned int sides[] = { VIR_DOMAIN_AFFECT_LIVE, VIR_DOMAIN_AFFECT_CONFIG };

	for (size_t i = 0; i < 2; i++) {
		_cleanup_free_ char *has = NULL, *has_not = NULL;
		struct kvmb_policy_change c = { .unset = 1U << KVMB_FIELD_LIMIT };
		struct kvmb_metadata_order o;
		struct fixture f;

		begin(&f);
		set_metadata("<policy Guarantee='256M' Priority='low'/>", KVMB_METADATA_URI,
			     sides[i]);
		set_value(&c.values, "Shares", "5");
		persist(&f, &c, &o);
		assert_int_equal(o.error, 0);
		has = get_metadata(KVMB_METADATA_URI, sides[i]);
		has_not = get_metadata(KVMB_METADATA_URI, sides[!i]);
		assert_string_equal(has, "<policy Guarantee=\"256M\" Shares=\"5\" "
					 "Priority=\"low\"/>");
		assert_string_equal(has_not, "<policy Shares=\"5\"/>");
		end(&f);
	}
}

/* Neither at fault nor in contradiction to what is to be written, in either definition. */
static void where_one_definition_cannot_change_neither_does(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} rows[] = {
		{ "<policy Shares='7' Mode='maybe'/>", "at fault, mend or remove them" },
		{ "<policy Limit='1G'/>", "Guarantee=2G is above Limit=1G" },
	};
	static const unsigned int sides[] = { VIR_DOMAIN_AFFECT_LIVE, VIR_DOMAIN_AFFECT_CONFIG };

	for (size_t i = 0; i < 4; i++) {
		_cleanup_free_ char *was = NULL, *is = NULL, *other = NULL;
		struct kvmb_policy_change c = { 0 };
		struct kvmb_metadata_order o;
		struct fixture f;

		begin(&f);
		set_metadata(rows[i / 2].text, KVMB_METADATA_URI, sides[i % 2]);
		was = get_metadata(KVMB_METADATA_URI, sides[i % 2]);
		set_value(&c.values, "Guarantee", "2G");
		persist(&f, &c, &o);
		assert_int_equal(o.error, -EINVAL);
		assert_non_null(strstr(o.text, rows[i / 2].error));
		is = get_metadata(KVMB_METADATA_URI, sides[i % 2]);
		other = get_metadata(KVMB_METADATA_URI, sides[!(i % 2)]);
		assert_string_equal(is, was);
		assert_null(other);
		end(&f);
	}
}

static void what_others_write_wrong_is_told_and_stays(void **state)
{
	_cleanup_free_ char *left = NULL;
	struct kvmb_policy_change c = { 0 };
	struct kvmb_metadata_order o;
	struct fixture f;

	begin(&f);
	set_metadata("<policy Shares='7' Guarantee='lots'/>", KVMB_METADATA_URI,
		     VIR_DOMAIN_AFFECT_LIVE);
	WAIT_FOR(look(&f) && f.sample.metadata_error[0]);
	assert_int_equal(f.sample.metadata.set, 0);
	assert_non_null(strstr(f.sample.metadata_error, "Guarantee=lots is not valid"));
	assert_false(f.sample.backing.unread); /* the rest of the definition is fine */
	set_value(&c.values, "Priority", "low");
	persist(&f, &c, &o);
	assert_int_equal(o.error, -EINVAL);
	assert_non_null(strstr(o.text, "of its run"));
	assert_non_null(strstr(o.text, "Guarantee=lots is not valid"));
	left = get_metadata(KVMB_METADATA_URI, VIR_DOMAIN_AFFECT_LIVE);
	assert_non_null(strstr(left, "Shares=\"7\""));
	/* Who takes it away can write anew. */
	set_metadata(NULL, KVMB_METADATA_URI, VIR_DOMAIN_AFFECT_LIVE);
	persist(&f, &c, &o);
	assert_int_equal(o.error, 0);
	WAIT_FOR(look(&f) && f.sample.metadata.set);
	assert_int_equal(f.sample.metadata.set, 1U << KVMB_FIELD_PRIORITY);
	assert_string_equal(f.sample.metadata_error, "");
	end(&f);
}

static void a_contradiction_to_what_stands_there_is_not_written(void **state)
{
	struct kvmb_policy_change c = { 0 };
	struct kvmb_metadata_order o;
	struct fixture f;

	begin(&f);
	set_value(&c.values, "Limit", "1G");
	persist(&f, &c, &o);
	c = (struct kvmb_policy_change){ .cookie = 2 };
	set_value(&c.values, "Guarantee", "2G");
	persist(&f, &c, &o);
	assert_int_equal(o.error, -EINVAL);
	assert_string_equal(o.text, "Guarantee=2G is above Limit=1G, allowed is up to the limit");
	WAIT_FOR(look(&f) && f.sample.metadata.set);
	assert_int_equal(f.sample.metadata.set, 1U << KVMB_FIELD_LIMIT);
	end(&f);
}

static void libvirts_refusal_is_told_in_its_words(void **state)
{
	struct kvmb_policy_change c = { 0 };
	struct kvmb_metadata_order o;
	struct fixture f;

	begin(&f);
	set_value(&c.values, "Shares", "7");
	atomic_store(&broken, true);
	persist(&f, &c, &o);
	assert_int_equal(o.error, -EIO);
	assert_non_null(strstr(o.text, "Start Tag policy"));
	end(&f);
}

static void a_guest_that_is_gone_is_an_error(void **state)
{
	struct kvmb_policy_change c = { 0 };
	struct kvmb_metadata_order o;
	struct fixture f;

	begin(&f);
	set_value(&c.values, "Shares", "7");
	(void)kvmb_str_copy(f.sample.uuid, sizeof(f.sample.uuid),
			    "11111111-2222-3333-4444-555555555555");
	persist(&f, &c, &o);
	assert_int_equal(o.error, -ENOENT);
	assert_true(o.text[0]);
	end(&f);
}

static void without_libvirt_nothing_is_written(void **state)
{
	struct kvmb_policy_change c = { 0 };
	struct kvmb_metadata_order o;
	struct fixture f = { 0 };

	assert_int_equal(kvmb_virt_new(TEST_URI, &f.virt), 0);
	assert_int_equal(kvmb_metadata_writer_new(f.virt, &f.writer), 0);
	persist(&f, &c, &o);
	assert_int_equal(o.error, -ENOTCONN);
	assert_string_equal(o.text, "libvirt is not connected");
	end(&f);
}

static void no_more_than_so_many_wait(void **state)
{
	struct kvmb_policy_change c = { 0 };
	struct fixture f = { 0 };
	int r = 0;

	assert_int_equal(kvmb_virt_new(TEST_URI, &f.virt), 0);
	assert_int_equal(kvmb_metadata_writer_new(f.virt, &f.writer), 0);
	for (unsigned int i = 0; r == 0 && i < 65; i++)
		r = kvmb_metadata_writer_submit(f.writer, "", &c);
	assert_int_equal(r, -EBUSY);
	end(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_by_the_source),
		cmocka_unit_test(values_change_one_by_one_and_go),
		cmocka_unit_test(metadata_of_others_stay),
		cmocka_unit_test(each_definition_keeps_its_own_values),
		cmocka_unit_test(where_one_definition_cannot_change_neither_does),
		cmocka_unit_test(what_others_write_wrong_is_told_and_stays),
		cmocka_unit_test(a_contradiction_to_what_stands_there_is_not_written),
		cmocka_unit_test(libvirts_refusal_is_told_in_its_words),
		cmocka_unit_test(a_guest_that_is_gone_is_an_error),
		cmocka_unit_test(without_libvirt_nothing_is_written),
		cmocka_unit_test(no_more_than_so_many_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
