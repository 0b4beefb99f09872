// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that is out, and other parts of the kernel: those that write to it for somebody, that
 * change its mapping, that make huge pages; and a kernel whose cipher is not there.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "far.h"
#include "module.h"
#include "subjects.h"
#include "tap.h"

#define PAGES (4 * BLOCK_PAGES)
#define HALF  (PAGES / 2)

static int half_out(struct vm *vm)
{
	int fd = far_vm(vm, PAGES, FILL_TEXT, true);
	size_t n = page_out(fd, vm, 0, HALF);

	if (n != HALF)
		errx(2, "%zu pages are out", n);
	return fd;
}

/* ---- Written for somebody ---------------------------------------------------------------- */

/* One byte of each page: all others are as they were. */
static bool by_process_vm_writev(const struct vm *vm, size_t page, uint8_t byte)
{
	const struct iovec from = { &byte, 1 }, to = { vm->memory + page * PAGE, 1 };

	return process_vm_writev(getpid(), &from, 1, &to, 1, 0) == 1;
}

/* As QEMU's devices do, for the guest. */
static bool by_read(const struct vm *vm, size_t page, uint8_t byte)
{
	int pipes[2];
	bool good;

	if (pipe(pipes))
		err(2, "pipe");
	good = write(pipes[1], &byte, 1) == 1 && read(pipes[0], vm->memory + page * PAGE, 1) == 1;
	close(pipes[0]);
	close(pipes[1]);
	return good;
}

static void written_by(bool (*how)(const struct vm *vm, size_t page, uint8_t byte),
		       const char *name)
{
	uint8_t page[PAGE];
	struct vm vm;
	int fd = half_out(&vm);
	bool good = true;

	for (size_t i = 0; i < PAGES; i++) {
		fill_page(page, i, FILL_TEXT);
		good &= how(&vm, i, (uint8_t)(page[0] + 1));
	}
	ok(good && !store_stats(fd).pages, "%s brings home what is out", name);
	ok(!wrong_pages(&vm, 0, PAGES, FILL_TEXT, 1), "%s: and writes to it", name);
	far_done(&vm, fd);
}

/* A disk's own transfer, which holds the pages for it. */
static void direct_io(void)
{
	static uint8_t want[8 * PAGE];
	struct vm vm;
	int fd = half_out(&vm), disk = open("/dev/vda", O_RDONLY | O_CLOEXEC);
	ssize_t n = disk < 0 ? -1 : pread(disk, want, sizeof(want), 0);

	if (n != (ssize_t)sizeof(want))
		err(2, "/dev/vda");
	close(disk);
	disk = must(open("/dev/vda", O_RDONLY | O_CLOEXEC | O_DIRECT), "/dev/vda");
	n = pread(disk, vm.memory, sizeof(want), 0);
	ok(n == (ssize_t)sizeof(want) && !memcmp(vm.memory, want, sizeof(want)),
	   "O_DIRECT reads into memory that is out");
	close(disk);
	ok(!wrong_pages(&vm, 8, PAGES - 8, FILL_TEXT, 0), "and nowhere else");
	far_done(&vm, fd);
}

/* ---- Other mappings ---------------------------------------------------------------------- */

static void protected(void)
{
	struct vm vm;
	int fd = half_out(&vm);

	if (mprotect(vm.memory, PAGES * PAGE, PROT_READ))
		err(2, "mprotect");
	ok(store_stats(fd).pages == HALF && !wrong_pages(&vm, 0, HALF / 2, FILL_TEXT, 0),
	   "what is out while it may only be read, is read");
	if (mprotect(vm.memory, PAGES * PAGE, PROT_READ | PROT_WRITE))
		err(2, "mprotect");
	vm_touch(&vm, 0, PAGES, 1);
	ok(!wrong_pages(&vm, 0, PAGES, FILL_TEXT, 1), "and written when it may be");
	far_done(&vm, fd);
}

static int write_protected(const struct vm *vm)
{
	struct uffdio_writeprotect protect = {
		.range = { (uintptr_t)vm->memory, PAGE },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	int fd = uffd_register(vm, UFFDIO_REGISTER_MODE_WP);

	if (ioctl(fd, UFFDIO_WRITEPROTECT, &protect))
		err(2, "UFFDIO_WRITEPROTECT");
	return fd;
}

static void *writer(void *memory)
{
	__atomic_fetch_add((uint8_t *)memory, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* As for a snapshot in the background: who writes to a page that is out waits for its copy. */
static void snapshot(void)
{
	struct uffdio_writeprotect allow = { .range = { 0, PAGE } };
	struct pollfd events = { .events = POLLIN };
	struct uffd_msg message = {};
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_TEXT, true);
	pthread_t thread;

	events.fd = write_protected(&vm);
	ok(page_out(fd, &vm, 0, PAGES) == PAGES, "memory that is written under watch goes out");
	if (pthread_create(&thread, NULL, writer, vm.memory))
		errx(2, "pthread_create");
	ok(poll(&events, 1, 60000) == 1 && read(events.fd, &message, sizeof(message)) > 0 &&
		   message.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP,
	   "whoever writes to it is held up");
	ok(!wrong_pages(&vm, 0, 1, FILL_TEXT, 0), "as long as its content is what it was");
	allow.range.start = (uintptr_t)vm.memory;
	if (ioctl(events.fd, UFFDIO_WRITEPROTECT, &allow))
		err(2, "UFFDIO_WRITEPROTECT");
	pthread_join(thread, NULL);
	ok(!wrong_pages(&vm, 0, 1, FILL_TEXT, 1) && !wrong_pages(&vm, 1, PAGES - 1, FILL_TEXT, 0),
	   "then goes on");
	close(events.fd);
	far_done(&vm, fd);
}

/* Whether or not the kernel makes one of them is its own business. */
static void collapsed(void)
{
	struct vm vm;
	size_t out;
	int fd, r;

	vm_new(&vm, PAGES, VM_HUGE);
	fill(&vm, FILL_TEXT);
	fd = must_attach(&vm);
	page_out(fd, &vm, 0, 40);
	out = store_stats(fd).pages;
	r = madvise(vm.memory, BLOCK, MADV_COLLAPSE) ? errno : 0;
	ok(out == 40 && (r || !store_stats(fd).pages) && !wrong_pages(&vm, 0, PAGES, FILL_TEXT, 0),
	   "a huge page is made of what is out and what is not, or is not made (%d)", r);
	far_done(&vm, fd);
}

/* ---- The host ---------------------------------------------------------------------------- */

static uint64_t memory_block_bytes(void)
{
	uint64_t bytes = 0;
	FILE *f = fopen("/sys/devices/system/memory/block_size_bytes", "re");

	if (!f || fscanf(f, "%" SCNx64, &bytes) != 1)
		err(2, "block_size_bytes");
	fclose(f);
	return bytes;
}

/* How many of a region's blocks hot-unplug could be told to take. */
static unsigned int memory_blocks(uint64_t first, uint64_t last, uint64_t block)
{
	unsigned int n = 0;
	char path[96];

	for (uint64_t i = first / block; i <= last / block; i++) {
		snprintf(path, sizeof(path), "/sys/devices/system/memory/memory%" PRIu64, i);
		n += !access(path, F_OK);
	}
	return n;
}

/* Device pages are no memory of the host: it has no name for them by which they could be taken. */
static void unplugged(void)
{
	uint64_t block = memory_block_bytes(), first, last;
	unsigned int regions = 0, blocks = 0;
	char line[128];
	struct vm vm;
	int fd = half_out(&vm);
	FILE *f = fopen("/proc/iomem", "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (!strstr(line, ": kvm_swap") ||
		    sscanf(line, " %" SCNx64 "-%" SCNx64, &first, &last) != 2)
			continue;
		regions++;
		blocks += memory_blocks(first, last, block);
	}
	if (f)
		fclose(f);
	ok(regions && !blocks, "hot-unplug cannot take what is out (%u regions, %u blocks)",
	   regions, blocks);
	far_done(&vm, fd);
}

static void modprobe_is(const char *path)
{
	int fd = must(open("/proc/sys/kernel/modprobe", O_WRONLY | O_CLOEXEC), "modprobe");

	if (write(fd, path, strlen(path)) != (ssize_t)strlen(path))
		err(2, "modprobe");
	close(fd);
}

static bool has_cipher(void)
{
	FILE *f = fopen("/proc/crypto", "re");
	char line[128];
	bool has = false;

	while (f && fgets(line, sizeof(line), f))
		has |= !strcmp(line, "name         : gcm(aes)\n");
	if (f)
		fclose(f);
	return has;
}

/* A store that has ended keeps them for a moment. */
static bool ciphers_are_gone(void *unused)
{
	static const char *const ciphers[] = { "aesni_intel", "gcm" };
	bool gone = true;

	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		gone &= !syscall(SYS_delete_module, ciphers[i], O_NONBLOCK) || errno == ENOENT;
	return gone;
}

static bool encrypts(void)
{
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_TEXT, true);
	struct kvm_swap_move sum;
	bool does = !move_part(fd, KVM_SWAP_PAGE_OUT, (struct part){ &vm, 0, PAGES }, &sum) &&
		    sum.pages == PAGES;

	far_done(&vm, fd);
	return does;
}

static void no_cipher(void)
{
	struct kvm_swap_store_params p;
	struct kvm_swap_move sum;
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_TEXT, true), r;

	modprobe_is("/nowhere");
	if (soon(ciphers_are_gone, NULL) && has_cipher()) {
		skip("a kernel without AES-GCM", "it is built in");
	} else {
		r = move_part(fd, KVM_SWAP_PAGE_OUT, (struct part){ &vm, 0, PAGES }, &sum);
		ok(r == ENOENT && !store_stats(fd).pages,
		   "without AES-GCM nothing goes out that is to be encrypted: ENOENT (%d)", r);
		p = store_params(fd);
		p.encrypt = 0;
		ok(!set_store(fd, &p) && page_out(fd, &vm, 0, PAGES) == PAGES &&
			   !wrong_pages(&vm, 0, PAGES, FILL_TEXT, 0),
		   "what is not does, and comes home");
	}
	modprobe_is("/sbin/modprobe");
	/* as load.sh does: a kernel without generic AES does not find this one by itself */
	(void)!system("modprobe -q gcm; modprobe -q aesni-intel");
	ok(encrypts(), "with it again, it does");
	far_done(&vm, fd);
}

void test_far_kernel(void)
{
	if (!has_store())
		return; /* test_far() says so */
	written_by(by_process_vm_writev, "process_vm_writev(2)");
	written_by(by_read, "read(2)");
	direct_io();
	protected();
	snapshot();
	collapsed();
	unplugged();
	no_cipher();
}
