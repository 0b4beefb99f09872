// SPDX-License-Identifier: LGPL-2.1-or-later
/* Samepage merging is set by writing below /sys/kernel/mm/ksm; and the thread that does it. */
#include "actuator/ksm.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/num.h"
#include "base/str.h"
#include "base/worker.h"

/* A batch of ksmd ends within milliseconds, where it does not wait for memory itself. */
#define STOP_USEC (3 * USEC_PER_SEC)

struct job {
	struct kvmb_job job;
	struct kvmb_root root;
	struct kvmb_ksm_setting setting;
	int error;
};

struct kvmb_ksm_setter {
	struct kvmb_worker *worker;
	char root_path[KVMB_PATH_SIZE];
	bool busy;
};

static int put(const struct kvmb_root *root, const char *name, uint32_t value)
{
	char path[64], text[16];

	kvmb_str_format(path, sizeof(path), "kernel/mm/ksm/%s", name);
	kvmb_str_format(text, sizeof(text), "%" PRIu32, value);
	return kvmb_write_at(root->sys_fd, path, text);
}

/* The pace is set before it runs, and put back after it has stopped. */
static int stop(const struct kvmb_root *root, uint32_t pages, uint32_t sleep_msec)
{
	int r = put(root, "run", 0);

	if (r >= 0)
		r = put(root, "pages_to_scan", pages);
	if (r >= 0)
		r = put(root, "sleep_millisecs", sleep_msec);
	return r;
}

static int start(const struct kvmb_root *root, const struct kvmb_ksm_setting *s)
{
	int r = put(root, "sleep_millisecs", s->order.sleep_msec);

	if (r >= 0)
		r = put(root, "pages_to_scan", s->order.pages_to_scan);
	if (r >= 0 && !s->ours)
		r = put(root, "run", 1);
	if (r < 0)
		(void)stop(root, s->before_pages_to_scan, s->before_sleep_msec);
	return r;
}

int kvmb_ksm_set(const struct kvmb_root *root, const struct kvmb_ksm_setting *s)
{
	char text[16];
	int r;

	if (!s->order.run)
		return stop(root, s->order.pages_to_scan, s->order.sleep_msec);
	r = kvmb_read_at(root->sys_fd, "kernel/mm/ksm/run", text, sizeof(text), NULL);
	if (r < 0)
		return r;
	if ((text[0] == '1') != s->ours)
		return -ESTALE;
	return start(root, s);
}

static void job_drop(struct kvmb_job *base)
{
	struct job *job = (struct job *)base;

	kvmb_root_close(&job->root);
	free(job);
}

static void job_run(struct kvmb_job *base)
{
	struct job *job = (struct job *)base;

	job->error = kvmb_ksm_set(&job->root, &job->setting);
}

int kvmb_ksm_setter_new(const char *root_path, struct kvmb_ksm_setter **ret)
{
	struct kvmb_ksm_setter *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	r = kvmb_str_copy(w->root_path, sizeof(w->root_path), root_path ?: "/");
	if (r >= 0)
		r = kvmb_worker_new("kvmb-ksm", &w->worker);
	if (r < 0) {
		(void)kvmb_ksm_setter_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

struct kvmb_ksm_setter *kvmb_ksm_setter_free(struct kvmb_ksm_setter *w)
{
	if (!w)
		return NULL;
	(void)kvmb_worker_free(w->worker, STOP_USEC, NULL);
	free(w);
	return NULL;
}

int kvmb_ksm_setter_fd(const struct kvmb_ksm_setter *w)
{
	return kvmb_worker_fd(w->worker);
}

static int job_new(const struct kvmb_ksm_setter *w, struct job **ret)
{
	struct job *job = calloc(1, sizeof(*job));
	int r;

	if (!job)
		return -ENOMEM;
	job->job = (struct kvmb_job){ .run = job_run, .drop = job_drop };
	job->root = (struct kvmb_root)KVMB_ROOT_INIT;
	r = kvmb_root_open(w->root_path, &job->root);
	if (r < 0) {
		job_drop(&job->job);
		return r;
	}
	*ret = job;
	return 0;
}

int kvmb_ksm_setter_submit(struct kvmb_ksm_setter *w, const struct kvmb_ksm_setting *s)
{
	struct job *job;
	int r;

	if (w->busy)
		return -EBUSY;
	r = job_new(w, &job);
	if (r < 0)
		return r;
	job->setting = *s;
	w->busy = true;
	kvmb_worker_submit(w->worker, &job->job);
	return 0;
}

bool kvmb_ksm_setter_busy(const struct kvmb_ksm_setter *w)
{
	return w->busy;
}

bool kvmb_ksm_setter_next(struct kvmb_ksm_setter *w, struct kvmb_ksm_order *ret, int *ret_error)
{
	struct job *job = (struct job *)kvmb_worker_done(w->worker);

	if (!job)
		return false;
	w->busy = false;
	*ret = job->setting.order;
	*ret_error = job->error;
	job_drop(&job->job);
	return true;
}
