/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ages from the generations of the guest's control groups: how much, not where. Each period a walk
 * over the page tables is asked for, so that there is a generation to tell by.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/num.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/wait.h"
#include "source/age-source.h"
#include "source/lru-ledger.h"

#define LRU_GEN "kernel/debug/lru_gen"
/* Six lines for each control group and node of the host. */
#define TEXT_MAX (64 * MIB)
/* Of lru_gen_full; the first group, which is the root, is a tenth of that. */
#define BEGINNING 16384

struct age_mglru {
	const struct kvmb_root *root;
	char cgroup[KVMB_PATH_SIZE];
	uint64_t period_ns;
	uint64_t walked_ns; /* 0: not yet */
	struct kvmb_lru_ledger *ledgers;
	size_t n_ledgers;
};

static void age_mglru_close(void *handle)
{
	struct age_mglru *m = handle;

	free(m->ledgers);
	free(m);
}

static void age_mglru_closep(struct age_mglru **m)
{
	if (*m)
		age_mglru_close(*m);
}

/* ---- Can it be had? ---------------------------------------------------------------------- */

/* 1: generations; 2: walks over page tables, without which all looks idle (multigen_lru.rst) */
static int check_enabled(const struct kvmb_root *root, char *why)
{
	static const char *const path = "kernel/mm/lru_gen/enabled";
	char text[16];
	int r = kvmb_read_at(root->sys_fd, path, text, sizeof(text), NULL);

	if (r < 0) {
		kvmb_str_format(why, KVMB_TEXT_SIZE, "/sys/kernel/mm/lru_gen is not there");
		return -EOPNOTSUPP;
	}
	text[strcspn(text, "\n")] = '\0';
	if ((strtoul(text, NULL, 16) & 3) == 3)
		return 0;
	kvmb_str_format(why, KVMB_TEXT_SIZE, "it is off (/sys/%s is %s)", path, text);
	return -EOPNOTSUPP;
}

static bool is_locked_down(const struct kvmb_root *root)
{
	char text[64];

	return kvmb_read_at(root->sys_fd, "kernel/security/lockdown", text, sizeof(text), NULL) >=
		       0 && !strstr(text, "[none]");
}

static int explain(const struct kvmb_root *root, int error, char *why)
{
	if (error == -ENOENT)
		kvmb_str_format(why, KVMB_TEXT_SIZE, "/sys/%s is not there; is debugfs mounted?",
				LRU_GEN);
	else if (error == -EPERM && is_locked_down(root))
		kvmb_str_format(why, KVMB_TEXT_SIZE, "/sys/%s: the kernel is locked down", LRU_GEN);
	else
		(void)kvmb_str_errno(why, KVMB_TEXT_SIZE, error, "/sys/" LRU_GEN);
	return error;
}

/* As much as one read() gives. */
static int check_sees_guests(const struct kvmb_root *root, char *why)
{
	_cleanup_close_ int fd = openat(root->sys_fd, LRU_GEN "_full", O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *text = malloc(BEGINNING);
	ssize_t n;

	if (!text)
		return explain(root, -ENOMEM, why);
	if (fd < 0)
		return explain(root, -errno, why);
	n = read(fd, text, BEGINNING - 1);
	if (n < 0)
		return explain(root, -errno, why);
	text[n] = '\0';
	if (kvmb_lru_gen_sees_guests(text))
		return 0;
	kvmb_str_format(why, KVMB_TEXT_SIZE, "this kernel's does not see what guests touch");
	return -EOPNOTSUPP;
}

static int read_generations(const struct age_mglru *m, struct kvmb_lruvec **ret, size_t *ret_n)
{
	_cleanup_free_ char *text = NULL;
	int r = kvmb_read_alloc_at(m->root->sys_fd, LRU_GEN, TEXT_MAX, &text, NULL);

	return r < 0 ? r : kvmb_parse_lru_gen(text, m->cgroup, ret, ret_n);
}

/* What read() will do, but for the walk: all that can be missing is found out now. */
static int check_readable(const struct age_mglru *m, char *why)
{
	_cleanup_close_ int fd = openat(m->root->sys_fd, LRU_GEN, O_RDWR | O_CLOEXEC);
	_cleanup_free_ struct kvmb_lruvec *vecs = NULL;
	size_t n;
	int r;

	if (fd < 0)
		return explain(m->root, -errno, why);
	r = read_generations(m, &vecs, &n);
	if (r == -ENOENT)
		kvmb_str_format(why, KVMB_TEXT_SIZE, "its control group has no generations");
	else if (r < 0)
		(void)explain(m->root, r, why);
	return r;
}

static int age_mglru_open(const struct kvmb_age_target *t, uint64_t period_usec, void **ret,
			  char *why)
{
	_cleanup_(age_mglru_closep) struct age_mglru *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return kvmb_str_errno(why, KVMB_TEXT_SIZE, -ENOMEM, "agent");
	if (!*t->cgroup) {
		kvmb_str_format(why, KVMB_TEXT_SIZE, "its control group is not known");
		return -ENOENT;
	}
	m->root = t->root;
	m->period_ns = u64_mul_sat(period_usec, NSEC_PER_USEC);
	(void)kvmb_str_copy(m->cgroup, sizeof(m->cgroup), t->cgroup);
	r = check_enabled(m->root, why);
	if (r >= 0)
		r = check_readable(m, why);
	if (r >= 0)
		r = check_sees_guests(m->root, why);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(m);
	return 0;
}

/* ---- What it tells ----------------------------------------------------------------------- */

/*
 * A new generation for each. One that the kernel made in the meantime, or a group that went, is
 * -EINVAL: it is not asked for again.
 */
static int walk(const struct age_mglru *m)
{
	_cleanup_free_ struct kvmb_lruvec *vecs = NULL;
	size_t n = 0;
	int r = read_generations(m, &vecs, &n);

	for (size_t i = 0; i < n && r >= 0; i++) {
		const struct kvmb_lruvec *v = &vecs[i];
		char text[96];

		if (!v->n)
			continue;
		(void)snprintf(text, sizeof(text), "+ %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
			       v->memcg, v->node, v->gens[v->n - 1].seq);
		r = kvmb_write_at(m->root->sys_fd, LRU_GEN, text);
		if (r == -EINVAL)
			r = 0;
	}
	return r;
}

static const struct kvmb_lru_ledger *find_ledger(const struct age_mglru *m,
						 const struct kvmb_lruvec *v)
{
	for (size_t i = 0; i < m->n_ledgers; i++)
		if (m->ledgers[i].memcg == v->memcg && m->ledgers[i].node == v->node)
			return &m->ledgers[i];
	return NULL;
}

/* One for each lruvec that there is now; those of groups that went are forgotten. */
static int update_ledgers(struct age_mglru *m, const struct kvmb_lruvec *vecs, size_t n)
{
	struct kvmb_lru_ledger *ledgers = calloc(n, sizeof(*ledgers));

	if (!ledgers)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct kvmb_lru_ledger *old = find_ledger(m, &vecs[i]);

		if (old)
			ledgers[i] = *old;
		ledgers[i].memcg = vecs[i].memcg;
		ledgers[i].node = vecs[i].node;
		kvmb_lru_ledger_update(&ledgers[i], &vecs[i], m->walked_ns);
	}
	free(m->ledgers);
	m->ledgers = ledgers;
	m->n_ledgers = n;
	return 0;
}

/* Rounds do not come to the millisecond; one that comes a little early is not for nothing. */
static bool is_due(const struct age_mglru *m, uint64_t now_ns)
{
	return !m->walked_ns || now_ns - m->walked_ns >= m->period_ns / 4 * 3;
}

static int age_mglru_read(void *handle, struct kvmb_ages *ret)
{
	_cleanup_free_ struct kvmb_lruvec *vecs = NULL;
	struct kvmb_ages ages = { 0 };
	struct age_mglru *m = handle;
	size_t n = 0;
	int r;

	if (!is_due(m, kvmb_now_ns()))
		return -EAGAIN;
	r = walk(m);
	if (r >= 0)
		r = read_generations(m, &vecs, &n);
	if (r == -ENOENT)
		return -ESRCH;
	if (r < 0)
		return r;
	m->walked_ns = kvmb_now_ns();
	r = update_ledgers(m, vecs, n);
	for (size_t i = 0; i < n && r >= 0; i++)
		kvmb_lru_ledger_book(&m->ledgers[i], &vecs[i], m->walked_ns, &ages);
	if (r >= 0)
		*ret = ages;
	return r < 0 ? r : 0;
}

const struct kvmb_age_source_ops kvmb_age_source_mglru = {
	.kind = KVMB_AGING_MGLRU,
	.open = age_mglru_open,
	.read = age_mglru_read,
	.close = age_mglru_close,
};
