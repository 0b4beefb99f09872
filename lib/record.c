// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Lines of a recording, both ways. Each tick has all that its decision was made of, so that it can
 * be made again by itself, whatever happened between the ticks and whatever became of other lines.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "configuration.h"
#include "model/json.h"
#include "model/plan.h"
#include "model/sample.h"
#include "model/state.h"

KVMB_DEFINE_CLEANUP(struct kvmb_record *, kvmb_record_free);

#define FORMAT "kvm-balloond-recording"
/* Another one for each change after which an older line would be read wrongly, or not at all. */
#define VERSION 1

static const char *const kind_names[] = {
	[KVMB_RECORD_BEGIN] = "begin",
	[KVMB_RECORD_CONFIG] = "config",
	[KVMB_RECORD_TICK] = "tick",
	[KVMB_RECORD_END] = "end",
};
_Static_assert(ARRAY_SIZE(kind_names) == KVMB_RECORDS, "each kind has a name");
static const struct kvmb_tokens kind_tokens = { kind_names, ARRAY_SIZE(kind_names) };

static const struct kvmb_json_field kind_fields[] = {
	{ .key = "record", .type = KVMB_JSON_TYPE_ENUM, .tokens = &kind_tokens,
	  .offset = offsetof(struct kvmb_record, kind), .size = sizeof(enum kvmb_record_kind) },
};

struct begin {
	char format[32];
	uint32_t version;
	char agent[KVMB_TEXT_SIZE];
};

static const struct kvmb_json_field begin_fields[] = {
	KVMB_JSON_STRING(struct begin, format),
	KVMB_JSON_U32(struct begin, version),
	KVMB_JSON_STRING(struct begin, agent),
};

static const struct kvmb_json_field end_fields[] = {
	{ .key = "why", .type = KVMB_JSON_TYPE_STRING, .offset = offsetof(struct kvmb_record, text),
	  .size = KVMB_TEXT_SIZE },
};

struct kvmb_record *kvmb_record_free(struct kvmb_record *r)
{
	if (!r)
		return NULL;
	(void)kvmb_config_free(r->config);
	(void)kvmb_state_free(r->state);
	(void)kvmb_sample_free(r->sample);
	(void)kvmb_plan_free(r->plan);
	free(r);
	return NULL;
}

static int store_config(struct kvmb_json *o, const struct kvmb_config *c)
{
	struct kvmb_json *config;
	int r = kvmb_config_to_object(c, &config);

	return r < 0 ? r : kvmb_json_set(o, "config", config);
}

static int store_begin(struct kvmb_json *o, const struct kvmb_record *record)
{
	struct begin begin = { .format = FORMAT, .version = VERSION };
	int r;

	memcpy(begin.agent, record->text, sizeof(begin.agent));
	r = kvmb_json_store(o, KVMB_JSON_TABLE(begin_fields), &begin);
	return r < 0 ? r : store_config(o, record->config);
}

static int store_tick(struct kvmb_json *o, const struct kvmb_record *record)
{
	struct kvmb_json *part;
	int r = kvmb_state_to_exact(record->state, &part);

	if (r >= 0)
		r = kvmb_json_set(o, "state", part);
	if (r >= 0)
		r = kvmb_sample_to_object(record->sample, &part);
	if (r >= 0)
		r = kvmb_json_set(o, "sample", part);
	if (r >= 0)
		r = kvmb_plan_to_object(record->plan, &part);
	return r < 0 ? r : kvmb_json_set(o, "plan", part);
}

static int store(struct kvmb_json *o, const struct kvmb_record *record)
{
	switch (record->kind) {
	case KVMB_RECORD_BEGIN:
		return store_begin(o, record);
	case KVMB_RECORD_CONFIG:
		return store_config(o, record->config);
	case KVMB_RECORD_TICK:
		return store_tick(o, record);
	case KVMB_RECORD_END:
		return kvmb_json_store(o, KVMB_JSON_TABLE(end_fields), record);
	default:
		return -EINVAL;
	}
}

int kvmb_record_to_json(const struct kvmb_record *record, char **ret)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;
	int r = kvmb_json_new_object(&o);

	if (r >= 0)
		r = kvmb_json_store(o, KVMB_JSON_TABLE(kind_fields), record);
	if (r >= 0)
		r = store(o, record);
	return r < 0 ? r : kvmb_json_print_line(o, ret);
}

static int get(const struct kvmb_json *o, const char *key, const struct kvmb_json **ret,
	       char **ret_error)
{
	*ret = kvmb_json_get(o, key);
	return *ret ? 0 : kvmb_explain(-EBADMSG, ret_error, "%s: missing", key);
}

/* What is wrong within a part is told with the part's name before it. */
static int within(int r, const char *key, char *error, char **ret_error)
{
	if (r == -EBADMSG)
		r = kvmb_explain(r, ret_error, "%s.%s", key, error ?: "");
	free(error);
	return r;
}

static int load_config(const struct kvmb_json *o, struct kvmb_record *record, char **ret_error)
{
	const struct kvmb_json *part;
	char *error = NULL;
	int r = get(o, "config", &part, ret_error);

	if (r < 0)
		return r;
	r = kvmb_config_from_object(part, &record->config, &error);
	return within(r, "config", error, ret_error);
}

static int load_begin(const struct kvmb_json *o, struct kvmb_record *record, char **ret_error)
{
	struct begin begin;
	int r = kvmb_json_load(o, KVMB_JSON_TABLE(begin_fields), &begin, "", ret_error);

	if (r < 0)
		return r;
	if (!streq(begin.format, FORMAT))
		return kvmb_explain(-EBADMSG, ret_error, "format: allowed is " FORMAT);
	if (begin.version != VERSION)
		return kvmb_explain(-EBADMSG, ret_error, "version: allowed is %d", VERSION);
	memcpy(record->text, begin.agent, sizeof(record->text));
	return load_config(o, record, ret_error);
}

static int load_state(const struct kvmb_json *o, struct kvmb_record *record, char **ret_error)
{
	const struct kvmb_json *part;
	char *error = NULL;
	int r = get(o, "state", &part, ret_error);

	if (r < 0)
		return r;
	r = kvmb_state_from_exact(part, &record->state, &error);
	return within(r, "state", error, ret_error);
}

static int load_sample(const struct kvmb_json *o, struct kvmb_record *record, char **ret_error)
{
	const struct kvmb_json *part;
	char *error = NULL;
	int r = get(o, "sample", &part, ret_error);

	if (r < 0)
		return r;
	r = kvmb_sample_from_object(part, &record->sample, &error);
	return within(r, "sample", error, ret_error);
}

static int load_plan(const struct kvmb_json *o, struct kvmb_record *record, char **ret_error)
{
	const struct kvmb_json *part;
	char *error = NULL;
	int r = get(o, "plan", &part, ret_error);

	if (r < 0)
		return r;
	r = kvmb_plan_from_object(part, &record->plan, &error);
	return within(r, "plan", error, ret_error);
}

static int load_tick(const struct kvmb_json *o, struct kvmb_record *record, char **ret_error)
{
	int r = load_state(o, record, ret_error);

	if (r >= 0)
		r = load_sample(o, record, ret_error);
	if (r >= 0)
		r = load_plan(o, record, ret_error);
	if (r >= 0 && record->sample->now_ns < record->state->last_ns)
		return kvmb_explain(-EBADMSG, ret_error, "sample.now_ns: before the state's time");
	return r;
}

static int load(const struct kvmb_json *o, struct kvmb_record *record, char **ret_error)
{
	int r = kvmb_json_load(o, KVMB_JSON_TABLE(kind_fields), record, "", ret_error);

	if (r < 0)
		return r;
	switch (record->kind) {
	case KVMB_RECORD_BEGIN:
		return load_begin(o, record, ret_error);
	case KVMB_RECORD_CONFIG:
		return load_config(o, record, ret_error);
	case KVMB_RECORD_TICK:
		return load_tick(o, record, ret_error);
	default:
		return kvmb_json_load(o, KVMB_JSON_TABLE(end_fields), record, "", ret_error);
	}
}

int kvmb_record_from_json(const char *line, struct kvmb_record **ret, char **ret_error)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;
	_cleanup_(kvmb_record_freep) struct kvmb_record *record = calloc(1, sizeof(*record));
	int r;

	if (!record)
		return -ENOMEM;
	r = kvmb_json_parse(line, &o, ret_error);
	if (r >= 0)
		r = load(o, record, ret_error);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(record);
	return 0;
}
