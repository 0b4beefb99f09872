/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * jansson, wrapped: plain structs to JSON objects and back, by one table for both ways.
 *
 * Example:
 *	static const struct kvmb_json_field thing_fields[] = {
 *		KVMB_JSON_STRING(struct thing, name),
 *		KVMB_JSON_U64(struct thing, size_bytes),
 *		KVMB_JSON_ENUM(struct thing, mode, &kvmb_mode_tokens),
 *		KVMB_JSON_U32_OPT(struct thing, shares, 1, 1000),
 *	};
 * The key is the member's name. Numbers are integers: a real, a negative or one above the member's
 * maximum is refused. A uint64_t above INT64_MAX cannot be said in JSON: a nullable member (where
 * KVMB_UNKNOWN has a meaning) is then written as null, any other as INT64_MAX. Texts that are not
 * UTF-8 are written with '?' for each bad byte.
 */
#ifndef KVMB_MODEL_JSON_H
#define KVMB_MODEL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "model/token.h"

struct kvmb_json; /* any JSON value */

enum kvmb_json_type {
	KVMB_JSON_TYPE_U64,
	KVMB_JSON_TYPE_U32,
	KVMB_JSON_TYPE_I64,
	KVMB_JSON_TYPE_I32,
	KVMB_JSON_TYPE_BOOL,
	KVMB_JSON_TYPE_STRING, /* char array of `size` bytes */
	KVMB_JSON_TYPE_ENUM,   /* enum of 4 bytes, by its token */
	KVMB_JSON_TYPE_OBJECT, /* struct member, by `table` */
	KVMB_JSON_TYPE_U64S,   /* uint64_t array of `size` bytes; as many items, or see `least` */
};

struct kvmb_json_table {
	const struct kvmb_json_field *fields;
	size_t n;
};

struct kvmb_json_field {
	const char *key;
	enum kvmb_json_type type;
	bool optional; /* reading: if absent, the member keeps the value it had */
	bool nullable; /* U64: null is KVMB_UNKNOWN */
	size_t offset;
	size_t size;  /* of the member */
	size_t least; /* U64S: reading, so many items do, the others keep their value; 0: all */
	int64_t min;  /* of numbers */
	uint64_t max;
	const struct kvmb_tokens *tokens;
	struct kvmb_json_table table; /* of OBJECT */
};

/* An array of fields as an argument: kvmb_json_store(o, KVMB_JSON_TABLE(thing_fields), &thing). */
#define KVMB_JSON_TABLE(t) (&(const struct kvmb_json_table){ (t), ARRAY_SIZE(t) })

#define KVMB_JSON_FIELD_(s, m, t, lo, hi)                                                          \
	.key = #m, .type = KVMB_JSON_TYPE_##t, .offset = offsetof(s, m),                           \
	.size = sizeof(((s *)NULL)->m), .min = (lo), .max = (hi)

#define KVMB_JSON_U64_MAX(s, m, hi) { KVMB_JSON_FIELD_(s, m, U64, 0, hi) }
#define KVMB_JSON_U64(s, m) KVMB_JSON_U64_MAX(s, m, INT64_MAX)
/* A number or null (KVMB_UNKNOWN). */
#define KVMB_JSON_U64_NULL(s, m) { KVMB_JSON_FIELD_(s, m, U64, 0, INT64_MAX), .nullable = true }
#define KVMB_JSON_U32_RANGE(s, m, lo, hi) { KVMB_JSON_FIELD_(s, m, U32, lo, hi) }
#define KVMB_JSON_U32(s, m) KVMB_JSON_U32_RANGE(s, m, 0, UINT32_MAX)
#define KVMB_JSON_PERMYRIAD(s, m) KVMB_JSON_U32_RANGE(s, m, 0, 10000)
#define KVMB_JSON_I64(s, m) { KVMB_JSON_FIELD_(s, m, I64, INT64_MIN, INT64_MAX) }
#define KVMB_JSON_I32(s, m, lo, hi) { KVMB_JSON_FIELD_(s, m, I32, lo, hi) }
#define KVMB_JSON_BOOL(s, m) { KVMB_JSON_FIELD_(s, m, BOOL, 0, 1) }
#define KVMB_JSON_STRING(s, m) { KVMB_JSON_FIELD_(s, m, STRING, 0, 0) }
#define KVMB_JSON_ENUM(s, m, table) { KVMB_JSON_FIELD_(s, m, ENUM, 0, 0), .tokens = (table) }
#define KVMB_JSON_U64S(s, m) { KVMB_JSON_FIELD_(s, m, U64S, 0, INT64_MAX) }
/* An array that has grown: older writers had @n items. */
#define KVMB_JSON_U64S_LEAST(s, m, n) { KVMB_JSON_FIELD_(s, m, U64S, 0, INT64_MAX), .least = (n) }
#define KVMB_JSON_OBJECT(s, m, t)                                                              \
	{ KVMB_JSON_FIELD_(s, m, OBJECT, 0, 0), .table = { (t), ARRAY_SIZE(t) } }

/* The same for members that may be absent: { KVMB_JSON_FIELD_(...), .optional = true }. */
#define KVMB_JSON_U64_OPT(s, m) { KVMB_JSON_FIELD_(s, m, U64, 0, INT64_MAX), .optional = true }
#define KVMB_JSON_U64_NULL_OPT(s, m)                                                               \
	{ KVMB_JSON_FIELD_(s, m, U64, 0, INT64_MAX), .nullable = true, .optional = true }
#define KVMB_JSON_U32_OPT(s, m, lo, hi) { KVMB_JSON_FIELD_(s, m, U32, lo, hi), .optional = true }
#define KVMB_JSON_I64_OPT(s, m)                                                                    \
	{ KVMB_JSON_FIELD_(s, m, I64, INT64_MIN, INT64_MAX), .optional = true }
#define KVMB_JSON_I32_OPT(s, m, lo, hi) { KVMB_JSON_FIELD_(s, m, I32, lo, hi), .optional = true }
#define KVMB_JSON_BOOL_OPT(s, m) { KVMB_JSON_FIELD_(s, m, BOOL, 0, 1), .optional = true }
#define KVMB_JSON_STRING_OPT(s, m) { KVMB_JSON_FIELD_(s, m, STRING, 0, 0), .optional = true }
#define KVMB_JSON_ENUM_OPT(s, m, table)                                                            \
	{ KVMB_JSON_FIELD_(s, m, ENUM, 0, 0), .tokens = (table), .optional = true }
#define KVMB_JSON_OBJECT_OPT(s, m, t)                                                          \
	{ KVMB_JSON_FIELD_(s, m, OBJECT, 0, 0), .table = { (t), ARRAY_SIZE(t) },               \
	  .optional = true }

struct kvmb_json *kvmb_json_free(struct kvmb_json *j);
KVMB_DEFINE_CLEANUP(struct kvmb_json *, kvmb_json_free);

/* ---- Writing ----------------------------------------------------------------------------- */

int kvmb_json_new_object(struct kvmb_json **ret);
int kvmb_json_new_array(struct kvmb_json **ret);

/** kvmb_json_store() - add the members of @in named by the table to an object */
int kvmb_json_store(struct kvmb_json *object, const struct kvmb_json_table *table, const void *in);

/** kvmb_json_set() - object[key] = value; @value is taken over, also on failure */
int kvmb_json_set(struct kvmb_json *object, const char *key, struct kvmb_json *value);

/** kvmb_json_append() - @value is taken over, also on failure */
int kvmb_json_append(struct kvmb_json *array, struct kvmb_json *value);

/** kvmb_json_append_struct() - append an object made from @in by the table */
int kvmb_json_append_struct(struct kvmb_json *array, const struct kvmb_json_table *table,
			    const void *in);

/** kvmb_json_print() - malloc'ed text, indented, ends with a newline */
int kvmb_json_print(const struct kvmb_json *j, char **ret);

/** kvmb_json_print_line() - the same in one line */
int kvmb_json_print_line(const struct kvmb_json *j, char **ret);

/* ---- Reading: a fault is -EBADMSG and a text with the path of the member -------------------- */

#define KVMB_JSON_TEXT_MAX ((size_t)64 << 20) /* bytes; KVMB_GUESTS_MAX guests need half of it */

/** kvmb_json_parse() - @text holds one JSON object; duplicate members are refused */
int kvmb_json_parse(const char *text, struct kvmb_json **ret, char **ret_error);

/**
 * kvmb_json_load() - members of @object into @out, by the table
 * @path: of @object, for messages: "" at the top, "guests[3]"
 * Unknown members are ignored; kvmb_json_check_keys() refuses them.
 * On failure @out may hold some of the members: load into a local variable.
 */
int kvmb_json_load(const struct kvmb_json *object, const struct kvmb_json_table *table, void *out,
		   const char *path, char **ret_error);

/**
 * kvmb_json_check_keys() - refuse members that are neither in the table nor in @also
 * @also: NULL-terminated list of further keys, or NULL. Objects in the table are checked too.
 */
int kvmb_json_check_keys(const struct kvmb_json *object, const struct kvmb_json_table *table,
			 const char *const *also, const char *path, char **ret_error);

/** kvmb_json_get() - borrowed, valid as long as @object; NULL where there is none or it is null */
const struct kvmb_json *kvmb_json_get(const struct kvmb_json *object, const char *key);

/** kvmb_json_has() - there is such a member, be it null */
bool kvmb_json_has(const struct kvmb_json *object, const char *key);

/** kvmb_json_get_array() - object[key], which must be an array of at most @max items; borrowed */
int kvmb_json_get_array(const struct kvmb_json *object, const char *key, size_t max,
			const struct kvmb_json **ret, char **ret_error);

size_t kvmb_json_length(const struct kvmb_json *array);
const struct kvmb_json *kvmb_json_at(const struct kvmb_json *array, size_t i); /* borrowed */

#endif
