/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An engine that does what it is told, line by line, through the FIFO named by KVMB_FAKE_ENGINE:
 * the daemon is linked with it instead of lib/engine*.c, to see what it makes of guests that come
 * and go, actions that end, and a libvirt that does not answer. It never touches a guest or the
 * host.
 *
 *   connect | disconnect TEXT     libvirt is there, or not
 *   add NAME | remove NAME        guests
 *   alarm TEXT                    nothing is left to take; without TEXT there is
 *   ksm N TEXT                    how it is with KSM, and the last order's reason
 *   absent NAME                   is configured and does not exist
 *   level N                       host level, 0 to 3
 *   target NAME BYTES             balloon target of the agent
 *   exclude NAME N | degrade NAME N | stats NAME N     enum kvmb_why, 0 is none
 *   result NAME ASKED GOT NET ERROR WHY                an action ended
 *   aging NAME N REASON           enum kvmb_aging, and why none better
 *   ages NAME I COLD PROMOTED     bytes in bucket I
 *   store NAME OUT FAILURES       what is out in its store, and how often it could not be read
 *   store NAME none               it has none
 *   map NAME ERRNO | map NAME BYTES    the answer to those who asked for one: of so many bytes
 *   fault NAME TEXT               what is meant for it and does not count, and why
 *   persisted ERRNO               libvirt's answer to the PersistPolicy that was told last
 *   left N                        what kvmb_engine_release() answers
 *   fail ERRNO                    of every tick from now on; 0 ends it
 *   trigger                       dispatch asks for a tick
 *   hang SECONDS                  the loop stands still
 *   decide N                      so many decisions, with nothing in them
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kvmballoon.h>

#define GUESTS 16
#define LINE_SIZE 512
#define GIB (UINT64_C(1) << 30)

struct guest {
	bool used;
	struct kvmb_guest_sample sample;
	struct kvmb_policy runtime;
	uint64_t target_bytes;
	enum kvmb_why excluded, degraded;
	char aging_reason[KVMB_TEXT_SIZE], policy_error[KVMB_TEXT_SIZE];
};

struct kvmb_engine {
	int fd;
	char line[LINE_SIZE];
	size_t used;
	struct guest guests[GUESTS];
	struct kvmb_sample sample;
	struct kvmb_state *state;
	const struct kvmb_config *config;
	struct kvmb_engine_callbacks callbacks;
	void *userdata;
	enum kvmb_level level;
	bool connected, dry_run, want_tick;
	char error[KVMB_TEXT_SIZE], absent[KVMB_NAME_SIZE], alarm[KVMB_TEXT_SIZE];
	char ksm_reason[KVMB_TEXT_SIZE];
	enum kvmb_ksm_state ksm;
	uint64_t n_ticks, guaranteed_bytes;
	int left, tick_error, n_skipped;
	struct kvmb_reservation reservation;
	uint64_t persist_cookie;
};

int kvmb_engine_new(const struct kvmb_engine_params *p, struct kvmb_engine **ret)
{
	const char *fifo = getenv("KVMB_FAKE_ENGINE");
	struct kvmb_engine *e = calloc(1, sizeof(*e));

	if (!e || !fifo)
		return -EINVAL;
	/* For reading and writing, so that it never comes to its end. */
	e->fd = open(fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (e->fd < 0 || kvmb_state_new(&e->state) < 0)
		return -errno;
	e->config = p->config;
	e->callbacks = *p->callbacks;
	e->userdata = p->userdata;
	e->dry_run = p->dry_run;
	e->sample.host = (struct kvmb_host_sample){ .total_bytes = 8 * GIB,
						    .available_bytes = 2 * GIB };
	(void)snprintf(e->error, sizeof(e->error), "not yet");
	*ret = e;
	return 0;
}

struct kvmb_engine *kvmb_engine_free(struct kvmb_engine *e)
{
	if (!e)
		return NULL;
	(void)close(e->fd);
	(void)kvmb_state_free(e->state);
	free(e);
	return NULL;
}

int kvmb_engine_fd(struct kvmb_engine *e)
{
	return e->fd;
}

static struct guest *find(struct kvmb_engine *e, const char *name)
{
	for (size_t i = 0; i < GUESTS; i++)
		if (e->guests[i].used && strcmp(e->guests[i].sample.name, name) == 0)
			return &e->guests[i];
	return NULL;
}

static void add(struct kvmb_engine *e, const char *name)
{
	struct guest *g = e->guests;

	while (g->used)
		g++;
	*g = (struct guest){ .used = true };
	g->sample.cgroup_valid = g->sample.psi_valid = g->sample.has_balloon = true;
	g->sample.maximum_bytes = g->sample.balloon_bytes = 2 * GIB;
	g->sample.resident_bytes = GIB;
	g->sample.backing.reports_free = true;
	g->sample.unused_bytes = KVMB_UNKNOWN;
	g->sample.pid = 4711;
	g->sample.psi.some_avg10_permyriad = 123;
	(void)snprintf(g->sample.name, sizeof(g->sample.name), "%s", name);
	(void)snprintf(g->sample.uuid, sizeof(g->sample.uuid), "uuid-of-%.20s", name);
	e->callbacks.guest_added(e->userdata, name);
}

static void result(struct kvmb_engine *e, const char *name, const char *text)
{
	struct kvmb_result r = { .duration_usec = 1000 };
	unsigned long long asked = 0, got = 0;
	long long net = 0;
	unsigned int why = 0;

	(void)sscanf(text, "%llu %llu %lld %d %u", &asked, &got, &net, &r.error, &why);
	r.action.kind = KVMB_ACTION_RECLAIM;
	r.action.rule = KVMB_RULE_HOST_PRESSURE;
	r.action.asked_bytes = asked;
	r.got_bytes = got;
	r.net_bytes = net;
	r.why = (enum kvmb_why)why;
	(void)snprintf(r.action.name, sizeof(r.action.name), "%s", name);
	(void)snprintf(r.action.reason, sizeof(r.action.reason), "the test said so");
	e->callbacks.result(e->userdata, &r);
}

#define BLOCK_BYTES (UINT64_C(2) << 20)

/* Two extents: one of 2 blocks, and behind a hole one of the size that is wanted. */
static void answer_map(struct kvmb_engine *e, const char *name, uint64_t n)
{
	static const uint8_t low[] = { 0, KVMB_MAP_ABSENT };
	size_t n_blocks = (size_t)(n / BLOCK_BYTES);
	uint8_t *high = calloc(n_blocks + 1, 1);
	struct kvmb_map_extent extents[] = { { 0, 2, low }, { 4 * GIB, n_blocks, high } };
	const struct kvmb_map map = { BLOCK_BYTES, 5000000, 2, extents };

	for (size_t i = 0; high && i < n_blocks; i++)
		high[i] = (uint8_t)(i % KVMB_MAP_ABSENT);
	if (n < BLOCK_BYTES)
		e->callbacks.guest_map(e->userdata, name, NULL, -(int)n);
	else
		e->callbacks.guest_map(e->userdata, name, &map, 0);
	free(high);
}

static void change_ages(struct guest *g, const char *verb, const char *values)
{
	unsigned long long cold = 0, promoted = 0;
	unsigned int n = 0;
	int reason = 0;

	if (strcmp(verb, "aging") == 0) {
		(void)sscanf(values, "%u %n", &n, &reason);
		g->sample.ages.source = (enum kvmb_aging)n;
		g->sample.ages.told_ns = n ? 1 : 0;
		(void)snprintf(g->aging_reason, sizeof(g->aging_reason), "%s", values + reason);
	} else if (sscanf(values, "%u %llu %llu", &n, &cold, &promoted) == 3) {
		g->sample.ages.cold_bytes[n] = cold;
		g->sample.ages.promoted_bytes[n] = promoted;
	}
}

/* Compressed to a quarter, with a fault of 5 us for each failure: figures to be told apart. */
static void change_store(struct guest *g, const char *values)
{
	unsigned long long out = 0, failures = 0;

	if (strcmp(values, "none") == 0) {
		g->sample.store = (struct kvmb_store){ .valid = false };
		return;
	}
	(void)sscanf(values, "%llu %llu", &out, &failures);
	g->sample.store = (struct kvmb_store){
		.valid = true,
		.encrypted = true,
		.compressor = KVMB_COMPRESSOR_ZSTD,
		.out_bytes = out,
		.same_filled_bytes = out / 8,
		.stored_bytes = out / 4,
		.pool_bytes = out / 2,
		.metadata_bytes = 4096,
		.outs = 10,
		.faults = failures,
		.fetched = 11,
		.dropped = 12,
		.dense = 13,
		.integrity_failures = failures,
		.fault_ns = { [12] = failures },
	};
}

static void change(struct kvmb_engine *e, const char *verb, struct guest *g, const char *value)
{
	uint64_t n = strtoull(value, NULL, 10);

	if (strcmp(verb, "target") == 0)
		g->target_bytes = n;
	else if (strcmp(verb, "exclude") == 0)
		g->excluded = (enum kvmb_why)n;
	else if (strcmp(verb, "degrade") == 0)
		g->degraded = (enum kvmb_why)n;
	else if (strcmp(verb, "stats") == 0)
		g->sample.stats_why = (enum kvmb_why)n;
	else if (strcmp(verb, "store") == 0)
		change_store(g, value);
	else if (strcmp(verb, "fault") == 0)
		(void)snprintf(g->policy_error, sizeof(g->policy_error), "%s", value);
	else
		change_ages(g, verb, value);
	e->callbacks.guest_changed(e->userdata, g->sample.name);
}

static void set_connected(struct kvmb_engine *e, bool connected, const char *error)
{
	e->connected = e->sample.guests_valid = connected;
	(void)snprintf(e->error, sizeof(e->error), "%s", error);
	if (e->callbacks.host_changed)
		e->callbacks.host_changed(e->userdata);
}

static void decide(struct kvmb_engine *e, int n)
{
	struct kvmb_plan plan = { .level = e->level };
	const struct kvmb_record tick = {
		.kind = KVMB_RECORD_TICK, .state = e->state, .sample = &e->sample, .plan = &plan,
	};

	while (n-- > 0)
		e->callbacks.decided(e->userdata, &tick);
}

static void answer_persist(struct kvmb_engine *e, int n)
{
	const struct kvmb_persist answer = {
		.cookie = e->persist_cookie, .error = -n, .text = "libvirt's words",
	};

	e->callbacks.persisted(e->userdata, &answer);
}

static void set_ksm(struct kvmb_engine *e, int n, const char *rest)
{
	const char *text = strchr(rest, ' ');

	e->ksm = (enum kvmb_ksm_state)n;
	(void)snprintf(e->ksm_reason, sizeof(e->ksm_reason), "%s", text ? text + 1 : "");
}

static void obey_host(struct kvmb_engine *e, const char *verb, const char *rest)
{
	int n = atoi(rest);

	if (strcmp(verb, "connect") == 0)
		set_connected(e, true, "");
	else if (strcmp(verb, "disconnect") == 0)
		set_connected(e, false, rest);
	else if (strcmp(verb, "level") == 0)
		e->level = (enum kvmb_level)n;
	else if (strcmp(verb, "left") == 0)
		e->left = n;
	else if (strcmp(verb, "persisted") == 0)
		answer_persist(e, n);
	else if (strcmp(verb, "skip") == 0)
		e->n_skipped = n;
	else if (strcmp(verb, "guaranteed") == 0)
		e->guaranteed_bytes = (uint64_t)n * GIB;
	else if (strcmp(verb, "fail") == 0)
		e->tick_error = n;
	else if (strcmp(verb, "trigger") == 0)
		e->want_tick = true;
	else if (strcmp(verb, "hang") == 0)
		(void)sleep((unsigned int)n);
	else if (strcmp(verb, "decide") == 0)
		decide(e, n);
	else if (strcmp(verb, "alarm") == 0)
		(void)snprintf(e->alarm, sizeof(e->alarm), "%s", rest);
	else if (strcmp(verb, "ksm") == 0)
		set_ksm(e, n, rest);
	else if (strcmp(verb, "absent") == 0)
		(void)snprintf(e->absent, sizeof(e->absent), "%s", rest);
}

/* VERB [NAME [VALUES]]; names have no blanks here */
static void obey(struct kvmb_engine *e, char *line)
{
	char *rest = NULL, *verb = strtok_r(line, " ", &rest);
	char *values = strchr(rest, ' ');
	struct guest *g;

	if (!verb)
		return;
	if (values)
		*values++ = '\0';
	g = find(e, rest);
	if (strcmp(verb, "add") == 0) {
		add(e, rest);
	} else if (g && strcmp(verb, "remove") == 0) {
		e->callbacks.guest_removed(e->userdata, rest);
		g->used = false;
	} else if (strcmp(verb, "result") == 0) {
		result(e, rest, values);
	} else if (strcmp(verb, "map") == 0) {
		answer_map(e, rest, strtoull(values, NULL, 10));
	} else if (g) {
		change(e, verb, g, values);
	} else {
		if (values)
			values[-1] = ' ';
		obey_host(e, verb, rest);
	}
}

int kvmb_engine_dispatch(struct kvmb_engine *e, uint64_t now_ns)
{
	char *end;
	ssize_t n = read(e->fd, e->line + e->used, sizeof(e->line) - 1 - e->used);
	bool tick;

	e->used += n > 0 ? (size_t)n : 0;
	e->line[e->used] = '\0';
	while ((end = strchr(e->line, '\n'))) {
		*end = '\0';
		obey(e, e->line);
		e->used -= (size_t)(end + 1 - e->line);
		memmove(e->line, end + 1, e->used + 1);
	}
	tick = e->want_tick;
	e->want_tick = false;
	return tick ? KVMB_DISPATCH_TICK : 0;
}

int kvmb_engine_tick(struct kvmb_engine *e, uint64_t now_ns)
{
	e->n_ticks++;
	return -e->tick_error;
}

int kvmb_engine_set_config(struct kvmb_engine *e, const struct kvmb_config *c)
{
	e->config = c;
	return 0;
}

int kvmb_engine_set_policy(struct kvmb_engine *e, const char *name, const struct kvmb_policy *p,
			   char **ret_error)
{
	struct guest *g = find(e, name);
	struct kvmb_policy effective;
	int r;

	if (!g)
		return -ENOENT;
	kvmb_config_policy(e->config, name, NULL, NULL, &effective);
	if (p->set & 1U << KVMB_FIELD_GUARANTEE)
		effective.guarantee_bytes = p->guarantee_bytes;
	if (p->set & 1U << KVMB_FIELD_LIMIT)
		effective.limit_bytes = p->limit_bytes;
	r = kvmb_policy_check(&effective, ret_error);
	if (r < 0)
		return r;
	g->runtime = *p;
	(void)e->callbacks.persist(e->userdata, e->state);
	e->callbacks.guest_changed(e->userdata, name);
	return 0;
}

/* Told on standard error, so that a test knows when to answer, and what was asked. */
int kvmb_engine_persist_policy(struct kvmb_engine *e, const char *name,
			       const struct kvmb_policy_change *change, char **ret_error)
{
	if (!find(e, name))
		return -ENOENT;
	if (e->dry_run)
		return -EROFS;
	e->persist_cookie = change->cookie;
	fprintf(stderr, "asked to write into %s: %x, shares %u, without %x\n", name,
		change->values.set, change->values.shares, change->unset);
	return 0;
}

int kvmb_engine_reclaim(struct kvmb_engine *e, const char *name, uint64_t bytes,
			enum kvmb_why *ret_why)
{
	struct guest *g = find(e, name);

	if (!g)
		return -ENOENT;
	if (bytes == 0 || bytes > g->sample.resident_bytes)
		return -ERANGE;
	if (g->excluded == KVMB_WHY_NONE)
		return 0;
	*ret_why = g->excluded;
	return -EPERM;
}

/* As it is asked for; what comes of it the real engine's tests tell. */
int kvmb_engine_reserve(struct kvmb_engine *e, const struct kvmb_reserve_request *request,
			uint64_t now_ns, uint32_t *ret_id, uint64_t *ret_most_bytes)
{
	(void)now_ns;
	if (request->bytes > e->sample.host.total_bytes) {
		*ret_most_bytes = e->sample.host.total_bytes;
		return -E2BIG;
	}
	e->reservation = (struct kvmb_reservation){ .id = 7, .bytes = request->bytes };
	*ret_id = 7;
	return 0;
}

int kvmb_engine_unreserve(struct kvmb_engine *e, uint32_t id)
{
	if (!e->reservation.id || id != e->reservation.id)
		return -ENOENT;
	e->reservation.id = 0;
	return 0;
}

size_t kvmb_engine_reservations(struct kvmb_engine *e, const struct kvmb_reservation **ret)
{
	*ret = &e->reservation;
	return e->reservation.id ? 1 : 0;
}

int kvmb_engine_release(struct kvmb_engine *e)
{
	return e->left;
}

void kvmb_engine_host_status(struct kvmb_engine *e, struct kvmb_host_status *ret)
{
	*ret = (struct kvmb_host_status){
		.sample = &e->sample,
		.level = e->level,
		.mode = e->config->host.mode,
		.need_bytes = 42,
		.n_ticks = e->n_ticks,
		.net_bytes = -7,
		.advice = { 15000, UINT32_MAX, UINT32_MAX, KVMB_ADVICE_NO_AGES },
		.guaranteed_bytes = e->guaranteed_bytes,
		.n_skipped = (size_t)e->n_skipped,
		.alarm = e->alarm,
		.ksm = e->ksm,
		.ksm_saved_bytes = 4096,
		.ksm_reason = e->ksm_reason,
		.connected = e->connected,
		.dry_run = e->dry_run,
	};
	memcpy(ret->error, e->error, sizeof(ret->error));
}

int kvmb_engine_guest_status(struct kvmb_engine *e, const char *name,
			     struct kvmb_guest_status *ret)
{
	struct guest *g = find(e, name);

	if (!g)
		return -ENOENT;
	*ret = (struct kvmb_guest_status){
		.sample = &g->sample,
		.excluded = g->excluded,
		.degraded = g->degraded,
		.target_bytes = g->target_bytes,
		.net_bytes = -8,
		.backend = g->sample.store.valid ? KVMB_BACKEND_FAR : KVMB_BACKEND_SWAP,
		.backend_basis = g->sample.store.valid ? KVMB_BACKEND_NO_SWAP :
							 KVMB_BACKEND_HAS_SWAP,
		.aging_reason = g->aging_reason,
		.policy_error = g->policy_error,
		.cold_bytes = g->sample.ages.told_ns ?
				      kvmb_ages_idle(&g->sample.ages, e->config->host.cold_usec) :
				      KVMB_UNKNOWN,
		.cold_age_usec = 2 * e->config->host.cold_usec,
	};
	kvmb_config_policy(e->config, name, NULL, &g->runtime, &ret->policy);
	for (size_t i = 0; i < KVMB_FIELDS && e->config->n_classes; i++)
		if (ret->policy.source[i] == KVMB_POLICY_CLASS)
			ret->classes[i] = e->config->classes[0].pattern;
	return 0;
}

size_t kvmb_engine_guests(struct kvmb_engine *e)
{
	return 0;
}

const char *kvmb_engine_guest_name(struct kvmb_engine *e, size_t i)
{
	return NULL;
}

const char *kvmb_engine_absent(struct kvmb_engine *e, size_t i)
{
	return i == 0 && e->absent[0] ? e->absent : NULL;
}

int kvmb_engine_explain(struct kvmb_engine *e, const char *name, char **ret)
{
	if (!find(e, name))
		return -ENOENT;
	*ret = strdup("Nothing is done to it, for this is a test.");
	return *ret ? 0 : -ENOMEM;
}

/* Told on standard error, so that a test knows how many have asked. */
int kvmb_engine_ask_map(struct kvmb_engine *e, const char *name)
{
	if (!find(e, name))
		return -ENOENT;
	fprintf(stderr, "asked for a map of %s\n", name);
	return 0;
}

const struct kvmb_state *kvmb_engine_state(struct kvmb_engine *e)
{
	return e->state;
}
