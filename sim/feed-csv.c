// SPDX-License-Identifier: GPL-2.0-or-later
/* Steps from a trace: the lines of one time are a step. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "cli/util.h"
#include "feed.h"
#include "names.h"
#include "trace.h"

struct csv {
	struct feed feed; /* first: feed_ops get this one */
	FILE *file;
	char *path;
	uint64_t line;
	char text[TRACE_LINE_SIZE];
	struct trace_line ahead; /* the first one of the next step; in text */
	bool started, ended;
	uint64_t seconds; /* of the step before */
	struct names names;
	struct feed_vm *vms;
	size_t n_vms, room;
};

static int fault(const struct csv *c, const char *why, char **ret_error)
{
	if (asprintf(ret_error, "%s:%" PRIu64 ": %s", c->path, c->line, why) < 0)
		return -ENOMEM;
	return -EBADMSG;
}

/* 1, 0 at the end. A NUL hides the line's end, and shows by that. */
static int read_text(struct csv *c, char **ret_error)
{
	size_t n;

	c->line++;
	errno = 0;
	if (!fgets(c->text, sizeof(c->text), c->file))
		return ferror(c->file) ? -(errno ?: EIO) : 0;
	n = strlen(c->text);
	if (n && c->text[n - 1] == '\n')
		c->text[--n] = '\0';
	else if (!feof(c->file))
		return fault(c, "the line is too long, or has a NUL", ret_error);
	if (n && c->text[n - 1] == '\r')
		c->text[n - 1] = '\0';
	return 1;
}

/* Moves on to the next line that says something. */
static int look_ahead(struct csv *c, char **ret_error)
{
	const char *why = NULL;
	int r, said = 0;

	while (!said) {
		r = read_text(c, ret_error);
		if (r < 0)
			return r;
		if (r == 0) {
			c->ended = true;
			return 0;
		}
		said = trace_parse(c->text, &c->ahead, &why);
	}
	return said < 0 ? fault(c, why, ret_error) : 0;
}

static int make_room(struct csv *c)
{
	struct feed_vm *vms;
	size_t room = c->room ? c->room * 2 : 256;

	if (c->n_vms < c->room)
		return 0;
	vms = realloc(c->vms, room * sizeof(*vms));
	if (!vms)
		return -ENOMEM;
	c->vms = vms;
	c->room = room;
	return 0;
}

static int take_in(struct csv *c, char **ret_error)
{
	const struct trace_line *l = &c->ahead;
	struct feed_vm *vm;
	size_t i;
	int r = names_number(&c->names, l->name, l->name_length, &i);

	if (r == -ENOSPC)
		return fault(c, "there are more than 100000 machines", ret_error);
	if (r >= 0)
		r = make_room(c);
	if (r < 0)
		return r;
	vm = &c->vms[i];
	if (i == c->n_vms) {
		*vm = (struct feed_vm){ c->names.list[i], l->provisioned_bytes, FEED_ABSENT };
		c->n_vms++;
	}
	if (vm->used_bytes != FEED_ABSENT)
		return fault(c, "the machine had a line of this time already", ret_error);
	if (vm->provisioned_bytes != l->provisioned_bytes)
		return fault(c, "what is provisioned may not change", ret_error);
	vm->used_bytes = l->used_bytes;
	return 0;
}

static int end_step(struct csv *c, uint64_t time_sec, char **ret_error)
{
	if (c->ended)
		return 0;
	if (c->ahead.time_sec < time_sec)
		return fault(c, "the time goes back", ret_error);
	if (c->ahead.time_sec - time_sec > FEED_STEP_SEC_MAX)
		return fault(c, "more than a day is missing before this line", ret_error);
	c->seconds = c->ahead.time_sec - time_sec;
	return 0;
}

static int csv_next(struct feed *f, struct feed_step *ret, char **ret_error)
{
	struct csv *c = (struct csv *)f;
	uint64_t time_sec;
	int r = c->started ? 0 : look_ahead(c, ret_error);

	c->started = true;
	if (r < 0 || c->ended)
		return r;
	time_sec = c->ahead.time_sec;
	for (size_t i = 0; i < c->n_vms; i++)
		c->vms[i].used_bytes = FEED_ABSENT;
	while (r >= 0 && !c->ended && c->ahead.time_sec == time_sec) {
		r = take_in(c, ret_error);
		if (r >= 0)
			r = look_ahead(c, ret_error);
	}
	if (r >= 0)
		r = end_step(c, time_sec, ret_error);
	if (r < 0)
		return r;
	*ret = (struct feed_step){ time_sec, c->seconds, c->vms, c->n_vms };
	return 1;
}

static void csv_free(struct feed *f)
{
	struct csv *c = (struct csv *)f;

	if (c->file && c->file != stdin)
		fclose(c->file);
	names_clear(&c->names);
	free(c->vms);
	free(c->path);
	free(c);
}

static const struct feed_ops csv_ops = { csv_next, csv_free };

int feed_open_csv(const char *path, struct feed **ret)
{
	struct csv *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->feed.ops = &csv_ops;
	c->seconds = FEED_STEP_SEC;
	c->path = strdup(path);
	c->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (!c->file || !c->path) {
		r = c->file ? -ENOMEM : -errno;
		csv_free(&c->feed);
		return r;
	}
	*ret = &c->feed;
	return 0;
}
