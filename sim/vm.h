/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of one machine. docs/FLEET.md says what is assumed of it, and why.
 *
 *	provisioned = balloon took | in use | idle | free in the guest
 *
 * Parts of the last three can be out, in the host's swap, and what the guest never touched has no
 * memory behind it. Half of what falls out of use stays idle, the other half is free. What comes
 * into use again is taken by halves from both, and of the idle that was idle last comes first.
 */
#ifndef SIM_VM_H
#define SIM_VM_H

#include <kvmballoon.h>

#define VM_IDLE_PIECES 8 /* older ones are joined, and count as no older than the younger of two */

struct vm_idle {
	uint64_t bytes;
	uint64_t since_sec;
};

struct vm {
	uint64_t provisioned_bytes;
	uint64_t balloon_bytes; /* what the balloon leaves it */
	uint64_t want_bytes;    /* by the trace */
	uint64_t used_bytes;    /* less than it wants where the balloon does not leave it as much */
	uint64_t used_out_bytes; /* comes back in the next step */
	uint64_t idle_bytes;    /* resident: the sum of the pieces */
	uint64_t idle_out_bytes;
	uint64_t freed_bytes;   /* free in the guest, but the host has memory behind it */
	uint64_t freed_out_bytes;
	uint64_t refault_bytes; /* since the beginning */
	uint64_t told_bytes;    /* refaults that the policy was told of */
	uint64_t told_pages;    /* the counter by which it was told */
	struct vm_idle idle[VM_IDLE_PIECES]; /* the oldest first */
	unsigned int n_idle;
	bool present;
};

/** vm_init() - off, with nothing resident */
void vm_init(struct vm *v, uint64_t provisioned_bytes);
/** vm_off() - as it is when it is switched off: what is counted goes on */
void vm_off(struct vm *v);
/** vm_step() - a new step: what was out of what it uses comes back, and it wants so much now */
void vm_step(struct vm *v, uint64_t want_bytes, uint64_t now_sec);
/** vm_grow() - take what it wants still, as far as the balloon leaves it that */
void vm_grow(struct vm *v);

/** vm_balloon() - a smaller size, as far as the guest has it free. Return: what the host won. */
uint64_t vm_balloon(struct vm *v, uint64_t target_bytes);
/** vm_deflate() - a larger size */
void vm_deflate(struct vm *v, uint64_t target_bytes);
/** vm_pageout() - what was idle for @idle_sec or longer, the oldest first. Return: what went. */
uint64_t vm_pageout(struct vm *v, uint64_t bytes, uint64_t idle_sec, uint64_t now_sec);
/** vm_reclaim() - what is idle, the oldest first, then what is free, then what is used */
uint64_t vm_reclaim(struct vm *v, uint64_t bytes);

/** vm_age_bucket() - of kvmb_ages: of what was idle for @sec */
static inline unsigned int vm_age_bucket(uint64_t sec)
{
	/* Buckets begin at 0, at 5 s, and double from there on: kvmb_age_bucket_usec(). */
	unsigned int i = sec < 5 ? 0 : 64 - (unsigned int)__builtin_clzll(sec / 5);

	return i < KVMB_AGE_BUCKETS ? i : KVMB_AGE_BUCKETS - 1;
}

/** vm_own_bytes() - what QEMU needs for itself: as much as the policy takes for it */
static inline uint64_t vm_own_bytes(const struct vm *v)
{
	const uint64_t most = UINT64_C(64) << 20;

	return v->provisioned_bytes / 8 < most ? v->provisioned_bytes / 8 : most;
}

static inline uint64_t vm_resident_bytes(const struct vm *v)
{
	if (!v->present)
		return 0;
	return vm_own_bytes(v) + v->used_bytes - v->used_out_bytes + v->idle_bytes + v->freed_bytes;
}

static inline uint64_t vm_out_bytes(const struct vm *v)
{
	return v->used_out_bytes + v->idle_out_bytes + v->freed_out_bytes;
}

/** vm_free_bytes() - free in the guest, with or without memory behind it */
static inline uint64_t vm_free_bytes(const struct vm *v)
{
	return v->balloon_bytes - v->used_bytes - v->idle_bytes - v->idle_out_bytes;
}

/** vm_violated() - its demand is not met: the balloon is too small, or what it uses is out */
static inline bool vm_violated(const struct vm *v)
{
	return v->present && (v->used_bytes < v->want_bytes || v->used_out_bytes);
}

#endif
