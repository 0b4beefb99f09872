/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel samepage merging: /sys/kernel/mm/ksm, and the CPU time of ksmd. */
#include "source/ksm.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/num.h"
#include "base/parse.h"
#include "base/str.h"

#define KTHREADD 2 /* parent of every kernel thread: no process of a user is one by its name */
/* Fields of stat behind the name, the first being the state. */
#define STAT_PARENT 1
#define STAT_UTIME 11
#define STAT_STIME 12
#define STAT_START 19

int kvmb_parse_ksm_number(const char *text, bool is_signed, uint64_t *ret)
{
	bool negative = is_signed && *text == '-';
	size_t len = strcspn(text + negative, "\n");
	uint64_t v;

	if (kvmb_parse_u64_n(text + negative, len, &v) < 0)
		return -EBADMSG;
	/* JSON's numbers end at INT64_MAX. */
	*ret = negative ? 0 : u64_min(v, INT64_MAX);
	return 0;
}

int kvmb_parse_ksmd_stat(const char *text, struct kvmb_ksmd_stat *ret)
{
	const char *at = strchr(text, '('), *end = text + strlen(text);
	uint64_t fields[STAT_START + 1] = { 0 };

	if (!at)
		return -EBADMSG;
	at = kvmb_str_skip(at, "(ksmd) ");
	if (!at)
		return -ESRCH;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		size_t len;
		const char *word = kvmb_next_word(&at, end, &len);

		/* Some are letters, or below 0. */
		if (!word)
			return -EBADMSG;
		if (kvmb_parse_u64_n(word, len, &fields[i]) < 0 &&
		    (i == STAT_PARENT || i == STAT_UTIME || i == STAT_STIME || i == STAT_START))
			return -EBADMSG;
	}
	*ret = (struct kvmb_ksmd_stat){
		.parent = fields[STAT_PARENT],
		.cpu_ticks = u64_add_sat(fields[STAT_UTIME], fields[STAT_STIME]),
		.start_ticks = fields[STAT_START],
	};
	return 0;
}

static int read_stat(const struct kvmb_root *root, int32_t pid, struct kvmb_ksmd_stat *ret)
{
	char path[32], text[1024];
	int r;

	(void)snprintf(path, sizeof(path), "%d/stat", pid);
	r = kvmb_read_at(root->proc_fd, path, text, sizeof(text), NULL);
	if (r >= 0)
		r = kvmb_parse_ksmd_stat(text, ret);
	return r >= 0 && ret->parent != KTHREADD ? -ESRCH : r;
}

/* Once in an agent's life: the first few hundred folders of /proc are the kernel's threads. */
static void seek(const struct kvmb_root *root, struct kvmb_ksmd *d)
{
	int fd = openat(root->proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		(void)kvmb_close(fd);
		return;
	}
	d->sought = true;
	while (!d->pid && (entry = readdir(dir))) {
		struct kvmb_ksmd_stat stat;
		uint64_t pid;

		if (kvmb_parse_u64(entry->d_name, &pid) < 0 || pid > INT32_MAX ||
		    read_stat(root, (int32_t)pid, &stat) < 0)
			continue;
		d->pid = (int32_t)pid;
		d->start_ticks = stat.start_ticks;
	}
	(void)closedir(dir);
}

static int read_cpu(const struct kvmb_root *root, struct kvmb_ksmd *d, uint64_t *ret_usec)
{
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);
	struct kvmb_ksmd_stat stat;
	int r;

	if (!d->sought)
		seek(root, d);
	if (!d->pid)
		return -ESRCH;
	r = read_stat(root, d->pid, &stat);
	if (r < 0 || stat.start_ticks != d->start_ticks) {
		/* Not the thread that was found: look again next time. */
		*d = (struct kvmb_ksmd){ 0 };
		return r < 0 ? r : -ESRCH;
	}
	*ret_usec = u64_min(u64_mul_sat(stat.cpu_ticks, USEC_PER_SEC) / hz, INT64_MAX);
	return 0;
}

static int read_number(const struct kvmb_root *root, const char *name, uint64_t *ret)
{
	char path[64], text[64];
	int r;

	(void)snprintf(path, sizeof(path), "kernel/mm/ksm/%s", name);
	r = kvmb_read_at(root->sys_fd, path, text, sizeof(text), NULL);
	return r < 0 ? r : kvmb_parse_ksm_number(text, streq(name, "general_profit"), ret);
}

static int read_u32(const struct kvmb_root *root, const char *name, uint32_t *ret)
{
	uint64_t v;
	int r = read_number(root, name, &v);

	if (r >= 0 && v > UINT32_MAX)
		return -EBADMSG;
	if (r >= 0)
		*ret = (uint32_t)v;
	return r;
}

/* Since Linux 6.4 the kernel takes off what it keeps for each page that it has looked at. */
static int read_saved(const struct kvmb_root *root, uint64_t *ret_bytes)
{
	uint64_t sharing, page = (uint64_t)sysconf(_SC_PAGESIZE);
	int r = read_number(root, "general_profit", ret_bytes);

	if (r != -ENOENT)
		return r;
	r = read_number(root, "pages_sharing", &sharing);
	if (r >= 0)
		*ret_bytes = u64_min(u64_mul_sat(sharing, page), INT64_MAX);
	return r;
}

static int read_advised(const struct kvmb_root *root, bool *ret)
{
	char text[64];
	int r = kvmb_read_at(root->sys_fd, "kernel/mm/ksm/advisor_mode", text, sizeof(text), NULL);

	if (r >= 0)
		*ret = !strstr(text, "[none]");
	return r == -ENOENT ? 0 : r;
}

int kvmb_ksm_read(const struct kvmb_root *root, struct kvmb_ksmd *d, struct kvmb_ksm *ret)
{
	struct kvmb_ksm k = { .valid = true };
	int r = read_u32(root, "run", &k.run);

	if (r >= 0 && k.run > 2)
		return -EBADMSG;
	if (r >= 0)
		r = read_u32(root, "pages_to_scan", &k.pages_to_scan);
	if (r >= 0)
		r = read_u32(root, "sleep_millisecs", &k.sleep_msec);
	if (r >= 0)
		r = read_number(root, "full_scans", &k.full_scans);
	if (r >= 0)
		r = read_saved(root, &k.saved_bytes);
	if (r >= 0)
		r = read_advised(root, &k.advised);
	if (r >= 0)
		r = read_cpu(root, d, &k.cpu_usec);
	if (r < 0)
		return r;
	*ret = k;
	return 0;
}
