/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which process is a domain's QEMU, and which cgroup is its scope. */
#ifndef KVMB_BASE_SCOPE_H
#define KVMB_BASE_SCOPE_H

#include <kvmballoon.h>

struct kvmb_root;

/**
 * kvmb_scope_find() - QEMU's pid and the path of its scope below the cgroup root
 * @name: of the domain
 * @id: libvirt's number of this run of the domain; it is part of the scope's name, which proves
 * that a pid file speaks of this run
 *
 * Return: 0, -ENOENT not found, -ESTALE the pid found is another process by now, or -errno.
 */
int kvmb_scope_find(const struct kvmb_root *root, const char *name, int id, int32_t *ret_pid,
		    char ret_path[KVMB_PATH_SIZE]);

/**
 * kvmb_scope_check() - is @pid still a process of the scope @path?
 * Return: 0, -ESRCH no such process, -ESTALE it is elsewhere.
 */
int kvmb_scope_check(const struct kvmb_root *root, int32_t pid, const char *path);

/**
 * kvmb_parse_scope() - from the text of /proc/PID/cgroup (cgroup v2 line): the scope's path
 * @id: number of the run that the scope must name, or -1 for any
 * Return: 0, -ENOENT not in a machine's scope, -ESTALE of another run, -EBADMSG, -ENAMETOOLONG.
 */
int kvmb_parse_scope(const char *text, int id, char ret_path[KVMB_PATH_SIZE]);

#endif
