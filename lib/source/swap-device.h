/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long reads of the host's swap devices take. Swap in a file has no device of its own, and is
 * not told of.
 */
#ifndef KVMB_SOURCE_SWAP_DEVICE_H
#define KVMB_SOURCE_SWAP_DEVICE_H

#include <kvmballoon.h>

struct kvmb_root;

#define KVMB_SWAP_DEVICES_MAX 32 /* as many swap areas as the kernel allows */
#define KVMB_DEVICE_SIZE 64

struct kvmb_swap_device {
	char name[KVMB_DEVICE_SIZE]; /* in /sys/class/block */
};

/**
 * kvmb_swap_device_read() - members swap_reads and swap_read_usec, over all swap devices; counters
 * Return: 0, also where there is no swap or a device went meanwhile; -EBADMSG; or another -errno.
 */
int kvmb_swap_device_read(const struct kvmb_root *root, struct kvmb_host_sample *ret);

/**
 * kvmb_parse_swap_devices() - names of the block devices that /proc/swaps lists; pure
 * Return: how many, @size at most, or -EBADMSG where the heading is missing.
 */
int kvmb_parse_swap_devices(const char *text, struct kvmb_swap_device *devices, size_t size);

/**
 * kvmb_parse_block_stat() - reads done and how long they took together; pure
 * Documentation/block/stat.rst: columns 1 and 4, the latter in milliseconds.
 * Return: 0 or -EBADMSG.
 */
int kvmb_parse_block_stat(const char *text, uint64_t *ret_reads, uint64_t *ret_usec);

#endif
