// SPDX-License-Identifier: GPL-2.0-or-later
/* top: asks the daemon every few seconds for the host and all machines, and shows a frame. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "bus.h"
#include "json.h"
#include "live.h"
#include "top.h"
#include "util.h"

/* Shorter than elsewhere: somebody looks at figures that grow old. */
#define ANSWER_USEC (5 * 1000000ULL)

struct top {
	struct live live;
	struct top_view view;
	struct manager manager;   /* of the frame that is being asked for */
	struct machines machines;
	unsigned int pending;     /* answers that are still out */
	bool complete;            /* no answer of this frame was an error */
};

static uint64_t now_usec(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- Showing ------------------------------------------------------------------------------ */

static int draw(void *userdata, FILE *f)
{
	struct top *top = userdata;
	struct top_view *v = &top->view;
	unsigned int rows = top->live.rows;

	v->width = top->live.columns;
	v->rows = 0;
	if (top->live.interactive)
		v->rows = rows > TOP_FRAME_LINES ? rows - TOP_FRAME_LINES : 1;
	v->now_usec = now_usec();
	live_clock(v->clock);
	v->message = top->live.message;
	return top_draw(f, v);
}

static int print_json(void *userdata)
{
	struct top *top = userdata;

	return json_print_frame(&top->view.manager, &top->view.machines);
}

static bool keys(void *userdata, const char *typed)
{
	return top_keys(&((struct top *)userdata)->view, typed) == TOP_QUIT;
}

/* ---- Asking ------------------------------------------------------------------------------- */

static void take_over(struct top *top)
{
	manager_clear(&top->view.manager);
	machines_clear(&top->view.machines);
	top->view.manager = top->manager;
	top->view.machines = top->machines;
	top->manager = (struct manager){ 0 };
	top->machines = (struct machines){ 0 };
	top_actions_prune(&top->view.actions, &top->view.machines);
}

/* An answer has come: the frame is shown when both are there. */
static int answered(struct top *top, sd_bus_message *m, int r)
{
	const sd_bus_error *error = sd_bus_message_get_error(m);
	sd_bus_error none = SD_BUS_ERROR_NULL;

	top->pending--;
	if (error || r < 0) {
		bool first = top->complete;

		top->complete = false;
		return first ? live_fail(&top->live, error ?: &none,
					 error ? -sd_bus_message_get_errno(m) : r) : 0;
	}
	if (top->pending > 0 || !top->complete)
		return 0;
	take_over(top);
	return live_show(&top->live);
}

static int on_manager(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct top *top = userdata;
	int r = 0;

	if (!sd_bus_message_is_method_error(m, NULL))
		r = fields_read(&manager_fields, &top->manager, m, NULL);
	return answered(top, m, r);
}

static int on_machines(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct top *top = userdata;
	int r = 0;

	if (!sd_bus_message_is_method_error(m, NULL))
		r = bus_read_machines(m, &top->machines);
	return answered(top, m, r);
}

static int ask(void *userdata)
{
	_cleanup_message_ sd_bus_message *properties = NULL, *objects = NULL;
	struct top *top = userdata;
	struct ctl *ctl = top->live.ctl;
	int r;

	if (top->pending)
		return 0;
	manager_clear(&top->manager);
	machines_clear(&top->machines);
	r = fields_init(&manager_fields, &top->manager);
	if (r >= 0)
		r = bus_new_get_all(ctl, BUS_PATH, BUS_MANAGER, &properties);
	if (r >= 0)
		r = bus_new_call(ctl, BUS_PATH, BUS_OBJECTS, "GetManagedObjects", &objects);
	if (r >= 0)
		r = sd_bus_call_async(ctl->bus, NULL, properties, on_manager, top, ANSWER_USEC);
	if (r >= 0) {
		top->complete = true;
		top->pending++;
		r = sd_bus_call_async(ctl->bus, NULL, objects, on_machines, top, ANSWER_USEC);
	}
	if (r >= 0)
		top->pending++;
	return r;
}

static int on_action(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct top *top = userdata;
	struct action_event a;

	if (action_read(m, &a) >= 0)
		(void)top_actions_note(&top->view.actions, &a, now_usec());
	return 0;
}

static void top_clear(struct top *top)
{
	live_close(&top->live);
	manager_clear(&top->manager);
	manager_clear(&top->view.manager);
	machines_clear(&top->machines);
	machines_clear(&top->view.machines);
	top_actions_clear(&top->view.actions);
}

int ctl_verb_top(struct ctl *ctl, int n, char **operands)
{
	static const struct live_ops ops = { ask, draw, print_json, keys };
	_cleanup_(top_clear) struct top top = { .live = { .ctl = ctl, .ops = &ops } };
	int r;

	top.live.userdata = &top;
	r = live_open(&top.live);
	top.view.interactive = top.live.interactive;
	top.view.colours = ctl->colours;
	if (r >= 0)
		r = sd_bus_match_signal_async(ctl->bus, NULL, BUS_NAME, BUS_PATH, BUS_MANAGER,
					      "ActionDone", on_action, NULL, &top);
	if (r >= 0)
		r = live_run(&top.live);
	return r < 0 ? ctl_errno(r, "cannot watch kvm-balloond") : r;
}
