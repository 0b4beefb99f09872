/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The a{sv} of SetPolicy. Each value is written as text and parsed by the library, so that what is
 * allowed, and how it is said, is the same here as in the configuration file.
 */
#include "bus.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "bus-error.h"
#include "util.h"

#define VALUE_SIZE 64

static const struct {
	const char *key;
	const char *type;
	const char *type_text;
	enum kvmb_policy_field field;
} keys[] = {
	{ "Guarantee", "t", "a size in bytes (t)", KVMB_FIELD_GUARANTEE },
	{ "Limit", "t", "a size in bytes (t)", KVMB_FIELD_LIMIT },
	{ "Shares", "u", "a number (u)", KVMB_FIELD_SHARES },
	{ "Priority", "s", "a word (s)", KVMB_FIELD_PRIORITY },
	{ "RefaultTarget", "u", "parts per million (u)", KVMB_FIELD_REFAULT_TARGET },
	{ "Mode", "s", "a word (s)", KVMB_FIELD_MODE },
	{ "Backend", "s", "a word (s)", KVMB_FIELD_BACKEND },
};

static int read_size(sd_bus_message *m, char *ret)
{
	uint64_t bytes;
	int r = sd_bus_message_read(m, "t", &bytes);

	if (r < 0)
		return r;
	if (bytes == UINT64_MAX)
		(void)snprintf(ret, VALUE_SIZE, "max");
	else
		(void)snprintf(ret, VALUE_SIZE, "%" PRIu64, bytes);
	return 0;
}

static int read_number(sd_bus_message *m, enum kvmb_policy_field field, char *ret)
{
	uint32_t n;
	int r = sd_bus_message_read(m, "u", &n);

	if (r < 0)
		return r;
	if (field == KVMB_FIELD_REFAULT_TARGET)
		(void)snprintf(ret, VALUE_SIZE, "%" PRIu32 ".%04" PRIu32 "%%", n / 10000,
			       n % 10000);
	else
		(void)snprintf(ret, VALUE_SIZE, "%" PRIu32, n);
	return 0;
}

static int read_word(sd_bus_message *m, char *ret)
{
	const char *word;
	int r = sd_bus_message_read(m, "s", &word);

	if (r >= 0)
		(void)snprintf(ret, VALUE_SIZE, "%s", word);
	return r;
}

static int read_value(sd_bus_message *m, int key, char *ret)
{
	int r = sd_bus_message_enter_container(m, 'v', keys[key].type);

	if (r < 0)
		return r;
	switch (keys[key].type[0]) {
	case 't':
		r = read_size(m, ret);
		break;
	case 'u':
		r = read_number(m, keys[key].field, ret);
		break;
	default:
		r = read_word(m, ret);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* Index in keys[], or -EINVAL with @error set. */
static int find_key(const char *key, sd_bus_error *error)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (streq(keys[i].key, key))
			return (int)i;
	return sd_bus_error_setf(error, BUS_ERROR_INVALID_POLICY,
				 "There is no policy key \"%s\"; there are Guarantee, Limit, "
				 "Shares, Priority, RefaultTarget, Mode and Backend",
				 key);
}

int bus_policy_field(const char *key, sd_bus_error *error)
{
	int r = find_key(key, error);

	return r < 0 ? r : (int)keys[r].field;
}

static int check_type(sd_bus_message *m, int key, sd_bus_error *error)
{
	const char *type;
	int r = sd_bus_message_peek_type(m, NULL, &type);

	if (r < 0)
		return r;
	if (streq(type, keys[key].type))
		return 0;
	return sd_bus_error_setf(error, BUS_ERROR_INVALID_POLICY, "%s must be %s, not of type %s",
				 keys[key].key, keys[key].type_text, type);
}

static int set_value(struct kvmb_policy *policy, int key, const char *value, sd_bus_error *error)
{
	_cleanup_free_ char *text = NULL;
	int r;

	if (policy->set & (UINT32_C(1) << keys[key].field))
		return sd_bus_error_setf(error, BUS_ERROR_INVALID_POLICY, "%s is given twice",
					 keys[key].key);
	r = kvmb_policy_set(policy, keys[key].key, value, &text);
	if (r < 0)
		return sd_bus_error_set(error, BUS_ERROR_INVALID_POLICY, text ?: strerror(-r));
	return 0;
}

static int read_entry(sd_bus_message *m, struct kvmb_policy *policy, sd_bus_error *error)
{
	char value[VALUE_SIZE];
	const char *name;
	int key, r = sd_bus_message_read(m, "s", &name);

	if (r < 0)
		return r;
	key = find_key(name, error);
	if (key < 0)
		return key;
	r = check_type(m, key, error);
	if (r >= 0)
		r = read_value(m, key, value);
	return r < 0 ? r : set_value(policy, key, value, error);
}

int bus_policy_read(sd_bus_message *m, struct kvmb_policy *ret, sd_bus_error *error)
{
	struct kvmb_policy policy = { .set = 0 };
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r >= 0) {
		r = sd_bus_message_enter_container(m, 'e', "sv");
		if (r == 0)
			break;
		if (r > 0)
			r = read_entry(m, &policy, error);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	if (r < 0)
		return r;
	*ret = policy;
	return 0;
}
