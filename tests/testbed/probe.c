// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kvmb-probe: sources and actuators of the library on a real host, without policy and gate.
 *
 *   kvmb-probe sample [SECONDS]          JSON sample after so many seconds of snapshots (default 3)
 *   kvmb-probe status SECONDS            connection and number of guests, a line every 0.2 s
 *   kvmb-probe trigger GUEST SECONDS     wait for the PSI trigger of a guest ("host": of the host)
 *   kvmb-probe reclaim|pageout|balloon|deflate GUEST BYTES
 *                                        one action; for the last two BYTES is the new size
 *   kvmb-probe residency GUEST           bytes of the guest's memory that are in RAM, by page map
 *
 * Output is one JSON object a line. Exit status 1: it failed, as the last line says.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "actuator/actuator.h"
#include "base/fs.h"
#include "base/num.h"
#include "base/residency.h"
#include "base/str.h"
#include "base/wait.h"
#include "model/sample.h"
#include "source/guest-watch.h"
#include "source/host.h"
#include "source/libvirt.h"
#include "source/psi.h"
#include "wrap/cgroup.h"
#include "wrap/virt.h"

#define INTERVAL_USEC (USEC_PER_SEC / 2)
#define CONNECT_MS 30000
#define RANGES_MAX 4096

struct probe {
	struct kvmb_root root;
	struct kvmb_virt *virt;
	struct kvmb_libvirt *lv;
	struct kvmb_guest_watch *watch;
};

static int fail(const char *what, int error)
{
	printf("{\"failed\": \"%s\", \"errno\": %d, \"error\": \"%s\"}\n", what, error,
	       strerror(-error));
	return EXIT_FAILURE;
}

static uint64_t now_ms(void)
{
	return kvmb_now_ns() / 1000000;
}

static void pause_ms(unsigned int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&t, NULL);
}

static int probe_open(struct probe *p)
{
	const char *uri = getenv("KVMB_PROBE_URI");
	int r = kvmb_root_open(NULL, &p->root);

	if (r >= 0)
		r = kvmb_cgroup_attach(&p->root);
	if (r >= 0)
		r = kvmb_virt_new(uri, &p->virt);
	if (r >= 0)
		r = kvmb_libvirt_new(p->virt, NULL, INTERVAL_USEC, false, &p->lv);
	if (r >= 0)
		r = kvmb_guest_watch_new(&p->root, &p->watch);
	return r;
}

static int take(struct probe *p, struct kvmb_sample *s, struct kvmb_libvirt_status *status)
{
	int r;

	free(s->guests);
	s->guests = NULL;
	s->now_ns = kvmb_now_ns();
	s->realtime_usec = (uint64_t)time(NULL) * USEC_PER_SEC;
	r = kvmb_libvirt_take(p->lv, &s->guests, &s->n_guests, status);
	if (r >= 0)
		r = kvmb_guest_watch_read(p->watch, s->guests, s->n_guests);
	if (r >= 0)
		r = kvmb_host_read(&p->root, &s->host);
	s->guests_valid = status->connected && status->complete;
	return r < 0 ? r : 0;
}

/* The first complete sample, however long libvirt takes to connect. */
static int take_first(struct probe *p, struct kvmb_sample *s)
{
	struct kvmb_libvirt_status status;
	uint64_t end_ms = now_ms() + CONNECT_MS;
	int r;

	do {
		r = take(p, s, &status);
		if (r < 0 || s->guests_valid)
			return r;
		pause_ms(20);
	} while (now_ms() < end_ms);
	return -ETIMEDOUT;
}

static int probe_sample(struct probe *p, const char *seconds)
{
	struct kvmb_libvirt_status status;
	struct kvmb_sample s = { 0 };
	_cleanup_free_ char *text = NULL;
	int r = take_first(p, &s);

	if (r < 0)
		return fail("no sample", r);
	sleep((unsigned int)atoi(seconds));
	r = take(p, &s, &status);
	if (r >= 0)
		r = kvmb_sample_to_json(&s, &text);
	if (r < 0)
		return fail("sample", r);
	fputs(text, stdout);
	free(s.guests);
	return EXIT_SUCCESS;
}

static int probe_status(struct probe *p, const char *seconds)
{
	uint64_t begin_ms = now_ms(), end_ms = begin_ms + strtoull(seconds, NULL, 10) * 1000;
	struct kvmb_libvirt_status status;
	struct kvmb_sample s = { 0 };

	while (now_ms() < end_ms) {
		uint64_t before_ms = now_ms();
		int r = take(p, &s, &status);

		if (r < 0)
			return fail("status", r);
		printf("{\"ms\": %" PRIu64 ", \"took_ms\": %" PRIu64 ", \"connected\": %s, "
		       "\"complete\": %s, \"guests\": %zu, \"connects\": %" PRIu64
		       ", \"facts_ms\": %" PRIu64 ", \"error\": \"%s\"}\n",
		       before_ms - begin_ms, now_ms() - before_ms,
		       status.connected ? "true" : "false", status.complete ? "true" : "false",
		       s.n_guests, status.n_connects,
		       status.taken_ns ? (s.now_ns - status.taken_ns) / 1000000 : 0, status.error);
		fflush(stdout);
		pause_ms(200);
	}
	free(s.guests);
	return EXIT_SUCCESS;
}

static struct kvmb_guest_sample *find(struct kvmb_sample *s, const char *name)
{
	for (size_t i = 0; i < s->n_guests; i++)
		if (streq(s->guests[i].name, name))
			return &s->guests[i];
	return NULL;
}

static int wait_host_trigger(struct probe *p, int timeout_ms)
{
	struct pollfd f = { .events = POLLPRI };
	int r;

	f.fd = kvmb_psi_trigger_open(p->root.proc_fd, "pressure/memory", 100000, 1000000);
	if (f.fd < 0)
		return f.fd;
	printf("{\"armed\": true}\n");
	fflush(stdout);
	r = poll(&f, 1, timeout_ms);
	(void)close(f.fd);
	return r < 0 ? -errno : r == 0 ? -ETIMEDOUT : f.revents & POLLPRI ? 0 : -EIO;
}

static int wait_guest_trigger(struct probe *p, const char *name, int timeout_ms)
{
	struct pollfd f = { .fd = kvmb_guest_watch_fd(p->watch), .events = POLLIN };
	struct kvmb_libvirt_status status;
	struct kvmb_sample s = { 0 };
	uint64_t end_ms = now_ms() + (uint64_t)timeout_ms;
	struct kvmb_guest_sample *g;
	int r;

	kvmb_guest_watch_set_trigger(p->watch, 100000, 1000000);
	r = take_first(p, &s);
	if (r < 0)
		return r;
	printf("{\"armed\": true}\n");
	fflush(stdout);
	while (now_ms() < end_ms) {
		if (poll(&f, 1, (int)(end_ms - now_ms())) < 0)
			return -errno;
		if (kvmb_guest_watch_dispatch(p->watch) <= 0)
			continue;
		r = take(p, &s, &status);
		g = r < 0 ? NULL : find(&s, name);
		if (g && g->triggered)
			return 0;
	}
	return -ETIMEDOUT;
}

static int probe_trigger(struct probe *p, const char *name, const char *seconds)
{
	uint64_t begin_ms = now_ms();
	int timeout_ms = atoi(seconds) * 1000;
	int r = streq(name, "host") ? wait_host_trigger(p, timeout_ms) :
				      wait_guest_trigger(p, name, timeout_ms);

	if (r < 0)
		return fail("trigger", r);
	printf("{\"triggered\": \"%s\", \"ms\": %" PRIu64 "}\n", name, now_ms() - begin_ms);
	return EXIT_SUCCESS;
}

/* The guest's memory is QEMU's largest mapping; in 2 MiB ranges, as an aging source would tell. */
static size_t find_ranges(int32_t pid, uint64_t bytes, struct kvmb_range *ranges, size_t size)
{
	unsigned long long begin, end, best = 0, best_end = 0;
	char path[64], line[512];
	size_t n = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx-%llx rw", &begin, &end) == 2 &&
		    end - begin > best_end - best) {
			best = begin;
			best_end = end;
		}
	}
	if (f)
		(void)fclose(f);
	for (uint64_t at = best; at < best_end && n < size && bytes > 0; at += 2 * MIB) {
		ranges[n].hva = at;
		ranges[n].length_bytes = u64_min(u64_min(2 * MIB, best_end - at), bytes);
		bytes -= ranges[n++].length_bytes;
	}
	return n;
}

static int probe_residency(struct probe *p, const char *name)
{
	static struct kvmb_range ranges[RANGES_MAX];
	struct kvmb_sample s = { 0 };
	struct kvmb_guest_sample *g;
	uint64_t present = 0;
	int r = take_first(p, &s), fd;
	size_t n;

	g = r < 0 ? NULL : find(&s, name);
	if (!g)
		return fail("no such guest", r);
	n = find_ranges(g->pid, UINT64_MAX, ranges, RANGES_MAX);
	fd = kvmb_residency_open(&p->root, g->pid);
	r = fd < 0 ? fd : kvmb_residency_count(fd, ranges, n, UINT64_MAX, &present);
	if (r < 0)
		return fail("residency", r);
	printf("{\"resident_bytes\": %" PRIu64 "}\n", present);
	free(s.guests);
	return EXIT_SUCCESS;
}

static int new_actuator(struct probe *p, enum kvmb_action_kind kind, struct kvmb_actuator *ret)
{
	switch (kind) {
	case KVMB_ACTION_RECLAIM:
		return kvmb_actuator_reclaim_new(NULL, ret);
	case KVMB_ACTION_PAGEOUT:
		return kvmb_actuator_pageout_new(NULL, NULL, ret);
	case KVMB_ACTION_HIGH:
		return kvmb_actuator_high_new(NULL, KVMB_HIGH_USEC, ret);
	default:
		return kvmb_actuator_balloon_new(p->virt, NULL, ret);
	}
}

static int probe_action(struct probe *p, enum kvmb_action_kind kind, const char *name,
			uint64_t bytes)
{
	static struct kvmb_range ranges[RANGES_MAX];
	/* Whatever the guest's pressure, for the gate is left out here. */
	struct kvmb_action a = {
		.kind = kind,
		.asked_bytes = bytes,
		.target_bytes = bytes,
		.facts.guest_limit_permyriad = 10000,
	};
	struct kvmb_actuator act = { 0 };
	struct kvmb_result res = { 0 };
	struct kvmb_sample s = { 0 };
	struct kvmb_guest_sample *g;
	uint64_t begin_ms;
	atomic_bool cancel;
	int r = take_first(p, &s);

	g = r < 0 ? NULL : find(&s, name);
	if (!g)
		return fail("no such guest", r);
	(void)kvmb_str_copy(a.name, sizeof(a.name), g->name);
	(void)kvmb_str_copy(a.uuid, sizeof(a.uuid), g->uuid);
	(void)kvmb_str_copy(a.cgroup, sizeof(a.cgroup), g->cgroup);
	a.pid = g->pid;
	a.ranges = ranges;
	a.n_ranges = find_ranges(g->pid, bytes, ranges, RANGES_MAX);
	r = new_actuator(p, kind, &act);
	if (r < 0)
		return fail("actuator", r);
	atomic_init(&cancel, false);
	begin_ms = now_ms();
	r = act.ops->apply(act.ctx, &a, &cancel, &res);
	printf("{\"kind\": \"%s\", \"error\": %d, \"why\": \"%s\", \"got_bytes\": %" PRIu64
	       ", \"net_bytes\": %" PRId64 ", \"ms\": %" PRIu64 "}\n",
	       kvmb_action_kind_to_string(kind), r, kvmb_why_to_string(res.why), res.got_bytes,
	       res.net_bytes, now_ms() - begin_ms);
	kvmb_actuator_done(&act);
	free(s.guests);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(struct probe *p, int argc, char **argv)
{
	static const char *const verbs[] = {
		[KVMB_ACTION_BALLOON] = "balloon",
		[KVMB_ACTION_DEFLATE] = "deflate",
		[KVMB_ACTION_RECLAIM] = "reclaim",
		[KVMB_ACTION_PAGEOUT] = "pageout",
		[KVMB_ACTION_HIGH] = "high",
	};

	if (argc >= 2 && streq(argv[1], "sample"))
		return probe_sample(p, argc > 2 ? argv[2] : "3");
	if (argc == 3 && streq(argv[1], "status"))
		return probe_status(p, argv[2]);
	if (argc == 3 && streq(argv[1], "residency"))
		return probe_residency(p, argv[2]);
	if (argc == 4 && streq(argv[1], "trigger"))
		return probe_trigger(p, argv[2], argv[3]);
	for (size_t i = 0; argc == 4 && i < ARRAY_SIZE(verbs); i++)
		if (streq(argv[1], verbs[i]))
			return probe_action(p, (enum kvmb_action_kind)i, argv[2],
					    strtoull(argv[3], NULL, 10));
	return fail("usage: see the head of probe.c", -EINVAL);
}

int main(int argc, char **argv)
{
	struct probe p = { .root = KVMB_ROOT_INIT };
	uint64_t begin_ms;
	int status, r = probe_open(&p);

	if (r < 0)
		return fail("open", r);
	status = run(&p, argc, argv);
	begin_ms = now_ms();
	(void)kvmb_guest_watch_free(p.watch);
	(void)kvmb_libvirt_free(p.lv);
	(void)kvmb_virt_unref(p.virt);
	kvmb_root_close(&p.root);
	if (now_ms() - begin_ms > 3000)
		return fail("the stop took longer than 3 s", -ETIMEDOUT);
	return status;
}
