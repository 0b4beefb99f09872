// SPDX-License-Identifier: GPL-2.0-or-later
/* map: a machine's memory by age as a picture, once, into a file, or again and again. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "ages.h"
#include "bus.h"
#include "json.h"
#include "live.h"
#include "map.h"
#include "save.h"
#include "text.h"
#include "util.h"

/* ---- Once --------------------------------------------------------------------------------- */

static int new_map_call(struct ctl *ctl, const char *path, sd_bus_message **ret)
{
	return bus_new_call(ctl, path, BUS_MACHINE, "Map", ret);
}

static int get_map(struct ctl *ctl, const char *path, struct map *ret, sd_bus_error *error)
{
	_cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
	int r = new_map_call(ctl, path, &call);

	if (r >= 0)
		r = sd_bus_call(ctl->bus, call, BUS_MAP_TIMEOUT_USEC, error, &reply);
	return r < 0 ? r : map_read(reply, ret);
}

static int print_map(const struct ctl *ctl, const char *name, const struct kvmb_map *map)
{
	struct map_view v = { .machine = name, .map = map, .colours = ctl->colours };
	int r;

	if (ctl->json)
		return json_print_map(name, map);
	term_size(&v.width, &v.rows);
	v.width = v.width ?: 80;
	r = map_draw(stdout, &v);
	return fflush(stdout) == 0 ? r : -EIO;
}

static int draw_svg(const char *name, const struct kvmb_map *map, char **ret, size_t *ret_size)
{
	FILE *f = open_memstream(ret, ret_size);
	time_t now = time(NULL);
	struct tm tm = { 0 };
	char when[64];
	int r;

	if (!f)
		return -ENOMEM;
	(void)localtime_r(&now, &tm);
	(void)strftime(when, sizeof(when), "%F %T %Z", &tm);
	r = map_draw_svg(f, name, map, when);
	return fclose(f) == 0 ? r : -ENOMEM;
}

static int save_svg(const struct ctl *ctl, const char *name, const struct kvmb_map *map)
{
	_cleanup_free_ char *text = NULL, *path = text_escape(ctl->svg, "");
	size_t size;
	int r = draw_svg(name, map, &text, &size);

	if (r < 0)
		return ctl_errno(r, "cannot draw the map");
	if (strcmp(ctl->svg, "-") == 0)
		return fwrite(text, 1, size, stdout) == size && fflush(stdout) == 0 ? CTL_OK :
			ctl_errno(-EIO, "cannot print the map");
	r = save_file(ctl->svg, text, size);
	if (r == -EINVAL)
		return ctl_error(CTL_FAILED, "cannot write %s: it is there, and is no regular file",
				 path ?: "");
	return r < 0 ? ctl_error(CTL_FAILED, "cannot write %s: %s", path ?: "", strerror(-r)) :
		       CTL_OK;
}

static int show_once(struct ctl *ctl, const char *name, const char *path)
{
	_cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(map_clear) struct map m = { .reply = NULL };
	int r = get_map(ctl, path, &m, &error);

	if (r < 0)
		return bus_failed(ctl, &error, r, name);
	if (ctl->svg)
		return save_svg(ctl, name, &m.map);
	r = print_map(ctl, name, &m.map);
	return r < 0 ? ctl_errno(r, "cannot print the map") : CTL_OK;
}

/* ---- Again and again ---------------------------------------------------------------------- */

struct watch {
	struct live live;
	const char *path;
	struct map map; /* that is shown */
	bool asking;
};

static int on_map(sd_bus_message *m, void *userdata, sd_bus_error *unused)
{
	struct watch *w = userdata;
	const sd_bus_error *error = sd_bus_message_get_error(m);
	sd_bus_error none = SD_BUS_ERROR_NULL;
	struct map map;
	int r;

	w->asking = false;
	if (error)
		return live_fail(&w->live, error, -sd_bus_message_get_errno(m));
	r = map_read(m, &map);
	if (r < 0)
		return live_fail(&w->live, &none, r);
	map_clear(&w->map);
	w->map = map;
	return live_show(&w->live);
}

static int ask(void *userdata)
{
	_cleanup_message_ sd_bus_message *call = NULL;
	struct watch *w = userdata;
	struct ctl *ctl = w->live.ctl;
	int r;

	if (w->asking)
		return 0;
	r = new_map_call(ctl, w->path, &call);
	if (r >= 0)
		r = sd_bus_call_async(ctl->bus, NULL, call, on_map, w, BUS_MAP_TIMEOUT_USEC);
	if (r >= 0)
		w->asking = true;
	return r;
}

static int draw(void *userdata, FILE *f)
{
	struct watch *w = userdata;
	char clock[16];
	struct map_view v = {
		.machine = w->live.machine,
		.map = &w->map.map,
		.width = w->live.columns,
		.rows = w->live.rows,
		.colours = w->live.ctl->colours,
		.interactive = w->live.interactive,
		.message = w->live.message,
		.clock = clock,
	};

	live_clock(clock);
	return map_draw(f, &v);
}

static int print_json(void *userdata)
{
	struct watch *w = userdata;

	return json_print_map(w->live.machine, &w->map.map);
}

static bool keys(void *userdata, const char *typed)
{
	return strpbrk(typed, "qQ");
}

static void watch_clear(struct watch *w)
{
	live_close(&w->live);
	map_clear(&w->map);
}

static int show_on(struct ctl *ctl, const char *name, const char *path)
{
	static const struct live_ops ops = { ask, draw, print_json, keys };
	_cleanup_(watch_clear) struct watch w = {
		.live = { .ctl = ctl, .ops = &ops, .machine = name },
		.path = path,
	};
	int r;

	w.live.userdata = &w;
	r = live_open(&w.live);
	if (r >= 0)
		r = live_run(&w.live);
	return r < 0 ? ctl_errno(r, "cannot watch kvm-balloond") : r;
}

int ctl_verb_map(struct ctl *ctl, int n, char **operands)
{
	_cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_free_ char *path = NULL;
	int r;

	if (ctl->svg && (ctl->watch || ctl->json))
		return ctl_error(CTL_USAGE, "--svg excludes --watch and --json");
	r = bus_machine_path(ctl, operands[0], &path, &error);
	if (r < 0)
		return bus_failed(ctl, &error, r, operands[0]);
	return ctl->watch ? show_on(ctl, operands[0], path) : show_once(ctl, operands[0], path);
}
