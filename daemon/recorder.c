/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recordings into pipes, without ever waiting for who reads them.
 */
#include "recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "config.h"
#include "util.h"

/* Three ticks of 1,000 guests: lines are taken on while less than this waits. */
#define PENDING_MAX ((size_t)8 << 20)
/* The most that the kernel gives without privilege: an ordinary host's line goes in at once. */
#define PIPE_BYTES (1 << 20)

static void recorder_close(struct recorder *r)
{
	r->source = sd_event_source_disable_unref(r->source);
	(void)close(r->fd);
	free(r->pending);
	*r = (struct recorder){ .fd = -1 };
}

/* What the pipe takes now. It is closed when nobody reads any more, or all was taken at its end. */
static void recorder_flush(struct recorder *r)
{
	while (r->at < r->size) {
		ssize_t n = write(r->fd, r->pending + r->at, r->size - r->at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			recorder_close(r);
			return;
		}
		r->at += (size_t)n;
	}
	if (r->at == r->size) {
		free(r->pending);
		r->pending = NULL;
		r->size = r->at = r->allocated = 0;
	}
	if (r->ended && !r->pending)
		recorder_close(r);
	else
		(void)sd_event_source_set_io_events(r->source, r->pending ? EPOLLOUT : 0);
}

static int on_pipe(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct recorder *r = userdata;

	/* The reader is gone; that is told whether or not anything waits. */
	if (revents & EPOLLERR)
		recorder_close(r);
	else
		recorder_flush(r);
	return 0;
}

static int recorder_append(struct recorder *r, const char *line)
{
	size_t n = strlen(line);

	if (r->size + n > r->allocated) {
		size_t allocated = 2 * (r->size - r->at + n);
		char *grown = malloc(allocated);

		if (!grown)
			return -ENOMEM;
		r->size -= r->at;
		if (r->size)
			memcpy(grown, r->pending + r->at, r->size);
		free(r->pending);
		r->pending = grown;
		r->allocated = allocated;
		r->at = 0;
	}
	memcpy(r->pending + r->size, line, n);
	r->size += n;
	return 0;
}

/* Without memory for its last line a recording breaks off, and its reader says so. */
static void recorder_end(struct recorder *r, const char *why)
{
	struct kvmb_record end = { .kind = KVMB_RECORD_END };
	_cleanup_free_ char *line = NULL;

	(void)snprintf(end.text, sizeof(end.text), "%s", why);
	r->ended = true;
	if (kvmb_record_to_json(&end, &line) < 0 || recorder_append(r, line) < 0)
		recorder_close(r);
	else
		recorder_flush(r);
}

static void recorder_write(struct recorder *r, const char *line)
{
	if (r->size - r->at >= PENDING_MAX)
		recorder_end(r, "the reader was too slow");
	else if (recorder_append(r, line) < 0)
		recorder_end(r, "no memory");
	else
		recorder_flush(r);
}

static struct recorder *find_free(struct recorders *r)
{
	for (size_t i = 0; i < RECORDERS_MAX; i++)
		if (!r->table[i].source)
			return &r->table[i];
	return NULL;
}

static bool is_recording(const struct recorder *r)
{
	return r->source && !r->ended;
}

static int add_source(struct recorder *r, sd_event *event, int fd)
{
	sd_event_source *source;
	int q = sd_event_add_io(event, &source, fd, 0, on_pipe, r);

	if (q < 0)
		return q;
	/* Guests come first: a reader is served when nothing else is to be done. */
	(void)sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IDLE);
	*r = (struct recorder){ .fd = fd, .source = source };
	return 0;
}

int recorders_open(struct recorders *rs, sd_event *event, struct kvmb_config *config, int *ret_fd)
{
	const struct kvmb_record begin = {
		.kind = KVMB_RECORD_BEGIN, .text = PACKAGE_VERSION, .config = config,
	};
	struct recorder *r = find_free(rs);
	_cleanup_free_ char *line = NULL;
	int fds[2], q;

	if (!r)
		return -EBUSY;
	q = kvmb_record_to_json(&begin, &line);
	if (q < 0)
		return q;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	(void)fcntl(fds[1], F_SETPIPE_SZ, PIPE_BYTES);
	q = fcntl(fds[1], F_SETFL, O_NONBLOCK) < 0 ? -errno : add_source(r, event, fds[1]);
	if (q < 0) {
		(void)close(fds[0]);
		(void)close(fds[1]);
		return q;
	}
	recorder_write(r, line);
	*ret_fd = fds[0];
	return 0;
}

void recorders_write(struct recorders *rs, const struct kvmb_record *record)
{
	_cleanup_free_ char *line = NULL;

	for (size_t i = 0; i < RECORDERS_MAX; i++) {
		struct recorder *r = &rs->table[i];

		if (!is_recording(r))
			continue;
		if (!line && kvmb_record_to_json(record, &line) < 0)
			recorder_end(r, "no memory");
		else
			recorder_write(r, line);
	}
}

void recorders_end(struct recorders *rs, const char *why)
{
	for (size_t i = 0; i < RECORDERS_MAX; i++)
		if (is_recording(&rs->table[i]))
			recorder_end(&rs->table[i], why);
}

void recorders_close(struct recorders *rs)
{
	for (size_t i = 0; i < RECORDERS_MAX; i++)
		if (rs->table[i].source)
			recorder_close(&rs->table[i]);
}
