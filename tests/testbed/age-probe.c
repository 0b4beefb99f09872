// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kvmb-age-probe: one source of ages of the library on a real guest, without agent and policy.
 *
 *   kvmb-age-probe damon|mglru PID CGROUP PERIOD_MS SECONDS [page-out IDLE_MS BYTES]
 *
 * CGROUP is the guest's scope below the cgroup root. A line for each period: {"ms", "error",
 * "idle": {"SECONDS": BYTES, ...}}, where SECONDS is how long the bytes were idle at least. At the
 * end the ranges that were found cold are paged out: {"found", "ranges", "failed"}. Exit status 1:
 * it failed; the last line then has "why" or "error".
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/uio.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/num.h"
#include "base/str.h"
#include "base/wait.h"
#include "source/age-source.h"

struct probe {
	const struct kvmb_age_source_ops *ops;
	struct kvmb_age_target target;
	void *handle;
	uint64_t period_ms;
	uint64_t seconds;
};

static void pause_ms(uint64_t ms)
{
	struct timespec t = { .tv_sec = (time_t)(ms / 1000),
			      .tv_nsec = (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&t, NULL);
}

static uint64_t now_ms(void)
{
	return kvmb_now_ns() / 1000000;
}

static void print_ages(uint64_t ms, int error, const struct kvmb_ages *ages)
{
	const char *comma = "";

	printf("{\"ms\": %" PRIu64 ", \"error\": %d, \"idle\": {", ms, error);
	for (unsigned int i = 0; i < KVMB_AGE_BUCKETS && error >= 0; i++) {
		if (!ages->cold_bytes[i])
			continue;
		printf("%s\"%" PRIu64 "\": %" PRIu64, comma,
		       kvmb_age_bucket_usec(i) / USEC_PER_SEC, ages->cold_bytes[i]);
		comma = ", ";
	}
	printf("}}\n");
	fflush(stdout);
}

static int watch(struct probe *p)
{
	uint64_t begin_ms = now_ms(), end_ms = begin_ms + p->seconds * 1000;
	int r;

	do {
		struct kvmb_ages ages = { 0 };
		uint64_t before_ms = now_ms(), took_ms;

		r = p->ops->read(p->handle, &ages);
		if (r != -EAGAIN)
			print_ages(now_ms() - begin_ms, r, &ages);
		took_ms = now_ms() - before_ms;
		if (took_ms < p->period_ms)
			pause_ms(p->period_ms - took_ms);
	} while ((r >= 0 || r == -EAGAIN) && now_ms() < end_ms);
	return r == -EAGAIN ? 0 : r;
}

static size_t page_out(int pidfd, const struct kvmb_range *ranges, size_t n)
{
	size_t failed = 0;

	for (size_t i = 0; i < n; i++) {
		struct iovec iov = { (void *)(uintptr_t)ranges[i].hva, ranges[i].length_bytes };

		failed += process_madvise(pidfd, &iov, 1, MADV_PAGEOUT, 0) < 0;
	}
	return failed;
}

static int find(struct probe *p, const char *idle_ms, const char *bytes)
{
	_cleanup_close_ int pidfd = pidfd_open(p->target.pid, 0);
	struct kvmb_cold cold = { NULL, 0 };
	uint64_t found = 0;
	int r = p->ops->find(p->handle, strtoull(idle_ms, NULL, 10) * 1000,
			     strtoull(bytes, NULL, 10), &cold);

	for (size_t i = 0; i < cold.n; i++)
		found += cold.ranges[i].length_bytes;
	printf("{\"error\": %d, \"found\": %" PRIu64 ", \"ranges\": %zu, \"failed\": %zu}\n", r,
	       found, cold.n, r < 0 ? 0 : page_out(pidfd, cold.ranges, cold.n));
	free(cold.ranges);
	return r;
}

static int run(struct probe *p, int argc, char **argv)
{
	char why[KVMB_TEXT_SIZE] = "";
	int r = p->ops->open(&p->target, p->period_ms * 1000, &p->handle, why);

	if (r < 0) {
		printf("{\"error\": %d, \"why\": \"%s\"}\n", r, why);
		return r;
	}
	r = watch(p);
	if (r >= 0 && argc == 9)
		r = find(p, argv[7], argv[8]);
	p->ops->close(p->handle);
	return r;
}

int main(int argc, char **argv)
{
	struct kvmb_root root = KVMB_ROOT_INIT;
	struct probe p = { .target.root = &root };
	int r;

	if (argc != 6 && argc != 9) {
		fprintf(stderr, "usage: see the head of age-probe.c\n");
		return 2;
	}
	p.ops = streq(argv[1], "mglru") ? &kvmb_age_source_mglru : &kvmb_age_source_damon;
	p.target.pid = atoi(argv[2]);
	(void)kvmb_str_copy(p.target.cgroup, sizeof(p.target.cgroup), argv[3]);
	p.period_ms = strtoull(argv[4], NULL, 10);
	p.seconds = strtoull(argv[5], NULL, 10);
	r = kvmb_root_open(NULL, &root);
	if (r >= 0)
		r = run(&p, argc, argv);
	kvmb_root_close(&root);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
