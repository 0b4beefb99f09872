/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * jansson, wrapped: the only file that calls it. A struct kvmb_json is a json_t seen from outside.
 */
#include "model/json.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/str.h"

static json_t *to_jansson(struct kvmb_json *j)
{
	return (json_t *)j;
}

static const json_t *to_jansson_const(const struct kvmb_json *j)
{
	return (const json_t *)j;
}

static struct kvmb_json *from_jansson(json_t *j)
{
	return (struct kvmb_json *)j;
}

static const struct kvmb_json *from_jansson_const(const json_t *j)
{
	return (const struct kvmb_json *)j;
}

struct kvmb_json *kvmb_json_free(struct kvmb_json *j)
{
	json_decref(to_jansson(j));
	return NULL;
}

/* jansson's constructors fail for want of memory only (texts are made valid before). */
static int give(json_t *j, struct kvmb_json **ret)
{
	if (!j)
		return -ENOMEM;
	*ret = from_jansson(j);
	return 0;
}

int kvmb_json_new_object(struct kvmb_json **ret)
{
	return give(json_object(), ret);
}

int kvmb_json_new_array(struct kvmb_json **ret)
{
	return give(json_array(), ret);
}

/* Length of the well-formed character at @s, 0 where there is none. */
static size_t character_length(const char *s, size_t len)
{
	for (size_t n = 1; n <= 4 && n <= len; n++)
		if (kvmb_utf8_valid(s, n))
			return n;
	return 0;
}

/* A text cut at a byte, or a name that is no UTF-8, must not spoil the whole document. */
static json_t *new_string(const char *s)
{
	size_t len = strlen(s);
	_cleanup_free_ char *copy = NULL;

	if (kvmb_utf8_valid(s, len))
		return json_stringn(s, len);
	copy = strdup(s);
	if (!copy)
		return NULL;
	for (size_t i = 0, n; i < len; i += n ? n : 1) {
		n = character_length(copy + i, len - i);
		if (!n)
			copy[i] = '?';
	}
	return json_string(copy);
}

static json_t *new_u64(uint64_t v, const struct kvmb_json_field *f)
{
	if (v <= INT64_MAX)
		return json_integer((json_int_t)v);
	return f->nullable ? json_null() : json_integer((json_int_t)INT64_MAX);
}

static json_t *new_object(const struct kvmb_json_field *f, const char *member)
{
	struct kvmb_json *o;

	if (kvmb_json_new_object(&o) < 0)
		return NULL;
	if (kvmb_json_store(o, &f->table, member) < 0)
		o = kvmb_json_free(o);
	return to_jansson(o);
}

static json_t *new_u64s(const struct kvmb_json_field *f, const char *member)
{
	json_t *array = json_array();

	for (size_t at = 0; array && at < f->size; at += sizeof(uint64_t)) {
		uint64_t v;

		memcpy(&v, member + at, sizeof(v));
		if (json_array_append_new(array, new_u64(v, f)) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

union number {
	uint64_t u64;
	uint32_t u32;
	int64_t i64;
	int32_t i32;
	bool b;
};

static json_t *new_value(const struct kvmb_json_field *f, const char *member)
{
	union number v = { 0 };

	switch (f->type) {
	case KVMB_JSON_TYPE_STRING:
		return new_string(member);
	case KVMB_JSON_TYPE_OBJECT:
		return new_object(f, member);
	case KVMB_JSON_TYPE_U64S:
		return new_u64s(f, member);
	default:
		memcpy(&v, member, f->size);
	}
	switch (f->type) {
	case KVMB_JSON_TYPE_U64:
		return new_u64(v.u64, f);
	case KVMB_JSON_TYPE_U32:
		return json_integer(v.u32);
	case KVMB_JSON_TYPE_I64:
		return json_integer(v.i64);
	case KVMB_JSON_TYPE_I32:
		return json_integer(v.i32);
	case KVMB_JSON_TYPE_BOOL:
		return json_boolean(v.b);
	default:
		return json_string(kvmb_token_to_string(f->tokens, v.u32));
	}
}

int kvmb_json_store(struct kvmb_json *object, const struct kvmb_json_table *table, const void *in)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct kvmb_json_field *f = &table->fields[i];
		json_t *v = new_value(f, (const char *)in + f->offset);
		int r = v ? kvmb_json_set(object, f->key, from_jansson(v)) : -ENOMEM;

		if (r < 0)
			return r;
	}
	return 0;
}

int kvmb_json_set(struct kvmb_json *object, const char *key, struct kvmb_json *value)
{
	return json_object_set_new(to_jansson(object), key, to_jansson(value)) < 0 ? -ENOMEM : 0;
}

int kvmb_json_append(struct kvmb_json *array, struct kvmb_json *value)
{
	return json_array_append_new(to_jansson(array), to_jansson(value)) < 0 ? -ENOMEM : 0;
}

int kvmb_json_append_struct(struct kvmb_json *array, const struct kvmb_json_table *table,
			    const void *in)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;
	int r = kvmb_json_new_object(&o);

	if (r >= 0)
		r = kvmb_json_store(o, table, in);
	return r < 0 ? r : kvmb_json_append(array, TAKE_PTR(o));
}

int kvmb_json_print(const struct kvmb_json *j, char **ret)
{
	_cleanup_free_ char *text = json_dumps(to_jansson_const(j), JSON_INDENT(2));

	return text ? kvmb_asprintf(ret, "%s\n", text) : -ENOMEM;
}

int kvmb_json_print_line(const struct kvmb_json *j, char **ret)
{
	_cleanup_free_ char *text = json_dumps(to_jansson_const(j), JSON_COMPACT);

	return text ? kvmb_asprintf(ret, "%s\n", text) : -ENOMEM;
}

int kvmb_json_parse(const char *text, struct kvmb_json **ret, char **ret_error)
{
	json_error_t e = { .line = 0 };
	json_t *j;

	if (strnlen(text, KVMB_JSON_TEXT_MAX + 1) > KVMB_JSON_TEXT_MAX)
		return kvmb_explain(-EBADMSG, ret_error, "larger than %zu MiB, which is allowed",
				    KVMB_JSON_TEXT_MAX >> 20);
	j = json_loads(text, JSON_REJECT_DUPLICATES, &e);
	if (!j && json_error_code(&e) == json_error_out_of_memory)
		return -ENOMEM;
	if (!j)
		return kvmb_explain(-EBADMSG, ret_error, "line %d: not valid JSON: %s", e.line,
				    e.text);
	if (!json_is_object(j)) {
		json_decref(j);
		return kvmb_explain(-EBADMSG, ret_error, "not a JSON object");
	}
	*ret = from_jansson(j);
	return 0;
}

/* What is being read, for messages. */
struct place {
	const char *path;
	const struct kvmb_json_field *field;
	char **ret_error;
};

static int refuse(const struct place *p, const char *allowed)
{
	return kvmb_explain(-EBADMSG, p->ret_error, "%s%s%s: allowed is %s", p->path,
			    *p->path ? "." : "", p->field->key, allowed);
}

static int refuse_number(const struct place *p)
{
	const struct kvmb_json_field *f = p->field;
	char allowed[96];

	kvmb_str_format(allowed, sizeof(allowed),
			"a whole number from %" PRId64 " to %" PRIu64 "%s", f->min, f->max,
			f->nullable ? " or null" : "");
	return refuse(p, allowed);
}

static int refuse_token(const struct place *p)
{
	_cleanup_free_ char *allowed = NULL;
	const struct kvmb_tokens *t = p->field->tokens;

	for (size_t i = 0; i < t->n; i++)
		if (kvmb_str_append(&allowed, "%s%s", i ? ", " : "", t->names[i]) < 0)
			return -ENOMEM;
	return refuse(p, allowed ? allowed : "");
}

static int load_number(const json_t *v, const struct place *p, void *member)
{
	const struct kvmb_json_field *f = p->field;
	json_int_t n = json_integer_value(v);

	if (f->nullable && json_is_null(v)) {
		memset(member, 0xff, f->size);
		return 0;
	}
	if (!json_is_integer(v) || n < f->min || (n > 0 && (uint64_t)n > f->max))
		return refuse_number(p);
	if (f->size == sizeof(uint64_t))
		memcpy(member, &(int64_t){ n }, f->size);
	else
		memcpy(member, &(int32_t){ (int32_t)n }, f->size);
	return 0;
}

static int load_string(const json_t *v, const struct place *p, char *member)
{
	char allowed[64];

	if (json_is_string(v) && kvmb_str_copy(member, p->field->size, json_string_value(v)) >= 0)
		return 0;
	kvmb_str_format(allowed, sizeof(allowed), "a text of up to %zu bytes", p->field->size - 1);
	return refuse(p, allowed);
}

static int load_token(const json_t *v, const struct place *p, void *member)
{
	int t = json_is_string(v) ? kvmb_token_from_string(p->field->tokens, json_string_value(v)) :
				    -EINVAL;

	if (t < 0)
		return refuse_token(p);
	memcpy(member, &t, p->field->size);
	return 0;
}

static int join(const struct place *p, char **ret)
{
	return kvmb_asprintf(ret, "%s%s%s", p->path, *p->path ? "." : "", p->field->key);
}

static int load_object(const json_t *v, const struct place *p, void *member)
{
	_cleanup_free_ char *path = NULL;
	int r = join(p, &path);

	if (r < 0)
		return r;
	return kvmb_json_load(from_jansson_const(v), &p->field->table, member, path, p->ret_error);
}

static int load_u64s(const json_t *v, const struct place *p, char *member)
{
	struct kvmb_json_field item = *p->field;
	const struct place at = { p->path, &item, p->ret_error };
	size_t most = item.size / sizeof(uint64_t), n = json_array_size(v);
	char allowed[64];

	item.size = sizeof(uint64_t);
	if (!json_is_array(v) || n > most || n < (item.least ?: most)) {
		kvmb_str_format(allowed, sizeof(allowed), "an array of %zu numbers", most);
		return refuse(p, allowed);
	}
	for (size_t i = 0; i < n; i++) {
		int r = load_number(json_array_get(v, i), &at, member + i * sizeof(uint64_t));

		if (r < 0)
			return r;
	}
	return 0;
}

static int load_value(const json_t *v, const struct place *p, char *member)
{
	switch (p->field->type) {
	case KVMB_JSON_TYPE_BOOL:
		if (!json_is_boolean(v))
			return refuse(p, "true or false");
		memcpy(member, &(bool){ json_is_true(v) }, sizeof(bool));
		return 0;
	case KVMB_JSON_TYPE_STRING:
		return load_string(v, p, member);
	case KVMB_JSON_TYPE_ENUM:
		return load_token(v, p, member);
	case KVMB_JSON_TYPE_OBJECT:
		return load_object(v, p, member);
	case KVMB_JSON_TYPE_U64S:
		return load_u64s(v, p, member);
	default:
		return load_number(v, p, member);
	}
}

int kvmb_json_load(const struct kvmb_json *object, const struct kvmb_json_table *table, void *out,
		   const char *path, char **ret_error)
{
	if (!json_is_object(to_jansson_const(object)))
		return kvmb_explain(-EBADMSG, ret_error, "%s: allowed is an object", path);
	for (size_t i = 0; i < table->n; i++) {
		const struct kvmb_json_field *f = &table->fields[i];
		const struct place p = { path, f, ret_error };
		const json_t *v = json_object_get(to_jansson_const(object), f->key);
		int r;

		if (!v && f->optional)
			continue;
		if (!v)
			return kvmb_explain(-EBADMSG, ret_error, "%s%s%s: missing", path,
					    *path ? "." : "", f->key);
		r = load_value(v, &p, (char *)out + f->offset);
		if (r < 0)
			return r;
	}
	return 0;
}

static const struct kvmb_json_field *find_field(const struct kvmb_json_table *table,
						const char *key)
{
	for (size_t i = 0; i < table->n; i++)
		if (streq(table->fields[i].key, key))
			return &table->fields[i];
	return NULL;
}

static bool listed(const char *const *keys, const char *key)
{
	for (; keys && *keys; keys++)
		if (streq(*keys, key))
			return true;
	return false;
}

static int refuse_key(const char *path, const char *key, char **ret_error)
{
	_cleanup_free_ char *shown = strdup(key);

	if (!shown)
		return -ENOMEM;
	/* it is printed on terminals, and may be anything */
	for (char *c = shown; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return kvmb_explain(-EBADMSG, ret_error, "%s%s%s: there is no such member", path,
			    *path ? "." : "", shown);
}

int kvmb_json_check_keys(const struct kvmb_json *object, const struct kvmb_json_table *table,
			 const char *const *also, const char *path, char **ret_error)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)to_jansson_const(object), key, v) {
		const struct place p = { path, find_field(table, key), ret_error };
		_cleanup_free_ char *below = NULL;
		int r = 0;

		if (!p.field && !listed(also, key))
			return refuse_key(path, key, ret_error);
		if (!p.field || p.field->type != KVMB_JSON_TYPE_OBJECT)
			continue;
		r = join(&p, &below);
		if (r >= 0)
			r = kvmb_json_check_keys(from_jansson(v), &p.field->table, NULL, below,
						 ret_error);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct kvmb_json *kvmb_json_get(const struct kvmb_json *object, const char *key)
{
	const json_t *v = json_object_get(to_jansson_const(object), key);

	return v && !json_is_null(v) ? from_jansson_const(v) : NULL;
}

bool kvmb_json_has(const struct kvmb_json *object, const char *key)
{
	return json_object_get(to_jansson_const(object), key);
}

int kvmb_json_get_array(const struct kvmb_json *object, const char *key, size_t max,
			const struct kvmb_json **ret, char **ret_error)
{
	const json_t *v = json_object_get(to_jansson_const(object), key);

	if (!json_is_array(v) || json_array_size(v) > max)
		return kvmb_explain(-EBADMSG, ret_error,
				    "%s: allowed is an array of up to %zu items", key, max);
	*ret = from_jansson_const(v);
	return 0;
}

size_t kvmb_json_length(const struct kvmb_json *array)
{
	return json_array_size(to_jansson_const(array));
}

const struct kvmb_json *kvmb_json_at(const struct kvmb_json *array, size_t i)
{
	return from_jansson_const(json_array_get(to_jansson_const(array), i));
}
