/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of /proc, /sys and cgroups: each parser gets every text; what it takes is within bounds,
 * and what it refuses leaves the output alone.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "base/pressure.h"
#include "base/scope.h"
#include "base/str.h"
#include "base/swap-ram.h"
#include "fuzz.h"
#include "source/guest-cgroup.h"
#include "source/guest-memory.h"
#include "source/host.h"
#include "source/ksm.h"
#include "source/lru-gen.h"
#include "source/process-memory.h"
#include "source/swap-device.h"

#define UNTOUCHED UINT64_C(0x5aa55aa55aa55aa5)

static void check_meminfo(const char *text)
{
	struct kvmb_host_sample h = { .total_bytes = UNTOUCHED };
	uint64_t zswap = UNTOUCHED;
	int r = kvmb_parse_meminfo(text, &h, &zswap);

	REQUIRE(r == 0 || r == -EBADMSG);
	REQUIRE(r == 0 || (h.total_bytes == UNTOUCHED && zswap == UNTOUCHED));
	REQUIRE(r < 0 || h.available_bytes <= h.total_bytes);
	REQUIRE(r < 0 || h.swap_free_bytes <= h.swap_total_bytes);
}

static void check_psi(const char *text)
{
	struct kvmb_psi psi = { .some_total_usec = UNTOUCHED };
	int r = kvmb_parse_psi(text, &psi);

	REQUIRE(r <= 0);
	REQUIRE(r == 0 || psi.some_total_usec == UNTOUCHED);
	REQUIRE(psi.some_avg10_permyriad <= PERMYRIAD && psi.some_avg60_permyriad <= PERMYRIAD);
	REQUIRE(psi.full_avg10_permyriad <= PERMYRIAD && psi.full_avg60_permyriad <= PERMYRIAD);
}

static void check_scope(const char *text)
{
	char path[KVMB_PATH_SIZE] = "untouched";
	int r = kvmb_parse_scope(text, -1, path);

	REQUIRE(memchr(path, '\0', sizeof(path)));
	REQUIRE(r <= 0);
	REQUIRE(r == 0 || streq(path, "untouched"));
	REQUIRE(r < 0 || (*path && !strchr(path, '\n')));
}

static void check_counters(const char *text)
{
	struct kvmb_guest_sample g = { .refault_anon = UNTOUCHED, .oom_kills = UNTOUCHED };
	struct kvmb_host_sample h = { .oom_kills = UNTOUCHED };

	REQUIRE(kvmb_parse_memory_stat(text, &g) == 0 || g.refault_anon == UNTOUCHED);
	REQUIRE(kvmb_parse_memory_events(text, &g) == 0 || g.oom_kills == UNTOUCHED);
	REQUIRE(kvmb_parse_vmstat(text, &h) == 0 || h.oom_kills == UNTOUCHED);
}

static void check_swap(const char *text)
{
	unsigned int ids[4] = { 0, 0, 0, 4711 };
	uint64_t bytes = UNTOUCHED;

	REQUIRE(kvmb_parse_zram_mm_stat(text, &bytes) == 0 || bytes == UNTOUCHED);
	(void)kvmb_parse_swaps(text, ids, 3);
	REQUIRE(ids[3] == 4711);
}

static void check_swap_devices(const char *text)
{
	struct kvmb_swap_device devices[3] = { { "" }, { "" }, { "untouched" } };
	uint64_t reads = UNTOUCHED, usec = UNTOUCHED;
	int n = kvmb_parse_swap_devices(text, devices, 2);

	REQUIRE(n >= -EBADMSG && n <= 2 && streq(devices[2].name, "untouched"));
	for (int i = 0; i < n; i++) {
		REQUIRE(memchr(devices[i].name, '\0', sizeof(devices[i].name)));
		REQUIRE(*devices[i].name && *devices[i].name != '.');
		REQUIRE(!strchr(devices[i].name, '/'));
	}
	n = kvmb_parse_block_stat(text, &reads, &usec);
	REQUIRE(n == 0 || (n == -EBADMSG && reads == UNTOUCHED && usec == UNTOUCHED));
}

static void check_guest_memory(const char *text)
{
	_cleanup_free_ struct kvmb_range *ranges = NULL;
	size_t n = 0;
	int r = kvmb_parse_guest_memory(text, &ranges, &n);

	REQUIRE(r == 0 || r == -EBADMSG || r == -ENODATA);
	REQUIRE((r == 0) == (n > 0) && (r == 0) == (ranges != NULL));
	for (size_t i = 0; i < n; i++) {
		REQUIRE(ranges[i].length_bytes >= KVMB_GUEST_MEMORY_MIN_BYTES);
		REQUIRE(ranges[i].hva <= UINT64_MAX - ranges[i].length_bytes);
		REQUIRE(i == 0 ||
			ranges[i].hva > ranges[i - 1].hva + ranges[i - 1].length_bytes);
	}
}

static void check_process_status(const char *text)
{
	struct kvmb_backing b = { .locked_bytes = UNTOUCHED };
	int r = kvmb_parse_process_status(text, &b);

	REQUIRE(r == 0 || (r == -EBADMSG && b.locked_bytes == UNTOUCHED));
	REQUIRE(r < 0 || (b.locked_bytes <= INT64_MAX && b.hugetlb_bytes <= INT64_MAX));
}

static void check_lru_gen(const char *text)
{
	_cleanup_free_ struct kvmb_lruvec *vecs = NULL;
	size_t n = 0;
	int r = kvmb_parse_lru_gen(text, "machine.slice", &vecs, &n);

	REQUIRE(r == 0 || r == -EBADMSG || r == -ENOENT);
	REQUIRE((r == 0) == (n > 0) && (r == 0) == (vecs != NULL));
	for (size_t i = 0; i < n; i++) {
		REQUIRE(vecs[i].n <= KVMB_LRU_GENS_MAX);
		for (size_t k = 1; k < vecs[i].n; k++)
			REQUIRE(vecs[i].gens[k].seq > vecs[i].gens[k - 1].seq);
	}
	(void)kvmb_lru_gen_sees_guests(text);
}

static void check_ksm(const char *text)
{
	struct kvmb_ksmd_stat stat = { .cpu_ticks = UNTOUCHED };
	uint64_t n = UNTOUCHED;
	int r = kvmb_parse_ksmd_stat(text, &stat);

	REQUIRE(r == 0 || r == -EBADMSG || r == -ESRCH);
	REQUIRE(r == 0 || stat.cpu_ticks == UNTOUCHED);
	r = kvmb_parse_ksm_number(text, false, &n);
	REQUIRE(r == 0 || (r == -EBADMSG && n == UNTOUCHED));
	REQUIRE(r < 0 || n <= INT64_MAX);
	n = UNTOUCHED;
	r = kvmb_parse_ksm_number(text, true, &n);
	REQUIRE(r == 0 || (r == -EBADMSG && n == UNTOUCHED));
	REQUIRE(r < 0 || *text != '-' || n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);

	if (!text)
		return 0;
	check_meminfo(text);
	check_psi(text);
	check_scope(text);
	check_counters(text);
	check_swap(text);
	check_swap_devices(text);
	check_guest_memory(text);
	check_process_status(text);
	check_lru_gen(text);
	check_ksm(text);
	return 0;
}
