// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A store whose blobs are spoiled, or another page's: nobody reads wrong data, whoever touches
 * such a page gets SIGBUS, all others go on. And with encryption equal pages are no equal blobs.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "far.h"
#include "module.h"
#include "tap.h"

#define PAGES 200

static bool spoil_load(void)
{
	struct utsname kernel;
	char path[256];
	int fd, r;

	uname(&kernel);
	snprintf(path, sizeof(path), "/usr/lib/modules/%s/updates/spoil.ko", kernel.release);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	r = (int)syscall(SYS_finit_module, fd, "", 0);
	close(fd);
	return !r;
}

static FILE *knob(const char *name, const char *mode)
{
	char path[96];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/spoil/parameters/%s", name);
	f = fopen(path, mode);
	if (!f)
		err(2, "%s", path);
	return f;
}

static void set(const char *name, unsigned int value)
{
	FILE *f = knob(name, "we");

	fprintf(f, "%u", value);
	fclose(f);
}

static unsigned int get(const char *name)
{
	FILE *f = knob(name, "re");
	unsigned int value = 0;

	if (fscanf(f, "%u", &value) != 1)
		errx(2, "%s", name);
	fclose(f);
	return value;
}

/* ---- Reading ----------------------------------------------------------------------------- */

static sigjmp_buf back;
static volatile sig_atomic_t code;
static void *volatile address;

static void on_bus(int number, siginfo_t *info, void *context)
{
	code = info->si_code;
	address = info->si_addr;
	siglongjmp(back, 1);
}

/* True where the page cannot be read, by SIGBUS that names it. */
static bool is_lost(const struct vm *vm, size_t page)
{
	const uint8_t *at = vm->memory + page * PAGE;

	code = 0;
	if (!sigsetjmp(back, 1)) {
		(void)*(volatile const uint8_t *)at;
		return false;
	}
	return code == BUS_MCEERR_AR && (uintptr_t)address / PAGE == (uintptr_t)at / PAGE;
}

static size_t lost(const struct vm *vm, size_t first, size_t n)
{
	size_t count = 0;

	for (size_t i = first; i < first + n; i++)
		count += is_lost(vm, i);
	return count;
}

/* ---- Tests ------------------------------------------------------------------------------- */

/* Half of the memory goes out well, the other half does not. */
static void spoiled(unsigned int how, size_t expected, const char *what)
{
	struct kvm_swap_drain d = { .max_usec = 1000000 };
	struct kvm_swap_move sum;
	struct vm vm, other;
	int fd = far_vm(&vm, 2 * PAGES, FILL_TEXT, true);
	int other_fd = far_vm(&other, PAGES, FILL_TEXT, true), r;
	uint64_t failures;
	size_t n;

	page_out(other_fd, &other, 0, PAGES);
	page_out(fd, &vm, 0, PAGES);
	set("spoiled", 0);
	set("how", how);
	page_out(fd, &vm, PAGES, PAGES);
	set("how", 0);
	n = get("spoiled");
	ok(n >= expected, "%s, of %zu pages", what, n);
	ok(lost(&vm, PAGES, PAGES) == n, "whoever touches one gets SIGBUS that names it");
	ok(store_stats(fd).integrity_failures == n, "each time is counted (%llu)",
	   store_stats(fd).integrity_failures);
	ok(!wrong_pages(&vm, 0, PAGES, FILL_TEXT, 0) &&
		   !wrong_pages(&other, 0, PAGES, FILL_TEXT, 0),
	   "pages beside them, and of others, are well");
	r = move_part(fd, KVM_SWAP_PAGE_IN, (struct part){ &vm, PAGES, PAGES }, &sum);
	ok(!r && !sum.pages && sum.skipped[KVM_SWAP_SKIP_POISONED] == n,
	   "PAGE_IN leaves them, and says so");
	failures = store_stats(fd).integrity_failures;
	ok(!ioctl(fd, KVM_SWAP_DRAIN, &d) && !d.pages && d.left == n, "so does DRAIN");
	ok(store_stats(fd).integrity_failures == failures, "which does not try them again");
	munmap(vm.memory + PAGES * PAGE, PAGES * PAGE);
	ok(!store_stats(fd).pages, "they go when they are unmapped");
	far_done(&other, other_fd);
	far_done(&vm, fd);
}

/* In a process of its own, for it does not survive that. */
static void touched_by_guest(void)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		struct vm vm;
		int fd;

		signal(SIGBUS, SIG_DFL);
		fd = far_vm(&vm, PAGES, FILL_TEXT, true);
		set("how", 1);
		page_out(fd, &vm, 0, PAGES);
		set("how", 0);
		vm_touch(&vm, 5, 1, 1);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	set("how", 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS,
	   "where it is the guest, its process gets SIGBUS (%#x)", (unsigned int)status);
}

static unsigned int equal_blobs(bool encrypt)
{
	unsigned int equal;
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_TEXT, encrypt);

	for (size_t i = 0; i < PAGES; i++)
		fill_page(vm.memory + i * PAGE, 0, FILL_TEXT);
	set("equal", 0);
	page_out(fd, &vm, 0, PAGES);
	equal = get("equal");
	far_done(&vm, fd);
	return equal;
}

int main(void)
{
	const struct sigaction action = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO };

	device_open();
	if (!has_store()) {
		skip("spoiled blobs", "this kernel can have no store");
		return tap_end();
	}
	if (!spoil_load()) {
		skip("spoiled blobs", "the test's module could not be loaded");
		return tap_end();
	}
	sigaction(SIGBUS, &action, NULL);
	spoiled(1, PAGES, "the first byte of a blob is changed");
	spoiled(2, PAGES, "its tag is changed");
	spoiled(3, 1, "it is the blob of another page");
	touched_by_guest();
	ok(equal_blobs(false) == PAGES - 1, "without encryption equal pages are equal blobs");
	ok(!equal_blobs(true), "with it they are not");
	syscall(SYS_delete_module, "spoil", O_NONBLOCK);
	return tap_end();
}
