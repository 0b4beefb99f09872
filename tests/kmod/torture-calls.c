// SPDX-License-Identifier: GPL-2.0-or-later
/* Random calls of kvm_swap: right, nearly right, rubbish; and what an answer cannot be. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "faults.h"
#include "tap.h"
#include "torture.h"
#include "vm.h"

#define RECORD (4 * PAGE) /* room for the largest one */

struct call {
	unsigned int cmd;
	void (*fill)(struct chance *c, void *record);
	bool (*is_sane)(const void *record);
};

/* ---- Chance ------------------------------------------------------------------------------ */

uint64_t chance_next(struct chance *c)
{
	c->state ^= c->state << 13;
	c->state ^= c->state >> 7;
	c->state ^= c->state << 17;
	return c->state;
}

uint64_t chance_number(struct chance *c)
{
	static const uint64_t bounds[] = {
		0, 1, 255, PAGE, BLOCK, VM_BASE, 1ULL << 32, 1ULL << 47, 1ULL << 56, ~0ULL,
	};
	uint64_t n = bounds[chance_below(c, sizeof(bounds) / sizeof(bounds[0]))];

	switch (chance_below(c, 4)) {
	case 0:
		return n;
	case 1:
		return n + chance_below(c, 3) - 1;
	case 2:
		return n + chance_below(c, 64) * PAGE;
	default:
		return chance_next(c) >> chance_below(c, 64);
	}
}

/* ---- What a program would ask ------------------------------------------------------------ */

static void fill_nothing(struct chance *c, void *record)
{
}

static void fill_age(struct chance *c, void *record)
{
	static const uint32_t usec[] = { 0, 1, 200, 20000, UINT32_MAX };
	struct kvm_swap_age *a = record;

	a->max_usec = usec[chance_below(c, 5)];
	a->max_pages = chance_one_in(c, 2) ? 0 : 1 + chance_below(c, 4 * BLOCK_PAGES);
	if (chance_one_in(c, 4))
		a->cursor = chance_next(c) % (1UL << 47) & ~(PAGE - 1);
}

static void fill_cold(struct chance *c, void *record)
{
	struct kvm_swap_cold *cold = record;

	cold->flags = (uint32_t)chance_below(c, 2) * KVM_SWAP_COLD_BY_ADDRESS;
	cold->min_age = 1 + (uint32_t)chance_below(c, chance_one_in(c, 4) ? KVM_SWAP_AGE_MAX : 3);
	if (chance_one_in(c, 4))
		cold->cursor = chance_next(c) % (1ULL << 35) |
			       (cold->flags ? 0 : (uint64_t)cold->min_age << 56);
}

static void fill_map(struct chance *c, void *record)
{
	struct kvm_swap_map *m = record;

	m->gpa = chance_below(c, 2048) * BLOCK;
}

static void fill_params(struct chance *c, void *record)
{
	struct kvm_swap_params *p = record;

	*p = (struct kvm_swap_params){
		.flags = chance_one_in(c, 2) ? KVM_SWAP_PARAMS_SET : 0,
		.scan_period_ms = chance_one_in(c, 2) ? 100 : 0,
		.passes_per_age = 1 + (uint32_t)chance_below(c, 3),
		.budget_usec = 100 + (uint32_t)chance_below(c, 20000),
		.budget_pages = BLOCK_PAGES + chance_below(c, 8 * BLOCK_PAGES),
		.cpu_permille = 1 + (uint32_t)chance_below(c, 300),
		.flush = chance_one_in(c, 4),
	};
}

/* What COLD has told last: as a program would page it out. */
static struct kvm_swap_span known[KVM_SWAP_COLD_RANGES];
static uint32_t n_known;

static void fill_move(struct chance *c, void *record)
{
	struct kvm_swap_move *m = record;

	m->count = n_known ? 1 + (uint32_t)chance_below(c, n_known) : 1;
	m->max_usec = (uint32_t)chance_below(c, 20000);
	m->max_pages = chance_one_in(c, 2) ? 0 : chance_below(c, 4 * BLOCK_PAGES);
	memcpy(m->ranges, known, m->count * sizeof(known[0]));
}

static void fill_drain(struct chance *c, void *record)
{
	struct kvm_swap_drain *d = record;

	d->max_usec = (uint32_t)chance_below(c, 20000);
}

static void fill_store_params(struct chance *c, void *record)
{
	struct kvm_swap_store_params *p = record;

	*p = (struct kvm_swap_store_params){
		.flags = chance_one_in(c, 2) ? KVM_SWAP_STORE_PARAMS_SET : 0,
		.compressor = 1 + (uint32_t)chance_below(c, 2),
		.encrypt = (uint32_t)chance_below(c, 2),
		.limit_bytes = chance_one_in(c, 4) ? chance_below(c, BLOCK) : KVM_SWAP_NO_LIMIT,
		.host_limit_bytes = KVM_SWAP_NO_LIMIT,
	};
}

/* ---- What an answer cannot be ------------------------------------------------------------ */

static bool sane_any(const void *record)
{
	return true;
}

static bool sane_age(const void *record)
{
	const struct kvm_swap_age *a = record;

	return a->cursor % PAGE == 0;
}

static bool sane_histogram(const void *record)
{
	const struct kvm_swap_histogram *h = record;
	uint64_t sum = 0;

	for (size_t i = 0; i < KVM_SWAP_AGES; i++)
		sum += h->cold_bytes[i];
	return sum == h->resident_bytes && sum % PAGE == 0;
}

static bool sane_cold(const void *record)
{
	const struct kvm_swap_cold *c = record;

	if (c->count > KVM_SWAP_COLD_RANGES)
		return false;
	for (uint32_t i = 0; i < c->count; i++) {
		const struct kvm_swap_range *r = &c->ranges[i];

		if (!r->bytes || (r->hva | r->gpa | r->bytes) % PAGE || r->age < c->min_age ||
		    r->age > KVM_SWAP_AGE_MAX || r->level < KVM_SWAP_LEVEL_4K ||
		    r->level > KVM_SWAP_LEVEL_2M)
			return false;
		known[i] = (struct kvm_swap_span){ r->hva, r->bytes };
	}
	n_known = c->count;
	return true;
}

static bool sane_map(const void *record)
{
	const struct kvm_swap_map *m = record;

	for (uint32_t i = 0; i < m->count && i < KVM_SWAP_MAP_BLOCKS; i++)
		if (m->blocks[i] > KVM_SWAP_AGE_MAX && m->blocks[i] < KVM_SWAP_MAP_ABSENT)
			return false;
	return m->count <= KVM_SWAP_MAP_BLOCKS && m->next_gpa % BLOCK == 0;
}

static bool sane_stats(const void *record)
{
	const struct kvm_swap_stats *s = record;

	return s->guest_gone <= 1 && s->split_blocks <= s->blocks && s->slots <= s->blocks;
}

static bool sane_move(const void *record)
{
	const struct kvm_swap_move *m = record;
	uint64_t asked = 0, told = m->pages;

	for (uint32_t i = 0; i < m->count; i++)
		asked += m->ranges[i].bytes / PAGE;
	for (size_t i = 0; i < KVM_SWAP_SKIPS; i++)
		told += m->skipped[i];
	return told <= asked && m->cursor / PAGE <= asked;
}

static const struct call calls[] = {
	{ KVM_SWAP_AGE, fill_age, sane_age },
	{ KVM_SWAP_AGE, fill_nothing, sane_age }, /* twice: it makes what the others look at */
	{ KVM_SWAP_HISTOGRAM, fill_nothing, sane_histogram },
	{ KVM_SWAP_COLD, fill_cold, sane_cold },
	{ KVM_SWAP_MAP, fill_map, sane_map },
	{ KVM_SWAP_STATS, fill_nothing, sane_stats },
	{ KVM_SWAP_PARAMS, fill_params, sane_any },
	{ KVM_SWAP_PAGE_OUT, fill_move, sane_move },
	{ KVM_SWAP_PAGE_IN, fill_move, sane_move },
	{ KVM_SWAP_DRAIN, fill_drain, sane_any },
	{ KVM_SWAP_STORE_STATS, fill_nothing, sane_any },
	{ KVM_SWAP_STORE_PARAMS, fill_store_params, sane_any },
};

/* ---- Spoiling it ------------------------------------------------------------------------- */

static void fill_rubbish(struct chance *c, void *record, size_t size)
{
	for (size_t i = 0; i + sizeof(uint64_t) <= size; i += sizeof(uint64_t)) {
		uint64_t n = chance_number(c);

		memcpy((uint8_t *)record + i, &n, sizeof(n));
	}
}

/* One member is not what it should be: those that are read are at the beginning. */
static void spoil_member(struct chance *c, void *record, size_t size)
{
	size_t at = chance_below(c, (size < 88 ? size : 88) / 4) * 4;
	uint32_t n = (uint32_t)chance_number(c);

	memcpy((uint8_t *)record + at, &n, sizeof(n));
}

static void spoil_record(struct chance *c, void *record, size_t size)
{
	switch (chance_below(c, 6)) {
	case 0:
		spoil_member(c, record, size);
		break;
	case 1:
		fill_rubbish(c, record, size);
		break;
	default:
		break; /* right as it is */
	}
}

/* A number of ours with another direction or size, or one that nobody has. */
static unsigned int spoil_cmd(struct chance *c, unsigned int cmd)
{
	return cmd ^ 1U << chance_below(c, 32);
}

static void *map_anonymous(size_t size, int protection)
{
	void *p = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(2, "mmap");
	return p;
}

/* Memory that no record can be copied from or to; what is behind it is unmapped. */
static void *bad_memory(struct chance *c)
{
	static uint8_t *read_only;

	if (!read_only) {
		read_only = map_anonymous(RECORD, PROT_READ);
		if (munmap(read_only + PAGE, RECORD - PAGE))
			err(2, "munmap");
	}
	switch (chance_below(c, 4)) {
	case 0:
		return NULL;
	case 1:
		return read_only;
	case 2:
		return read_only + PAGE - 24;
	default: /* the kernel's, or nobody's: a random address could be our own */
		return (void *)(chance_next(c) | 1ULL << 63);
	}
}

/* ---- The call ---------------------------------------------------------------------------- */

/* What kvm_swap(4) lists, and what the kernel says of a call that it knows nothing of. */
static bool is_documented(int error)
{
	static const int errors[] = { EINVAL, EFAULT, EINTR, ENOTTY, ESRCH, ENOMEM, EOPNOTSUPP,
				      EBADF, ENODEV, EMFILE, ENFILE, ENOENT, EBUSY };

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i] == error)
			return true;
	return false;
}

/* Return: of the call; errno is kept. */
static int counted(struct shared *shared, struct chance *c, int fd, unsigned int cmd, void *arg)
{
	int r, error;

	if (chance_one_in(c, 4))
		faults_arm(1 + (unsigned int)chance_below(c, 12));
	r = ioctl(fd, cmd, arg);
	error = errno;
	atomic_fetch_add(&shared->tally.faults, faults_disarm());
	atomic_fetch_add(r < 0 ? &shared->tally.refused : &shared->tally.accepted, 1);
	if (r < 0 && !is_documented(error)) {
		atomic_fetch_add(&shared->tally.odd_errno, 1);
		note("call %#x: %s", cmd, strerror(error));
	}
	errno = error;
	return r;
}

/* The record need not be aligned. */
static void call_with_record(struct shared *shared, struct chance *c, int fd,
			     const struct call *call)
{
	static _Alignas(8) uint8_t wanted[RECORD], place[RECORD + 16];
	uint8_t *record = place + (chance_one_in(c, 8) ? chance_below(c, 16) : 0);
	size_t size = _IOC_SIZE(call->cmd);

	memset(wanted, 0, size);
	call->fill(c, wanted);
	spoil_record(c, wanted, size);
	memcpy(record, wanted, size);
	if (counted(shared, c, fd, call->cmd, record) < 0) {
		atomic_fetch_add(&shared->tally.changed, memcmp(wanted, record, size) != 0);
		return;
	}
	memcpy(wanted, record, size);
	atomic_fetch_add(&shared->tally.odd_answer, !call->is_sane(wanted));
}

void torture_call(struct shared *shared, struct chance *c, int guest_fd)
{
	static uint8_t place[RECORD];
	const struct call *call = &calls[chance_below(c, sizeof(calls) / sizeof(calls[0]))];

	switch (chance_below(c, 16)) {
	case 0:
		counted(shared, c, guest_fd, call->cmd, bad_memory(c));
		break;
	case 1:
		counted(shared, c, guest_fd, spoil_cmd(c, call->cmd), place);
		break;
	default:
		call_with_record(shared, c, guest_fd, call);
		break;
	}
}

int torture_attach(struct shared *shared, struct chance *c, int device, int vm_fd)
{
	struct kvm_swap_attach a = { .vm_fd = vm_fd };
	struct kvm_swap_info info;
	int r;

	if (chance_one_in(c, 16))
		counted(shared, c, device, KVM_SWAP_INFO, &info);
	if (chance_one_in(c, 16))
		spoil_member(c, &a, sizeof(a));
	if (chance_one_in(c, 32))
		return counted(shared, c, device, KVM_SWAP_ATTACH, bad_memory(c));
	r = counted(shared, c, device, KVM_SWAP_ATTACH, &a);
	if (r >= 0)
		atomic_fetch_add(&shared->tally.attached, 1);
	return r;
}
