// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How far memory ends: its guest's process is killed or becomes another program, whoever pages is
 * killed, all let the guest go, or somebody wants the module to go.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "far.h"
#include "module.h"
#include "subjects.h"
#include "tap.h"

#define PAGES (16 * BLOCK_PAGES)
#define MOST  (PAGES * 9 / 10)

/* ---- A guest in a process of its own, which does what it is told ------------------------- */

struct owner {
	pid_t pid;
	int orders;
	int answers;
	struct vm vm; /* as it is over there; the descriptor is our copy */
};

/* 'v': how many pages are wrong; 'x': become another program. */
static void __attribute__((noreturn)) owner_run(int orders, int answers)
{
	struct vm vm, told;
	size_t wrong;
	char order;

	vm_new(&vm, PAGES, VM_SMALL);
	fill(&vm, FILL_TEXT);
	told = vm;
	told.fd = fcntl(vm.fd, F_DUPFD_CLOEXEC, CHILD_FD_MIN);
	if (write(answers, &told, sizeof(told)) != sizeof(told))
		_exit(1);
	while (read(orders, &order, 1) == 1) {
		if (order == 'x')
			execl("/proc/self/exe", "test-kmod", "--pause", (char *)NULL);
		wrong = wrong_pages(&vm, 0, PAGES, FILL_TEXT, 0);
		if (write(answers, &wrong, sizeof(wrong)) != sizeof(wrong))
			break;
	}
	_exit(1);
}

static int owner_start(struct owner *o)
{
	int orders[2], answers[2], pidfd;

	if (pipe2(orders, O_CLOEXEC) || pipe2(answers, O_CLOEXEC))
		err(2, "pipe");
	o->pid = fork();
	if (!o->pid) {
		close(orders[1]);
		owner_run(orders[0], answers[1]);
	}
	close(orders[0]);
	close(answers[1]);
	o->orders = orders[1];
	o->answers = answers[0];
	if (read(o->answers, &o->vm, sizeof(o->vm)) != sizeof(o->vm))
		errx(2, "the guest's process did not start");
	pidfd = (int)syscall(SYS_pidfd_open, o->pid, 0);
	o->vm.fd = (int)syscall(SYS_pidfd_getfd, pidfd, o->vm.fd, 0);
	close(pidfd);
	return must_attach(&o->vm);
}

static void owner_tell(const struct owner *o, char order)
{
	if (write(o->orders, &order, 1) != 1)
		err(2, "the guest's process");
}

static size_t owner_wrong(const struct owner *o)
{
	size_t wrong;

	owner_tell(o, 'v');
	if (read(o->answers, &wrong, sizeof(wrong)) != sizeof(wrong))
		errx(2, "the guest's process has ended");
	return wrong;
}

static void owner_kill(struct owner *o)
{
	kill(o->pid, SIGKILL);
	waitpid(o->pid, NULL, 0);
	close(o->orders);
	close(o->answers);
}

/* ---- What is left on the host ------------------------------------------------------------ */

static long host_figure(const char *name)
{
	char path[96];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/kvm_swap/store/%s", name);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%ld", &value) != 1)
		err(2, "%s", path);
	fclose(f);
	return value;
}

static bool is_empty(void *unused)
{
	return !host_figure("pages") && !host_figure("pool_bytes");
}

static unsigned int regions(void)
{
	FILE *f = fopen("/proc/iomem", "re");
	unsigned int n = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f)) {
		char name[64] = "";

		n += sscanf(line, "%*x-%*x : %63s", name) == 1 && !strcmp(name, "kvm_swap");
	}
	if (f)
		fclose(f);
	return n;
}

static bool has_no_region(void *unused)
{
	return !regions();
}

static void killed(void)
{
	struct owner o;
	int fd = owner_start(&o);

	ok(page_out(fd, &o.vm, 0, MOST) == MOST, "of another process 90 %% are out");
	ok(host_figure("pages") == MOST && regions(), "the host says so (%ld)",
	   host_figure("pages"));
	owner_kill(&o);
	close(o.vm.fd);
	ok(is_gone(fd, GONE_MS), "it is killed");
	ok(soon(is_empty, NULL), "and nothing of it is left in the store");
	ok(store_stats(fd).dropped == MOST && !store_stats(fd).fetched,
	   "nor was anything fetched for that");
	close(fd);
	ok(soon(has_no_region, NULL), "the addresses of its device pages are given back");
}

static void becomes_another(void)
{
	struct owner o;
	int fd = owner_start(&o);

	page_out(fd, &o.vm, 0, MOST);
	close(o.vm.fd);
	owner_tell(&o, 'x');
	ok(is_gone(fd, GONE_MS) && soon(is_empty, NULL),
	   "a process that becomes another program leaves nothing in the store");
	close(fd);
	owner_kill(&o);
}

/* ---- Those who page ---------------------------------------------------------------------- */

static void two_of_them(void)
{
	struct owner o;
	int fd = owner_start(&o), second = must_attach(&o.vm);

	page_out(fd, &o.vm, 0, PAGES / 2);
	ok(page_out(second, &o.vm, PAGES / 2, PAGES / 2) == PAGES / 2 &&
		   store_stats(fd).pages == PAGES && store_stats(second).pages == PAGES,
	   "two who are attached share one store");
	close(fd);
	ok(store_stats(second).pages == PAGES, "when one lets go, all stays out");
	ok(drain(second) == PAGES && !owner_wrong(&o), "and the other brings it home");
	close(second);
	owner_kill(&o);
	close(o.vm.fd);
}

static void let_go(void)
{
	struct owner o;
	int fd = owner_start(&o);

	page_out(fd, &o.vm, 0, PAGES);
	close(fd);
	ok(!owner_wrong(&o), "when all have let go, what is out is read as before");
	ok(soon(is_empty, NULL), "it comes home");
	fd = must_attach(&o.vm);
	ok(page_out(fd, &o.vm, 0, PAGES) == PAGES && !store_stats(fd).faults,
	   "who attaches next has a new store");
	close(fd);
	ok(soon(is_empty, NULL), "it comes home by itself, if nobody touches it");
	ok(soon(has_no_region, NULL) && !owner_wrong(&o), "all of it, with its content");
	owner_kill(&o);
	close(o.vm.fd);
}

/* Who attaches again before all has come home has the same store. */
static void let_go_for_a_moment(void)
{
	struct kvm_swap_store_params p;
	struct kvm_swap_store_stats s;
	struct owner o;
	int fd = owner_start(&o);
	uint64_t came;

	p = store_params(fd);
	p.compressor = KVM_SWAP_COMPRESSOR_ZSTD;
	p.limit_bytes = 1 << 30;
	if (set_store(fd, &p))
		err(2, "KVM_SWAP_STORE_PARAMS");
	page_out(fd, &o.vm, 0, PAGES);
	close(fd);
	fd = must_attach(&o.vm);
	s = store_stats(fd);
	ok(s.outs == PAGES && s.pages,
	   "who attaches again at once has the store that was let go (%llu)", s.pages);
	p = store_params(fd);
	ok(p.compressor == KVM_SWAP_COMPRESSOR_ZSTD && p.limit_bytes == 1 << 30,
	   "with its parameters");
	came = s.fetched;
	sleep(2);
	ok(store_stats(fd).fetched <= came + 2 * BLOCK_PAGES, "no page comes home unasked any more");
	page_out(fd, &o.vm, 0, PAGES);
	ok(store_stats(fd).pages == PAGES, "the rest goes out again");
	ok(drain(fd) == PAGES && !owner_wrong(&o), "and all can be drained");
	close(fd);
	owner_kill(&o);
	close(o.vm.fd);
}

static void __attribute__((noreturn)) pager(int fd, const struct vm *vm)
{
	for (;;) {
		page_out(fd, vm, 0, PAGES);
		page_in(fd, vm, PAGES / 4, PAGES / 2);
	}
}

static void pager_killed(void)
{
	unsigned int wrong = 0;
	struct owner o;
	int fd = owner_start(&o);

	for (int i = 0; i < 10; i++) {
		pid_t pid = fork();

		if (!pid)
			pager(fd, &o.vm);
		usleep(20000 + i * 7000);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		wrong += owner_wrong(&o) > 0;
	}
	ok(!wrong, "who pages is killed ten times meanwhile: no byte is lost");
	ok(drain(fd) < PAGES && !owner_wrong(&o), "what is out can be drained");
	close(fd);
	owner_kill(&o);
	close(o.vm.fd);
}

/* ---- No memory --------------------------------------------------------------------------- */

static void oom_score(const char *value)
{
	FILE *f = fopen("/proc/self/oom_score_adj", "we");

	if (!f || fputs(value, f) < 0 || fclose(f))
		err(2, "oom_score_adj");
}

/* The host's swap would be one more place to go to. */
static char swap[64];

static void swap_off(void)
{
	FILE *f = fopen("/proc/swaps", "re");

	if (f && (fscanf(f, "%*[^\n] %63s", swap) != 1 || swapoff(swap)))
		swap[0] = 0;
	if (f)
		fclose(f);
}

static void swap_on(void)
{
	if (swap[0] && swapon(swap, 0))
		err(2, "swapon %s", swap);
}

/* Memory that nobody can take away again. */
static bool take(size_t blocks)
{
	while (blocks--) {
		uint8_t *at = vm_map(BLOCK, VM_SMALL);

		if (!at || mlock(at, BLOCK))
			return false;
	}
	return true;
}

/* Takes all memory there is, is killed for it, and does it again. */
static void __attribute__((noreturn)) hog(void)
{
	setpgid(0, 0);
	for (;;) {
		pid_t pid = fork();

		if (!pid) {
			oom_score("1000");
			_exit(take(SIZE_MAX) ? 0 : 1);
		}
		waitpid(pid, NULL, 0);
	}
}

static unsigned long free_kib(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	unsigned long kib = ~0UL;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemFree: %lu", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

static bool is_short(void)
{
	return free_kib() < 32 << 10;
}

static void short_of_memory(void)
{
	struct kvm_swap_store_stats s;
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_TEXT, true);
	size_t wrong = 0;
	pid_t pid;

	oom_score("-1000");
	swap_off();
	page_out(fd, &vm, 0, PAGES);
	pid = fork();
	if (!pid)
		hog();
	for (size_t i = 0; i < PAGES; i += PAGES / 16) {
		for (unsigned int wait = 0; wait < 100 && !is_short(); wait++)
			usleep(10000);
		vm_touch(&vm, i, PAGES / 16, 1);
		wrong += wrong_pages(&vm, i, PAGES / 16, FILL_TEXT, 1);
	}
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
	swap_on();
	oom_score("0");
	s = store_stats(fd);
	ok(!wrong && s.faults == PAGES, "all come home while memory is short (%llu by the reserve)",
	   s.reserve_used);
	far_done(&vm, fd);
}

/* Below this the kernel gives nothing, with half of it again for its zones. */
static unsigned long kept_kib(void)
{
	FILE *f = fopen("/proc/sys/vm/min_free_kbytes", "re");
	unsigned long kib = 0;

	if (!f || fscanf(f, "%lu", &kib) != 1)
		err(2, "min_free_kbytes");
	fclose(f);
	return kib + kib / 2;
}

/* All but 16 MiB of what the host's kernel would give, until it is killed. */
static pid_t hold(void)
{
	unsigned long kept = kept_kib() + (16 << 10);
	int pipes[2];
	char byte = 0;
	pid_t pid;

	if (pipe(pipes))
		err(2, "pipe");
	pid = fork();
	if (!pid) {
		oom_score("1000");
		while (free_kib() > kept && take(1))
			;
		if (write(pipes[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	close(pipes[1]);
	if (read(pipes[0], &byte, 1) != 1)
		errx(2, "memory could not be taken");
	close(pipes[0]);
	return pid;
}

/* 0 or errno, when nothing is left, or nothing more comes. */
static int drain_all(int fd)
{
	struct kvm_swap_drain d = { .max_usec = 100000 };
	int r;

	do {
		r = ioctl(fd, KVM_SWAP_DRAIN, &d) < 0 ? errno : 0;
	} while (!r && d.left && d.pages);
	return r;
}

/* Until memory is short in the middle of a call; that call says of each page what became of it. */
static void fetched_until_short(int fd, const struct vm *vm)
{
	struct kvm_swap_move m = { .count = 1, .max_usec = 1000000 };
	uint64_t begun, looked;
	int r;

	m.ranges[0].hva = (uintptr_t)vm->memory;
	m.ranges[0].bytes = vm->n_pages * PAGE;
	do {
		begun = m.cursor;
		r = move_once(fd, KVM_SWAP_PAGE_IN, &m);
	} while (!r && m.cursor && !m.skipped[KVM_SWAP_SKIP_NO_MEMORY]);
	looked = ((m.cursor ? m.cursor : m.ranges[0].bytes) - begun) / PAGE;
	ok(!r && m.pages + m.skipped[KVM_SWAP_SKIP_NO_MEMORY] == looked &&
		   m.skipped[KVM_SWAP_SKIP_NO_MEMORY],
	   "PAGE_IN says of all pages that stay out for want of memory that they do (%d, %llu)", r,
	   m.skipped[KVM_SWAP_SKIP_NO_MEMORY]);
}

static void no_room(void)
{
	struct kvm_swap_store_stats s;
	struct vm vm;
	int fd = far_vm(&vm, 4 * PAGES, FILL_TEXT, false), r;
	pid_t pid;

	swap_off();
	page_out(fd, &vm, 0, 4 * PAGES);
	pid = hold();
	fetched_until_short(fd, &vm);
	r = drain_all(fd);
	s = store_stats(fd);
	ok(r == ENOMEM && s.pages && s.pages + s.fetched == 4 * PAGES,
	   "a drain that the host has no room for is refused: ENOMEM (%d, %llu left)", r, s.pages);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	swap_on();
	ok(!drain_all(fd) && !wrong_pages(&vm, 0, 4 * PAGES, FILL_TEXT, 0),
	   "when it has, all comes home, and nothing was lost");
	far_done(&vm, fd);
}

/* As it was while the reserve was full, 64 pages: all else of it is much the same here. */
static struct {
	int fd;
	uint64_t metadata_bytes;
} filled;

static bool is_refilled(void *unused)
{
	return store_stats(filled.fd).metadata_bytes + 16 * PAGE >= filled.metadata_bytes;
}

/* More comes home than there is room for: the last page of the reserve is gone before whoever holds
 * the memory is killed for it. */
static void by_reserve(void)
{
	struct kvm_swap_store_stats s;
	struct vm vm;
	int fd = far_vm(&vm, 4 * PAGES, FILL_TEXT, true);
	pid_t pid;

	oom_score("-1000");
	swap_off();
	page_out(fd, &vm, 0, 4 * PAGES);
	filled.fd = fd;
	filled.metadata_bytes = store_stats(fd).metadata_bytes;
	pid = hold();
	vm_touch(&vm, 0, 4 * PAGES, 1);
	s = store_stats(fd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	swap_on();
	oom_score("0");
	ok(!wrong_pages(&vm, 0, 4 * PAGES, FILL_TEXT, 1) && s.faults == 4 * PAGES,
	   "more comes home than there is room for");
	ok(s.reserve_used > 0, "some of it by the reserve (%llu)", s.reserve_used);
	page_out(fd, &vm, 0, 4 * PAGES);
	ok(soon(is_refilled, NULL), "which is full again when memory is there");
	far_done(&vm, fd);
}

/* Nobody is there to ask for a drain: it takes nothing from those who use memory. */
static void none_to_spare(void)
{
	long pages, stay = 2 * PAGES - 4 * (long)BLOCK_PAGES;
	struct vm vm;
	int fd = far_vm(&vm, 2 * PAGES, FILL_TEXT, false);
	pid_t pid;

	swap_off();
	page_out(fd, &vm, 0, 2 * PAGES);
	pid = hold();
	close(fd);
	sleep(5);
	pages = host_figure("pages");
	ok(pages >= stay, "what was let go stays out while memory is short (%ld)", pages);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	swap_on();
	ok(soon(is_empty, NULL) && !wrong_pages(&vm, 0, 2 * PAGES, FILL_TEXT, 0),
	   "and comes home when there is some to spare");
	vm_free(&vm);
}

/* ---- The module -------------------------------------------------------------------------- */

static int unload(void)
{
	return syscall(SYS_delete_module, "kvm_swap", O_NONBLOCK) ? errno : 0;
}

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

static bool is_unloaded(void *unused)
{
	return !unload();
}

static void module_stays(void)
{
	struct owner o;
	int fd = owner_start(&o), r;

	page_out(fd, &o.vm, 0, PAGES);
	close(fd);
	device_close();
	r = unload();
	ok(r == EWOULDBLOCK || r == EBUSY, "the module does not go while pages are out (%d)", r);
	ok(!owner_wrong(&o), "they come home");
	ok(soon(is_unloaded, NULL), "then it goes");
	module_load();
	device_open();
	owner_kill(&o);
	close(o.vm.fd);
}

void test_far_end(void)
{
	if (!has_store())
		return; /* test_far() says so */
	killed();
	becomes_another();
	two_of_them();
	let_go();
	let_go_for_a_moment();
	pager_killed();
	short_of_memory();
	no_room();
	by_reserve();
	none_to_spare();
	module_stays();
}
