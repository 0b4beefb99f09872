// SPDX-License-Identifier: GPL-2.0-or-later
/* What steps and actions do to the memory of one machine. */
#include "vm.h"

#include <string.h>

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void vm_init(struct vm *v, uint64_t provisioned_bytes)
{
	*v = (struct vm){
		.provisioned_bytes = provisioned_bytes,
		.balloon_bytes = provisioned_bytes,
	};
}

void vm_off(struct vm *v)
{
	v->present = false;
	v->balloon_bytes = v->provisioned_bytes;
	v->want_bytes = v->used_bytes = v->used_out_bytes = 0;
	v->idle_bytes = v->idle_out_bytes = 0;
	v->n_idle = 0;
	v->freed_bytes = v->freed_out_bytes = 0;
}

static void push_idle(struct vm *v, uint64_t bytes, uint64_t now_sec)
{
	v->idle_bytes += bytes;
	if (v->n_idle && v->idle[v->n_idle - 1].since_sec == now_sec) {
		v->idle[v->n_idle - 1].bytes += bytes;
		return;
	}
	if (v->n_idle == VM_IDLE_PIECES) {
		v->idle[1].bytes += v->idle[0].bytes;
		v->n_idle--;
		memmove(v->idle, v->idle + 1, v->n_idle * sizeof(v->idle[0]));
	}
	v->idle[v->n_idle++] = (struct vm_idle){ bytes, now_sec };
}

/* The youngest first; @bytes is no more than there is. */
static void use_idle(struct vm *v, uint64_t bytes)
{
	v->idle_bytes -= bytes;
	while (bytes) {
		struct vm_idle *top = &v->idle[v->n_idle - 1];
		uint64_t part = least(top->bytes, bytes);

		top->bytes -= part;
		bytes -= part;
		if (!top->bytes)
			v->n_idle--;
	}
}

/* The oldest first, of what is idle since @until_sec or longer. Return: what went. */
static uint64_t drop_idle(struct vm *v, uint64_t bytes, uint64_t until_sec)
{
	uint64_t left = bytes;
	unsigned int n = 0;

	while (n < v->n_idle && left && v->idle[n].since_sec <= until_sec) {
		uint64_t part = least(v->idle[n].bytes, left);

		v->idle[n].bytes -= part;
		left -= part;
		if (v->idle[n].bytes)
			break;
		n++;
	}
	v->n_idle -= n;
	memmove(v->idle, v->idle + n, v->n_idle * sizeof(v->idle[0]));
	v->idle_bytes -= bytes - left;
	return bytes - left;
}

/* What the host has memory behind first, what is in swap last. Return: what came from there. */
static uint64_t take_free(struct vm *v, uint64_t bytes, uint64_t *freed)
{
	uint64_t untouched = vm_free_bytes(v) - v->freed_bytes - v->freed_out_bytes;
	uint64_t out;

	*freed = least(v->freed_bytes, bytes);
	bytes -= *freed;
	out = bytes - least(untouched, bytes);
	v->freed_bytes -= *freed;
	v->freed_out_bytes -= out;
	return out;
}

static void rise(struct vm *v, uint64_t bytes)
{
	uint64_t unused = vm_free_bytes(v), from_free = least(bytes / 2, unused), freed;
	uint64_t from_idle = least(bytes - from_free, v->idle_bytes + v->idle_out_bytes);
	uint64_t resident = least(from_idle, v->idle_bytes), out = from_idle - resident;

	from_free += least(bytes - from_free - from_idle, unused - from_free);
	v->refault_bytes += out + take_free(v, from_free, &freed);
	use_idle(v, resident);
	v->idle_out_bytes -= out;
	v->used_bytes += from_free + from_idle;
}

void vm_grow(struct vm *v)
{
	if (v->want_bytes > v->used_bytes)
		rise(v, v->want_bytes - v->used_bytes);
}

/* What was out of it was in use least, and is the first to fall out of use. */
static void fall(struct vm *v, uint64_t bytes, uint64_t now_sec)
{
	uint64_t out = least(v->used_out_bytes, bytes), resident = bytes - out;

	v->used_bytes -= bytes;
	v->used_out_bytes -= out;
	v->idle_out_bytes += out;
	v->freed_bytes += resident / 2;
	if (resident)
		push_idle(v, resident - resident / 2, now_sec);
}

void vm_step(struct vm *v, uint64_t want_bytes, uint64_t now_sec)
{
	v->present = true;
	v->want_bytes = want_bytes;
	if (want_bytes < v->used_bytes)
		fall(v, v->used_bytes - want_bytes, now_sec);
	v->refault_bytes += v->used_out_bytes;
	v->used_out_bytes = 0;
	vm_grow(v);
}

uint64_t vm_balloon(struct vm *v, uint64_t target_bytes)
{
	uint64_t unused = vm_free_bytes(v), bytes, freed;

	if (target_bytes >= v->balloon_bytes)
		return 0;
	bytes = least(v->balloon_bytes - target_bytes, unused);
	(void)take_free(v, bytes, &freed); /* what is in swap is dropped there, not read */
	v->balloon_bytes -= bytes;
	return freed;
}

void vm_deflate(struct vm *v, uint64_t target_bytes)
{
	target_bytes = least(target_bytes, v->provisioned_bytes);
	if (target_bytes > v->balloon_bytes)
		v->balloon_bytes = target_bytes;
}

uint64_t vm_pageout(struct vm *v, uint64_t bytes, uint64_t idle_sec, uint64_t now_sec)
{
	uint64_t gone = idle_sec > now_sec ? 0 : drop_idle(v, bytes, now_sec - idle_sec);

	v->idle_out_bytes += gone;
	return gone;
}

uint64_t vm_reclaim(struct vm *v, uint64_t bytes)
{
	uint64_t idle = drop_idle(v, bytes, UINT64_MAX);
	uint64_t freed = least(bytes - idle, v->freed_bytes);
	uint64_t used = least(bytes - idle - freed, v->used_bytes - v->used_out_bytes);

	v->idle_out_bytes += idle;
	v->freed_bytes -= freed;
	v->freed_out_bytes += freed;
	v->used_out_bytes += used;
	return idle + freed + used;
}
