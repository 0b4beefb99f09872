/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process' one connection to libvirt: shared by the guest source, which makes and watches it,
 * and the balloon actuator, which only borrows it. Thread-safe; reference-counted, because a thread
 * that waits for a hung libvirtd may outlive everything else.
 *
 * Nothing here prints: libvirt's own error output is switched off on first use.
 */
#ifndef KVMB_WRAP_VIRT_H
#define KVMB_WRAP_VIRT_H

#include <stdbool.h>
#include <stddef.h>

struct kvmb_virt;
struct _virConnect; /* virConnectPtr points to it */
struct _virDomain;  /* virDomainPtr */

/**
 * kvmb_virt_new() - no connection yet; starts the process-wide libvirt event loop on first use
 * @uri: NULL for "qemu:///system"
 * Return: 0, -ENOMEM, or -errno of a thread that could not be started.
 */
int kvmb_virt_new(const char *uri, struct kvmb_virt **ret);
struct kvmb_virt *kvmb_virt_ref(struct kvmb_virt *v);
struct kvmb_virt *kvmb_virt_unref(struct kvmb_virt *v); /* NULL; the last one closes */

/**
 * kvmb_virt_connect() - connect, with keep-alive; replaces an earlier connection
 *
 * Blocks, for as long as libvirtd takes: for threads that can afford it.
 * @text: optional, gets libvirt's words on failure
 * Return: 0 or -errno as kvmb_virt_error().
 */
int kvmb_virt_connect(struct kvmb_virt *v, char *text, size_t size);

/** kvmb_virt_disconnect() - drop the connection; calls under way end with -ENOTCONN */
void kvmb_virt_disconnect(struct kvmb_virt *v);

/**
 * kvmb_virt_get() - borrow the connection; never blocks
 * Return: a reference to give back with kvmb_virt_put(); NULL where there is none, or a dead one.
 */
struct _virConnect *kvmb_virt_get(struct kvmb_virt *v);
void kvmb_virt_put(struct _virConnect *conn);

/** kvmb_virt_putp(), kvmb_virt_domain_freep() - for _cleanup_() */
void kvmb_virt_putp(struct _virConnect **conn);
void kvmb_virt_domain_freep(struct _virDomain **domain);

/**
 * kvmb_virt_error() - the calling thread's last libvirt error
 * @text: optional, gets libvirt's words
 * Return: negative errno that says the same: -ENOENT no such domain, -ENOTCONN connection gone,
 * -ETIMEDOUT, -EBUSY (the domain has a job), -EOPNOTSUPP, -EACCES, -EINVAL, -ENOMEM, else -EIO.
 */
int kvmb_virt_error(char *text, size_t size);

#endif
