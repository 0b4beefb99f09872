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
		device_close(); /* it would keep the module */
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
	ok(soon(stores_are_empty, NULL), "and nothing of it is left in the store");
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
	ok(is_gone(fd, GONE_MS) && soon(stores_are_empty, NULL),
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
	ok(soon(stores_are_empty, NULL), "it comes home");
	fd = must_attach(&o.vm);
	ok(page_out(fd, &o.vm, 0, PAGES) == PAGES && !store_stats(fd).faults,
	   "who attaches next has a new store");
	close(fd);
	ok(soon(stores_are_empty, NULL), "it comes home by itself, if nobody touches it");
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
	ok(store_stats(fd).fetched <= came + 2 * BLOCK_PAGES,
	   "no page comes home unasked any more");
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
	uint64_t outs, moved = 0;
	unsigned int wrong = 0;
	struct owner o;
	int fd = owner_start(&o);

	for (int i = 0; i < 10; i++) {
		pid_t pid = fork();

		if (!pid)
			pager(fd, &o.vm);
		for (outs = store_stats(fd).outs; store_stats(fd).outs == outs;)
			usleep(1000);
		usleep(i * 7000);
		moved += store_stats(fd).outs - outs;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		wrong += owner_wrong(&o) > 0;
	}
	ok(!wrong, "who pages is killed ten times meanwhile: no byte is lost (%llu)",
	   (unsigned long long)moved);
	ok(page_out(fd, &o.vm, 0, PAGES) == PAGES && drain(fd) == PAGES && !owner_wrong(&o),
	   "what is out can be drained");
	close(fd);
	owner_kill(&o);
	close(o.vm.fd);
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
	module_stays();
}
