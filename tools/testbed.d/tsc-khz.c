/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints the frequency of this processor's time stamp counter in kHz. Under emulation the host's
 * counter is ours, and
 * on a busy machine its kernel measures it wrong by a factor of two: so the kernel is told.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct instant {
	uint64_t ticks;
	uint64_t ns;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* The best of many pairs: the one in which nothing came between the two readings. */
static struct instant read_both(void)
{
	struct instant best = { 0, 0 };
	uint64_t shortest = UINT64_MAX;

	for (int i = 0; i < 1000; i++) {
		uint64_t before = __rdtsc();
		uint64_t ns = now_ns();
		uint64_t after = __rdtsc();

		if (after - before < shortest) {
			shortest = after - before;
			best = (struct instant){ before + shortest / 2, ns };
		}
	}
	return best;
}

int main(void)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
	struct instant first = read_both(), second;

	nanosleep(&pause, NULL);
	second = read_both();
	printf("%" PRIu64 "\n", (second.ticks - first.ticks) * 1000000 / (second.ns - first.ns));
	return 0;
}
