// SPDX-License-Identifier: GPL-2.0-or-later
/* A KVM that does not tell what was touched: ENODEV, and one line in the kernel's log. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "module.h"
#include "tap.h"

/* False where the test's module was not built for this kernel. */
static bool deafen(int vm_fd)
{
	char path[256], params[32];
	struct utsname kernel;
	int fd;

	uname(&kernel);
	snprintf(path, sizeof(path), "/usr/lib/modules/%s/updates/deaf.ko", kernel.release);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	snprintf(params, sizeof(params), "fd=%d", vm_fd);
	if (syscall(SYS_finit_module, fd, params, 0))
		err(2, "%s", path);
	close(fd);
	return true;
}

static unsigned int lines(int log, const char *text)
{
	char record[8192];
	unsigned int n = 0;
	ssize_t size;

	/* EPIPE: records were lost; the next one is read. */
	while ((size = read(log, record, sizeof(record) - 1)) > 0 || errno == EPIPE) {
		record[size > 0 ? size : 0] = '\0';
		n += !!strstr(record, text);
	}
	return n;
}

int main(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct vm vm;
	bool refused;

	if (log < 0 || lseek(log, 0, SEEK_END) < 0)
		err(2, "/dev/kmsg");
	device_open();
	vm_new(&vm, BLOCK_PAGES, VM_SMALL);
	if (!deafen(vm.fd)) {
		skip("a KVM without accessed bits", "deaf.ko was not built for this kernel");
		return tap_end();
	}
	ok(attach(vm.fd) < 0 && errno == ENODEV, "a KVM without accessed bits: ENODEV");
	refused = attach(vm.fd) < 0 && errno == ENODEV;
	ok(refused && lines(log, ";kvm_swap: ") == 1, "the kernel's log says so once");
	if (syscall(SYS_delete_module, "deaf", 0))
		err(2, "delete_module");
	ok(attach(vm.fd) >= 0, "when it tells again, the guest can be attached");
	vm_free(&vm);
	return tap_end();
}
