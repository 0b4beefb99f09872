// SPDX-License-Identifier: GPL-2.0-or-later
/* Wraps jansson: structs and texts to JSON on standard output. */
#include "json.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#include "action.h"
#include "ages.h"
#include "util.h"

#define DOCUMENT (JSON_INDENT(2) | JSON_ENSURE_ASCII)
#define LINE (JSON_COMPACT | JSON_ENSURE_ASCII)

static json_t *from_u64(uint64_t n)
{
	return n > INT64_MAX ? json_null() : json_integer((json_int_t)n);
}

static json_t *from_text(const char *s)
{
	return s ? json_string(s) : json_null();
}

/* It may be bytes that are no UTF-8: null rather than nothing at all. */
static json_t *from_operand(const char *s)
{
	return json_string(s) ?: json_null();
}

static json_t *from_texts(char *const *texts)
{
	json_t *array = json_array();

	for (; array && *texts; texts++)
		if (json_array_append_new(array, json_string(*texts)) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *from_sources(char *const *sources)
{
	json_t *object = json_object();

	for (unsigned int i = 0; object && i < KVMB_FIELDS; i++)
		if (sources[i] && json_object_set_new(object, kvmb_policy_field_to_string(i),
						      json_string(sources[i])) < 0) {
			json_decref(object);
			return NULL;
		}
	return object;
}

static json_t *from_reservation(const struct reservation *r)
{
	return json_pack("{s:I,s:s,s:s,s:o,s:o,s:o}", "Id", (json_int_t)r->id, "Machine", r->name,
			 "State", r->state, "Bytes", from_u64(r->bytes), "HeldBytes",
			 from_u64(r->held_bytes), "LeftUSec", from_u64(r->left_usec));
}

static json_t *from_reservations(const struct reservations *list)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < list->n; i++)
		if (json_array_append_new(array, from_reservation(&list->items[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *from_field(enum field_kind kind, const void *p)
{
	switch (kind) {
	case FIELD_TEXT:
		return from_text(*(char *const *)p);
	case FIELD_TEXTS:
		return from_texts(*(char *const *const *)p);
	case FIELD_SIZE:
	case FIELD_COUNT:
	case FIELD_USEC:
		return from_u64(*(const uint64_t *)p);
	case FIELD_NET:
		return *(const int64_t *)p == INT64_MIN ? json_null() :
							  json_integer(*(const int64_t *)p);
	case FIELD_NUMBER:
	case FIELD_RATIO:
		return *(const uint32_t *)p == UINT32_MAX ? json_null() :
							    json_integer(*(const uint32_t *)p);
	case FIELD_FLAG:
		return json_boolean(*(const bool *)p);
	case FIELD_SOURCES:
		return from_sources(p);
	case FIELD_RESERVATIONS:
		return from_reservations(p);
	}
	return NULL;
}

static json_t *from_object(const struct fields *t, const void *object, uint64_t seen)
{
	json_t *json = json_object();

	for (size_t i = 0; json && i < t->n; i++) {
		const struct field *f = &t->table[i];

		if (!(seen & UINT64_C(1) << i))
			continue;
		if (json_object_set_new(json, f->name,
					from_field(f->kind, field_at(f, object))) < 0) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}

static json_t *from_machines(const struct machines *m)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < m->n; i++) {
		json_t *one = from_object(&machine_fields, &m->items[i], JSON_ALL_FIELDS);

		if (json_array_append_new(array, one) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

/* Prints and frees; NULL is what a builder returns without memory. */
static int print(json_t *json, size_t flags)
{
	int r;

	if (!json)
		return -ENOMEM;
	r = json_dumpf(json, stdout, flags) < 0 ? -EIO : 0;
	json_decref(json);
	if (r >= 0 && (putchar('\n') == EOF || fflush(stdout) != 0))
		r = -EIO;
	return r;
}

int json_print_manager(const struct manager *m)
{
	return print(from_object(&manager_fields, m, JSON_ALL_FIELDS), DOCUMENT);
}

int json_print_machine(const struct machine *m)
{
	return print(from_object(&machine_fields, m, JSON_ALL_FIELDS), DOCUMENT);
}

int json_print_reservation(const struct reservation *r)
{
	return print(from_reservation(r), DOCUMENT);
}

int json_print_machines(const struct machines *m)
{
	return print(from_machines(m), DOCUMENT);
}

int json_print_frame(const struct manager *manager, const struct machines *machines)
{
	return print(json_pack("{s:o, s:o}",
			       "Manager", from_object(&manager_fields, manager, JSON_ALL_FIELDS),
			       "Machines", from_machines(machines)), LINE);
}

int json_print_texts(const char *name, ...)
{
	json_t *json = json_object();
	va_list args;
	int r = json ? 0 : -ENOMEM;

	va_start(args, name);
	for (; name && r >= 0; name = va_arg(args, const char *)) {
		const char *text = va_arg(args, const char *);

		if (json_object_set_new(json, name, text ? from_operand(text) : json_null()) < 0)
			r = -ENOMEM;
	}
	va_end(args);
	if (r >= 0)
		return print(json, DOCUMENT);
	json_decref(json);
	return r;
}

static json_t *from_buckets(const struct histogram *h)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < h->n; i++) {
		const struct histogram_bucket *b = &h->buckets[i];
		json_t *one = json_pack("{s:o, s:o, s:o, s:o}",
					"IdleUSec", from_u64(b->idle_usec),
					"ResidentBytes", from_u64(b->resident_bytes),
					"OrLongerBytes", from_u64(histogram_idle(h, i)),
					"PromotedBytes", from_u64(b->promoted_bytes));

		if (json_array_append_new(array, one) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

int json_print_histogram(const char *machine, const struct histogram *h)
{
	return print(json_pack("{s:o, s:o, s:o}", "Name", from_operand(machine),
			       "Source", from_operand(h->source), "Buckets", from_buckets(h)),
		     DOCUMENT);
}

static json_t *from_ages(const struct kvmb_map_extent *e)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < e->n_blocks; i++)
		if (json_array_append_new(array, json_integer(e->ages[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *from_extents(const struct kvmb_map *map)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < map->n_extents; i++) {
		const struct kvmb_map_extent *e = &map->extents[i];
		json_t *one = json_pack("{s:o, s:o}", "Address", from_u64(e->gpa),
					"Ages", from_ages(e));

		if (json_array_append_new(array, one) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

int json_print_map(const char *machine, const struct kvmb_map *map)
{
	return print(json_pack("{s:o, s:o, s:o, s:o}", "Name", from_operand(machine),
			       "BlockBytes", from_u64(map->block_bytes),
			       "UnitUSec", from_u64(map->unit_usec),
			       "Extents", from_extents(map)), LINE);
}

int json_print_action(uint64_t time_usec, const struct action_event *a)
{
	return print(json_pack("{s:I, s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:i, s:s, s:s}",
			       "TimeUSec", (json_int_t)time_usec, "Signal", "ActionDone",
			       "Machine", a->machine, "Kind", a->kind, "Rule", a->rule,
			       "AskedBytes", from_u64(a->asked_bytes),
			       "GotBytes", from_u64(a->got_bytes),
			       "NetBytes", (json_int_t)a->net_bytes, "Error", (int)a->error,
			       "Why", a->why, "Reason", a->reason), LINE);
}

static json_t *from_event(const struct json_event *e)
{
	return json_pack("{s:I, s:s, s:s?}", "TimeUSec", (json_int_t)e->time_usec,
			 "Signal", e->signal, "Machine", e->machine);
}

int json_print_event(const struct json_event *e)
{
	return print(from_event(e), LINE);
}

int json_print_change(const struct json_event *e, const struct fields *t, const void *object,
		      uint64_t seen)
{
	json_t *json = from_event(e);

	if (json && json_object_set_new(json, "Properties", from_object(t, object, seen)) < 0) {
		json_decref(json);
		json = NULL;
	}
	return print(json, LINE);
}

int json_print_replay_tick(const struct replay_tick *t)
{
	return print(json_pack("{s:I, s:I, s:b, s:o, s:o}", "Tick", (json_int_t)t->n,
			       "Line", (json_int_t)t->line, "Identical", t->same,
			       "Recorded", json_loads(t->was, 0, NULL),
			       "Replayed", json_loads(t->now, 0, NULL)), LINE);
}

int json_print_replay_summary(const struct replay_summary *s)
{
	return print(json_pack("{s:I, s:I, s:I}", "Ticks", (json_int_t)s->n_ticks, "Identical",
			       (json_int_t)(s->n_ticks - s->n_different), "Different",
			       (json_int_t)s->n_different), LINE);
}
