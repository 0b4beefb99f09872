// SPDX-License-Identifier: LGPL-2.1-or-later
/* Found in /proc/PID/fd, copied with pidfd_getfd(2). */
#include "source/vm-fds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kcmp.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>

#include "base/fs.h"
#include "base/parse.h"
#include "base/str.h"

#define VM_LINK "anon_inode:kvm-vm"

void kvmb_vm_fds_close(struct kvmb_vm_fds *v)
{
	while (v->n)
		(void)kvmb_close(v->fds[--v->n]);
}

static bool is_vm(int dirfd, const char *name)
{
	char target[sizeof(VM_LINK)];
	ssize_t len = readlinkat(dirfd, name, target, sizeof(target));

	return len == (ssize_t)strlen(VM_LINK) && memcmp(target, VM_LINK, strlen(VM_LINK)) == 0;
}

/* Two descriptors of one VM would count its memory twice. Unknown (no kcmp): they differ. */
static bool is_known(const struct kvmb_vm_fds *v, int fd)
{
	pid_t self = getpid();

	for (size_t i = 0; i < v->n; i++)
		if (syscall(SYS_kcmp, self, self, KCMP_FILE, fd, v->fds[i]) == 0)
			return true;
	return false;
}

static int vms_add(struct kvmb_vm_fds *v, int pidfd, const char *name)
{
	_cleanup_close_ int fd = -1;
	uint64_t number;

	if (kvmb_parse_u64_n(name, strlen(name), &number) < 0 || number > INT_MAX)
		return -EINVAL;
	fd = pidfd_getfd(pidfd, (int)number, 0);
	if (fd < 0)
		return errno == EBADF ? 0 : -errno; /* closed since it was listed */
	if (v->n < KVMB_VM_FDS_MAX && !is_known(v, fd))
		v->fds[v->n++] = TAKE_FD(fd);
	return 0;
}

static int vms_list(DIR *dir, int pidfd, struct kvmb_vm_fds *ret)
{
	const struct dirent *entry;
	int r = 0;

	while (r >= 0 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && is_vm(dirfd(dir), entry->d_name))
			r = vms_add(ret, pidfd, entry->d_name);
	return r;
}

static void closedirp(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

int kvmb_vm_fds_find(const struct kvmb_root *root, int32_t pid, struct kvmb_vm_fds *ret, char *why)
{
	_cleanup_close_ int pidfd = pid > 0 ? pidfd_open(pid, 0) : -1;
	_cleanup_(closedirp) DIR *dir = NULL;
	char path[32];
	int fd, r;

	if (pidfd < 0)
		return kvmb_str_errno(why, KVMB_TEXT_SIZE, pid > 0 ? -errno : -ESRCH, "QEMU");
	kvmb_str_format(path, sizeof(path), "%d/fd", pid);
	fd = openat(root->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (!dir) {
		r = kvmb_str_errno(why, KVMB_TEXT_SIZE, -errno, "QEMU's descriptors");
		(void)kvmb_close(fd);
		return r;
	}
	r = vms_list(dir, pidfd, ret);
	if (r < 0)
		return kvmb_str_errno(why, KVMB_TEXT_SIZE, r, "QEMU's VM descriptor");
	if (!ret->n) {
		kvmb_str_format(why, KVMB_TEXT_SIZE, "QEMU runs no KVM guest");
		return -ENODEV;
	}
	return 0;
}
