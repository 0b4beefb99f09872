// SPDX-License-Identifier: GPL-2.0-or-later
/* The module comes and goes 100 times, under load, and leaves no memory behind. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "child.h"
#include "module.h"
#include "subjects.h"
#include "tap.h"

#define PAGES       (16 * BLOCK_PAGES)
#define WARM_UP     20
#define CYCLES      100
#define ATTACHMENTS 2

/*
 * What a cycle takes and gives back is 30 KiB at least: two guests with their scratch (8 KiB each)
 * and 16 blocks with an age per page (8 KiB). The rest of the host moves by less than this.
 */
#define SLACK_KIB 512

static const char *const figures[] = { "SUnreclaim", "Percpu", "VmallocUsed", "KernelStack" };

#define N_FIGURES (sizeof(figures) / sizeof(figures[0]))

static atomic_bool must_stop;

static void module_load(void)
{
	struct utsname name;
	char path[256];
	int fd;

	uname(&name);
	snprintf(path, sizeof(path), "/usr/lib/modules/%s/updates/kvm_swap.ko", name.release);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		err(2, "%s", path);
	close(fd);
}

/* 0 or errno */
static int module_unload(void)
{
	return syscall(SYS_delete_module, "kvm_swap", O_NONBLOCK) ? errno : 0;
}

/* A store ends a moment after its guest was let go. */
static bool is_unloaded(void *unused)
{
	return !module_unload();
}

/* Load: besides a guest that runs, memory that comes and goes. */
static void *churn(void *unused)
{
	while (!must_stop) {
		uint8_t *p = vm_map(4 * BLOCK, VM_SMALL);

		memset(p, 1, 4 * BLOCK);
		munmap(p, 4 * BLOCK);
	}
	return NULL;
}

/* Give back what caches hold. */
static void shrink(void)
{
	glob_t slabs;
	FILE *f = fopen("/proc/sys/vm/drop_caches", "we");

	if (!f || fputs("3", f) < 0 || fclose(f))
		err(2, "drop_caches");
	if (glob("/sys/kernel/slab/*/shrink", 0, NULL, &slabs))
		return;
	for (size_t i = 0; i < slabs.gl_pathc; i++) {
		f = fopen(slabs.gl_pathv[i], "we");
		if (f) {
			fputs("1", f);
			fclose(f);
		}
	}
	globfree(&slabs);
}

static void read_figures(long *ret_kib)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128], name[64];
	long kib;

	shrink();
	if (!f)
		err(2, "/proc/meminfo");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63[^:]: %ld", name, &kib) != 2)
			continue;
		for (size_t i = 0; i < N_FIGURES; i++)
			if (!strcmp(name, figures[i]))
				ret_kib[i] = kib;
	}
	fclose(f);
}

static void use(struct vm *vm)
{
	for (int i = 0; i < ATTACHMENTS; i++) {
		int fd = must_attach(vm);

		pass(fd);
		vm_touch(vm, 0, PAGES / 2, 2);
		pass(fd);
		if (!stats(fd).split_blocks)
			errx(2, "no block is split");
		close(fd);
	}
}

/* How many cycles went well. */
static int cycles(struct vm *vm, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		module_load();
		device_open();
		use(vm);
		device_close();
		if (module_unload())
			break;
	}
	return i;
}

struct growth {
	long before[N_FIGURES];
	long after[N_FIGURES];
};

/* What is given back after a grace period may take its time. */
static bool is_back(void *arg)
{
	struct growth *g = arg;

	read_figures(g->after);
	for (size_t i = 0; i < N_FIGURES; i++)
		if (g->after[i] - g->before[i] > SLACK_KIB)
			return false;
	return true;
}

void test_reload(void)
{
	struct growth g = {};
	pthread_t thread;
	struct child c;
	struct vm vm;
	int n;

	device_close();
	ok(soon(is_unloaded, NULL), "the module goes when nobody uses it");
	child_start(&c, BLOCK_PAGES);
	vm_new(&vm, PAGES, VM_SMALL);
	vm_touch(&vm, 0, PAGES, 1);
	pthread_create(&thread, NULL, churn, NULL);
	cycles(&vm, WARM_UP);
	read_figures(g.before);
	n = cycles(&vm, CYCLES);
	ok(n == CYCLES, "it comes, is used and goes %d times under load (%d)", CYCLES, n);
	soon(is_back, &g);
	for (size_t i = 0; i < N_FIGURES; i++)
		ok(g.after[i] - g.before[i] <= SLACK_KIB, "%s is as before, within %d KiB (%+ld)",
		   figures[i], SLACK_KIB, g.after[i] - g.before[i]);
	must_stop = true;
	pthread_join(thread, NULL);
	child_kill(&c);
	vm_free(&vm);
	module_load();
	device_open();
}
