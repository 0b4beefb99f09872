// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Far memory against zram: a guest of two halves with the same content, one of which goes to the
 * store, the other one to zram, in turns. Then the guest touches a page of either, in turns, and
 * times each access itself. So whatever else the machine does hits both.
 */
#define _GNU_SOURCE
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../../kmod/far.h"
#include "../../kmod/module.h"
#include "benches.h"
#include "calls.h"
#include "content.h"
#include "figure.h"
#include "timed.h"
#include "zram.h"

#define SIDE_BYTES (16UL << 20)
#define SIDE_PAGES (SIDE_BYTES / PAGE)
#define ROUNDS 7

struct duel {
	struct vm vm;
	struct timed timed;
	int fd;
	enum content content;
	bool encrypt;
};

/* What came of it: [0] the store, [1] zram. */
struct outcome {
	struct series out_ns[2]; /* a MiB */
	uint32_t *ticks[2];
	size_t n_ticks;
};

static uint8_t *side(const struct duel *d, int which)
{
	return d->vm.memory + (which ? SIDE_BYTES : 0);
}

/* ---- One round --------------------------------------------------------------------------- */

/* New memory, as the guest's mapping wants it, and touched by the guest. */
static void refill(struct duel *d)
{
	must(madvise(d->vm.memory, 2 * SIDE_BYTES, MADV_DONTNEED), "MADV_DONTNEED");
	content_fill(side(d, 0), SIDE_PAGES, d->content);
	content_fill(side(d, 1), SIDE_PAGES, d->content);
	if (d->vm.backing == VM_HUGE && !vm_huge(&d->vm))
		errx(2, "the host gave no huge pages");
	timed_clear(&d->timed);
	for (size_t i = 0; i < 2 * SIDE_PAGES; i++)
		timed_add(&d->timed, i);
	timed_run(&d->timed);
}

static uint64_t out(struct duel *d, int which)
{
	uint64_t start_ns = now_ns();

	if (which)
		zram_out(side(d, 1), SIDE_BYTES);
	else
		page_out(d->fd, &d->vm, 0, SIDE_PAGES);
	return (now_ns() - start_ns) / (SIDE_BYTES >> 20);
}

/*
 * Does the page fault on both sides? What does not compress stays on ours. Zeroes do as well in
 * huge pages: when one is split the kernel maps its zero page in their place.
 */
static bool goes(const struct duel *d, size_t i)
{
	enum content is = content_of(d->content, i);

	return is == CONTENT_TEXT || (is == CONTENT_ZERO && d->vm.backing != VM_HUGE);
}

/* All that should be out is, but for a few that somebody held. */
static void check_out(const struct duel *d)
{
	const struct vm zram = { .memory = side(d, 1), .n_pages = SIDE_PAGES };
	size_t in_zram = SIDE_PAGES - vm_resident(&zram), away = store_stats(d->fd).pages, go = 0;

	for (size_t i = 0; i < SIDE_PAGES; i++)
		go += goes(d, i);
	if (away < go - go / 50 || in_zram < SIDE_PAGES - SIDE_PAGES / 50)
		errx(2, "%s: %zu pages in the store, not %zu, %zu in zram, not %zu",
		     content_names[d->content], away, go, in_zram, SIDE_PAGES);
}

static void touch(struct duel *d, struct outcome *o)
{
	const uint32_t *ticks;

	timed_clear(&d->timed);
	for (size_t i = 0; i < SIDE_PAGES; i++) {
		if (!goes(d, i))
			continue;
		timed_add(&d->timed, i);
		timed_add(&d->timed, SIDE_PAGES + i);
	}
	if (!d->timed.n)
		return;
	ticks = timed_run(&d->timed);
	for (size_t i = 0; i < d->timed.n / 2; i++) {
		o->ticks[0][o->n_ticks] = ticks[2 * i];
		o->ticks[1][o->n_ticks++] = ticks[2 * i + 1];
	}
}

/* ---- All of them ------------------------------------------------------------------------- */

static void play(struct duel *d, struct outcome *o)
{
	for (int i = 0; i < ROUNDS; i++) {
		int first = i % 2;

		refill(d);
		series_add(&o->out_ns[first], out(d, first));
		series_add(&o->out_ns[!first], out(d, !first));
		check_out(d);
		touch(d, o);
	}
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void say_latency(const struct duel *d, const struct conditions *c, const struct outcome *o,
			unsigned int percent)
{
	size_t at = o->n_ticks * percent / 100;
	char name[64];

	(void)snprintf(name, sizeof(name), "access to a page in zram, p%u", percent);
	figure_say(c, &(struct figure){ name, "ns", timed_ns(&d->timed, o->ticks[1][at]), 0, 0 });
	(void)snprintf(name, sizeof(name), "access to a page that is out%s, p%u",
		       d->encrypt ? ", encrypted" : "", percent);
	figure_say(c, &(struct figure){ name, "permille of zram",
		   permille(o->ticks[0][at], o->ticks[1][at]), d->encrypt ? 1500 : 1000, 0 });
}

static void say(const struct duel *d, struct outcome *o)
{
	const struct conditions c = {
		.guest_bytes = 2 * SIDE_BYTES,
		.mapping = d->vm.backing == VM_HUGE ? "2 MiB" : "4 KiB",
		.content = content_names[d->content],
	};
	uint64_t zram_ns = series_median(&o->out_ns[1]), far_ns = series_median(&o->out_ns[0]);

	figure_say(&c, &(struct figure){ "page-out to zram", "ns per MiB", zram_ns, 0, 0 });
	figure_say(&c, &(struct figure){
		   d->encrypt ? "throughput of page-out, encrypted" : "throughput of page-out",
		   "permille of zram", permille(zram_ns, far_ns), 0, 1000 });
	if (!o->n_ticks)
		return;
	for (int i = 0; i < 2; i++)
		qsort(o->ticks[i], o->n_ticks, sizeof(uint32_t), compare);
	say_latency(d, &c, o, 50);
	say_latency(d, &c, o, 99);
}

static void measure(enum vm_backing backing, enum content content, bool encrypt)
{
	struct duel d = { .content = content, .encrypt = encrypt };
	struct kvm_swap_store_params p;
	struct outcome o = {};

	for (int i = 0; i < 2; i++) {
		o.ticks[i] = calloc(ROUNDS * SIDE_PAGES, sizeof(uint32_t));
		if (!o.ticks[i])
			err(2, "calloc");
	}
	vm_new(&d.vm, 2 * SIDE_PAGES, backing);
	timed_new(&d.timed, &d.vm, 2 * SIDE_PAGES);
	d.fd = must_attach(&d.vm);
	p = store_params(d.fd);
	p.encrypt = encrypt;
	if (set_store(d.fd, &p))
		errx(2, "KVM_SWAP_STORE_PARAMS");
	play(&d, &o);
	say(&d, &o);
	far_done(&d.vm, d.fd);
	timed_free(&d.timed);
	for (int i = 0; i < 2; i++)
		free(o.ticks[i]);
}

/* What does not compress is to be tried each time, as memory that changes is. */
static void forget_dense(void)
{
	FILE *f = fopen("/sys/kernel/kvm_swap/store/dense_ms", "we");

	if (!f || fputs("0", f) < 0 || fclose(f))
		err(2, "dense_ms");
}

void bench_far(void)
{
	static const enum vm_backing backings[] = { VM_SMALL, VM_HUGE };

	device_open();
	if (!has_store())
		errx(2, "this kernel has no store");
	zram_check();
	forget_dense();
	bench_far_room();
	for (size_t i = 0; i < 2; i++)
		for (int c = i ? CONTENT_TEXT : CONTENT_ZERO; c <= CONTENT_MIXED; c++)
			for (int encrypt = 0; encrypt < 2; encrypt++)
				measure(backings[i], (enum content)c, encrypt);
	device_close();
}
