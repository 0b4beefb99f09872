// SPDX-License-Identifier: GPL-2.0-or-later
/* The steps of long work on the arena. */
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* 256 KiB: short enough for the hot set, long enough to hide the loop's cost */
#define STEP_PAGES 64u

static const char *const names[] = { "none", "fill", "free", "verify", "cache" };

const char *job_name(enum job_kind kind)
{
	return names[kind];
}

void job_start(struct job *j, enum job_kind kind, uint64_t mib, enum arena_order order)
{
	const uint64_t block_mib = ARENA_BLOCK_BYTES >> 20;

	*j = (struct job){ .kind = kind, .running = true, .order = order, .fd = -1 };
	if (kind == JOB_VERIFY)
		j->todo = ARENA_BLOCKS_MAX;
	else if (kind == JOB_CACHE)
		j->todo = mib;
	else
		j->todo = (mib + block_mib - 1) / block_mib;
}

static void finish(struct job *j, int error)
{
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
	j->error = error;
	j->running = false;
}

static void next_block(struct job *j)
{
	j->page = 0;
	j->todo--;
}

static bool step_fill(struct job *j, struct arena *a)
{
	if (j->page == 0) {
		const int r = arena_take(a, &j->block);

		if (r < 0) {
			finish(j, r);
			return false;
		}
	}
	for (unsigned int i = 0; i < STEP_PAGES; i++, j->pages++)
		arena_fill_page(a, j->block, j->page++);
	if (j->page < ARENA_BLOCK_PAGES)
		return false;
	arena_commit(a, j->block);
	next_block(j);
	return true;
}

static bool step_free(struct job *j, struct arena *a)
{
	const size_t block = arena_pick(a, j->order);
	const int r = block < ARENA_BLOCKS_MAX ? arena_drop(a, block) : -ENODATA;

	if (r < 0) {
		finish(j, r);
		return false;
	}
	j->pages += ARENA_BLOCK_PAGES;
	next_block(j);
	return true;
}

static bool step_verify(struct job *j, struct arena *a)
{
	j->block = ARENA_BLOCKS_MAX - j->todo;
	if (!a->filled[j->block]) {
		next_block(j);
		return false;
	}
	for (unsigned int i = 0; i < STEP_PAGES; i++, j->pages++, j->page++) {
		const uint64_t page = j->block * ARENA_BLOCK_PAGES + j->page;

		j->bad_word = arena_check(a, page);
		if (j->bad_word >= 0) {
			j->bad_page = page;
			finish(j, -EBADMSG);
			return false;
		}
	}
	if (j->page == ARENA_BLOCK_PAGES)
		next_block(j);
	return false;
}

/* Buffered reads of the optional disk: its blocks become the guest's page cache. */
static bool step_cache(struct job *j)
{
	char buffer[64 * 1024];

	if (j->fd < 0)
		j->fd = open(JOB_CACHE_DEVICE, O_RDONLY | O_CLOEXEC);
	if (j->fd < 0) {
		finish(j, -errno);
		return false;
	}
	for (unsigned int done = 0; done < 1u << 20; done += sizeof(buffer)) {
		const ssize_t n = read(j->fd, buffer, sizeof(buffer));

		if (n != (ssize_t)sizeof(buffer)) {
			finish(j, n < 0 ? -errno : -ENODATA);
			return false;
		}
	}
	j->pages += (1u << 20) / CONTENT_PAGE_BYTES;
	j->todo--;
	return false;
}

bool job_step(struct job *j, struct arena *a)
{
	if (j->todo == 0) {
		finish(j, 0);
		return false;
	}
	switch (j->kind) {
	case JOB_FILL:
		return step_fill(j, a);
	case JOB_FREE:
		return step_free(j, a);
	case JOB_VERIFY:
		return step_verify(j, a);
	case JOB_CACHE:
		return step_cache(j);
	case JOB_NONE:
		break;
	}
	finish(j, -EINVAL);
	return false;
}
