// SPDX-License-Identifier: GPL-2.0-or-later
/* record: what the daemon sees and decides, line by line into a file, until it is enough. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <systemd/sd-event.h>

#include "bus.h"
#include "text.h"
#include "util.h"

#define CHUNK_BYTES 65536
/* Far more than a tick of the most guests there may be. */
#define LINE_BYTES_MAX ((size_t)64 << 20)

struct recording {
	struct ctl *ctl;
	const char *path;
	sd_event *event;
	FILE *file;
	char *line; /* as far as it has come */
	size_t used, allocated;
	uint64_t n_ticks;
	bool over; /* the last line is written; the event loop ends only after this turn of it */
};

static void recording_clear(struct recording *r)
{
	if (r->file && r->file != stdout)
		(void)fclose(r->file);
	sd_event_unref(r->event);
	free(r->line);
}

static bool begins(const struct recording *r, const char *kind)
{
	size_t n = strlen(kind);

	return r->used >= n && memcmp(r->line, kind, n) == 0;
}

/* Only whole lines are written, so that the last one is always the one that says why it ends. */
static int put_line(struct recording *r)
{
	if (fwrite(r->line, 1, r->used, r->file) != r->used || fflush(r->file) != 0)
		return errno ? -errno : -EIO;
	return 0;
}

static int failed(struct recording *r, int error)
{
	_cleanup_free_ char *path = text_escape(r->path, "");

	r->over = true;
	return sd_event_exit(r->event, ctl_error(CTL_FAILED, "cannot write %s: %s", path ?: "",
						 strerror(-error)));
}

/* Our own last line. */
static int finish(struct recording *r, const char *why)
{
	struct kvmb_record end = { .kind = KVMB_RECORD_END };
	int q;

	r->over = true;
	(void)snprintf(end.text, sizeof(end.text), "%s", why);
	free(r->line);
	r->line = NULL;
	r->allocated = 0;
	q = kvmb_record_to_json(&end, &r->line);
	if (q >= 0) {
		r->used = strlen(r->line);
		q = put_line(r);
	}
	return q < 0 ? failed(r, q) : sd_event_exit(r->event, CTL_OK);
}

static int end_early(struct recording *r, const char *why)
{
	r->over = true;
	return sd_event_exit(r->event,
			     ctl_error(CTL_FAILED, "the recording ended after %" PRIu64
				       " tick%s: %s", r->n_ticks, r->n_ticks == 1 ? "" : "s", why));
}

/* The daemon's own last line says why; it is written like any other. */
static int take_end(struct recording *r)
{
	struct kvmb_record *end = NULL;
	char *line = strndup(r->line, r->used);
	int q = line ? kvmb_record_from_json(line, &end, NULL) : -ENOMEM;

	q = end_early(r, q < 0 ? "no reason was given" : end->text);
	kvmb_record_free(end);
	free(line);
	return q;
}

static int take_line(struct recording *r)
{
	int q = put_line(r);

	if (q < 0)
		return failed(r, q);
	if (begins(r, "{\"record\":\"end\""))
		return take_end(r);
	if (begins(r, "{\"record\":\"tick\"") && ++r->n_ticks == r->ctl->ticks)
		return finish(r, "as many ticks as were asked for");
	r->used = 0;
	return 0;
}

static int add(struct recording *r, const char *text, size_t n)
{
	if (r->used + n > LINE_BYTES_MAX)
		return -EFBIG;
	if (r->used + n > r->allocated) {
		size_t wanted = 2 * (r->used + n);
		char *grown = realloc(r->line, wanted);

		if (!grown)
			return -ENOMEM;
		r->line = grown;
		r->allocated = wanted;
	}
	memcpy(r->line + r->used, text, n);
	r->used += n;
	return 0;
}

static int take(struct recording *r, const char *text, size_t n)
{
	while (n > 0 && !r->over) {
		const char *end = memchr(text, '\n', n);
		size_t part = end ? (size_t)(end + 1 - text) : n;
		int q = add(r, text, part);

		if (q < 0)
			return end_early(r, strerror(-q));
		if (end)
			q = take_line(r);
		if (q < 0)
			return q;
		text += part;
		n -= part;
	}
	return 0;
}

static int on_data(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct recording *r = userdata;
	char chunk[CHUNK_BYTES];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : end_early(r, strerror(errno));
	return n ? take(r, chunk, (size_t)n) : end_early(r, "kvm-balloond is gone");
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
	return finish(userdata, "interrupted");
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata)
{
	return finish(userdata, "as many seconds as were asked for");
}

static int add_sources(struct recording *r, int fd)
{
	sigset_t set;
	int q;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	/* A reader of standard output that leaves is an error of write(), told as one. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	q = sd_event_new(&r->event);
	if (q >= 0)
		q = sd_event_add_io(r->event, NULL, fd, EPOLLIN, on_data, r);
	if (q >= 0)
		q = sd_event_add_signal(r->event, NULL, SIGINT, on_signal, r);
	if (q >= 0)
		q = sd_event_add_signal(r->event, NULL, SIGTERM, on_signal, r);
	if (q >= 0 && r->ctl->seconds)
		q = sd_event_add_time_relative(r->event, NULL, CLOCK_MONOTONIC,
					       r->ctl->seconds * UINT64_C(1000000), 0, on_time, r);
	return q;
}

/* It shows what only those may see who could have it recorded. */
static int open_file(struct recording *r)
{
	int fd;

	if (strcmp(r->path, "-") == 0) {
		r->file = stdout;
		return 0;
	}
	fd = open(r->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	r->file = fd < 0 ? NULL : fdopen(fd, "w");
	return r->file ? 0 : -errno;
}

static int run(struct recording *r, int fd)
{
	_cleanup_free_ char *path = text_escape(r->path, "");
	int q = open_file(r);

	if (q < 0)
		return ctl_error(CTL_FAILED, "cannot write %s: %s", path ?: "", strerror(-q));
	q = add_sources(r, fd);
	if (q >= 0)
		q = sd_event_loop(r->event);
	if (q < 0)
		return ctl_errno(q, "cannot record");
	if (q == CTL_OK && r->file != stdout && !r->ctl->json)
		printf("%" PRIu64 " tick%s recorded in %s\n", r->n_ticks,
		       r->n_ticks == 1 ? "" : "s", path ?: "");
	return q;
}

int ctl_verb_record(struct ctl *ctl, int n, char **operands)
{
	_cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
	_cleanup_(recording_clear) struct recording r = { .ctl = ctl, .path = operands[0] };
	int fd, q;

	/* A descriptor does not go through ssh. */
	if (ctl->host)
		return ctl_error(CTL_USAGE, "record is for this host only; try: ssh %s "
				 "kvm-balloonctl record - >FILE", ctl->host);
	q = bus_new_call(ctl, BUS_PATH, BUS_MANAGER, "Record", &call);
	if (q >= 0)
		q = bus_ask(ctl, call, &error, &reply);
	if (q >= 0)
		q = sd_bus_message_read(reply, "h", &fd); /* the reply's to close */
	return q < 0 ? bus_failed(ctl, &error, q, NULL) : run(&r, fd);
}
