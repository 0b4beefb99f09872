// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * top: asks the daemon every few seconds and shows a frame. Questions are asynchronous, so keys,
 * resizing and signals are served while a slow daemon is waited for.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-event.h>

#include "bus.h"
#include "json.h"
#include "term.h"
#include "top.h"
#include "util.h"

/* Shorter than elsewhere: somebody looks at figures that grow old. */
#define ANSWER_USEC (5 * 1000000ULL)

struct top {
	struct ctl *ctl;
	sd_event *event;
	sd_event_source *timer;
	struct screen screen;
	struct top_view view;
	struct manager manager;   /* of the frame that is being asked for */
	struct machines machines;
	unsigned int frames;      /* shown */
	unsigned int pending;     /* answers that are still out */
	bool interactive;
	bool complete;            /* no answer of this frame was an error */
};

static uint64_t now_usec(clockid_t clock)
{
	struct timespec t = { 0 };

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- Showing ------------------------------------------------------------------------------ */

static void measure(struct top *top)
{
	unsigned int columns, rows;

	term_size(&columns, &rows);
	top->view.width = columns ?: 80;
	top->view.rows = 0;
	if (top->interactive)
		top->view.rows = rows > TOP_FRAME_LINES ? rows - TOP_FRAME_LINES : 1;
}

static void stamp(struct top_view *v)
{
	time_t now = (time_t)(now_usec(CLOCK_REALTIME) / 1000000);
	struct tm tm = { 0 };

	v->now_usec = now_usec(CLOCK_MONOTONIC);
	(void)localtime_r(&now, &tm);
	(void)strftime(v->clock, sizeof(v->clock), "%H:%M:%S", &tm);
}

static int draw_interactive(struct top *top)
{
	_cleanup_free_ char *text = NULL;
	unsigned int columns, rows;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int r;

	if (!f)
		return -ENOMEM;
	r = top_draw(f, &top->view);
	if (fclose(f) != 0)
		r = -ENOMEM;
	if (r < 0)
		return r;
	if (!top->screen.taken)
		screen_enter(&top->screen);
	term_size(&columns, &rows);
	return screen_show(text, rows);
}

static int draw(struct top *top)
{
	int r;

	measure(top);
	stamp(&top->view);
	if (top->interactive)
		return draw_interactive(top);
	if (top->ctl->json)
		return json_print_frame(&top->view.manager, &top->view.machines);
	if (top->frames)
		putchar('\n');
	r = top_draw(stdout, &top->view);
	return fflush(stdout) == 0 ? r : -EIO;
}

static int end(struct top *top, int status)
{
	return sd_event_exit(top->event, status);
}

static int redraw(struct top *top)
{
	int r = draw(top);

	return r < 0 ? end(top, CTL_FAILED) : 0;
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
	top->view.message[0] = '\0';
	top_actions_prune(&top->view.actions, &top->view.machines);
}

static int show_frame(struct top *top)
{
	int r;

	take_over(top);
	r = draw(top);
	if (r < 0)
		return end(top, CTL_FAILED);
	top->frames++;
	if (top->ctl->frames && top->frames >= top->ctl->frames)
		return end(top, CTL_OK);
	return 0;
}

/* What a person at the screen is told; the details are for those who can scroll. */
static const char *message_for(const sd_bus_error *error)
{
	if (sd_bus_error_has_names(error, "org.freedesktop.DBus.Error.ServiceUnknown",
				   "org.freedesktop.DBus.Error.NameHasNoOwner"))
		return "kvm-balloond is not running; waiting for it";
	if (sd_bus_error_has_names(error, "org.freedesktop.DBus.Error.NoReply",
				   "org.freedesktop.DBus.Error.Timeout"))
		return "kvm-balloond does not answer; the figures are old";
	return error->message ?: "kvm-balloond gave no sensible answer";
}

/* Before the first frame and in scripts an error ends top; on a screen it is waited out. */
static int show_error(struct top *top, const sd_bus_error *error, int r)
{
	if (!top->screen.taken || r == -ECONNRESET || r == -ENOTCONN) {
		screen_leave(&top->screen);
		return end(top, bus_failed(top->ctl, error, r, NULL));
	}
	snprintf(top->view.message, sizeof(top->view.message), "%s", message_for(error));
	return redraw(top);
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
		return first ? show_error(top, error ?: &none,
					  error ? -sd_bus_message_get_errno(m) : r) : 0;
	}
	return top->pending == 0 && top->complete ? show_frame(top) : 0;
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

static int ask(struct top *top)
{
	_cleanup_message_ sd_bus_message *properties = NULL, *objects = NULL;
	struct ctl *ctl = top->ctl;
	int r;

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

static int on_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct top *top = userdata;
	sd_bus_error none = SD_BUS_ERROR_NULL;
	int r = top->pending ? 0 : ask(top);

	if (r < 0)
		return show_error(top, &none, r);
	r = sd_event_source_set_time_relative(s, top->ctl->delay_usec);
	return r < 0 ? r : sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

static int on_action(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct top *top = userdata;
	struct action_event a;

	if (action_read(m, &a) >= 0)
		(void)top_actions_note(&top->view.actions, &a, now_usec(CLOCK_MONOTONIC));
	return 0;
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	sd_bus_error none = SD_BUS_ERROR_NULL;

	return show_error(userdata, &none, -ENOTCONN);
}

/* ---- Keys and signals --------------------------------------------------------------------- */

static int on_keys(sd_event_source *s, int fd, uint32_t events, void *userdata)
{
	struct top *top = userdata;
	char keys[64];
	ssize_t n = read(fd, keys, sizeof(keys) - 1);

	if (n <= 0)
		return n < 0 && errno == EINTR ? 0 : end(top, CTL_OK); /* the terminal is gone */
	keys[n] = '\0';
	if (top_keys(&top->view, keys) == TOP_QUIT)
		return end(top, CTL_OK);
	return top->screen.taken ? redraw(top) : 0;
}

static int on_signal(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
	struct top *top = userdata;

	if (si->ssi_signo == SIGTSTP) {
		screen_leave(&top->screen);
		raise(SIGSTOP);
		return redraw(top);
	}
	if (si->ssi_signo == SIGWINCH)
		return top->screen.taken ? redraw(top) : 0;
	return end(top, CTL_OK);
}

static int watch_signals(struct top *top)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP };
	size_t n = top->interactive ? ARRAY_SIZE(signals) : 2;
	sigset_t mask;
	int r = 0;

	sigemptyset(&mask);
	for (size_t i = 0; i < n; i++)
		sigaddset(&mask, signals[i]);
	if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
		return -errno;
	for (size_t i = 0; i < n && r >= 0; i++)
		r = sd_event_add_signal(top->event, NULL, signals[i], on_signal, top);
	return r;
}

static int watch_all(struct top *top)
{
	sd_bus *bus = top->ctl->bus;
	int r = watch_signals(top);

	if (r >= 0 && top->interactive && isatty(STDIN_FILENO))
		r = sd_event_add_io(top->event, NULL, STDIN_FILENO, EPOLLIN, on_keys, top);
	if (r >= 0)
		r = sd_event_add_time_relative(top->event, &top->timer, CLOCK_MONOTONIC, 0, 0,
					       on_timer, top);
	if (r >= 0)
		r = sd_bus_match_signal_async(bus, NULL, BUS_NAME, BUS_PATH, BUS_MANAGER,
					      "ActionDone", on_action, NULL, top);
	if (r >= 0)
		r = sd_bus_match_signal(bus, NULL, "org.freedesktop.DBus.Local",
					"/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
					"Disconnected", on_disconnected, top);
	return r < 0 ? r : sd_bus_attach_event(bus, top->event, 0);
}

static void top_clear(struct top *top)
{
	screen_leave(&top->screen);
	manager_clear(&top->manager);
	manager_clear(&top->view.manager);
	machines_clear(&top->machines);
	machines_clear(&top->view.machines);
	top_actions_clear(&top->view.actions);
	sd_bus_detach_event(top->ctl->bus);
	sd_event_source_unref(top->timer);
	sd_event_unref(top->event);
}

int ctl_verb_top(struct ctl *ctl, int n, char **operands)
{
	_cleanup_(top_clear) struct top top = { .ctl = ctl };
	int r = sd_event_new(&top.event);

	top.interactive = !ctl->json && !ctl->frames && term_can_address();
	top.view.interactive = top.interactive;
	top.view.colours = ctl->colours;
	if (r >= 0)
		r = watch_all(&top);
	if (r >= 0)
		r = sd_event_loop(top.event);
	screen_leave(&top.screen);
	return r < 0 ? ctl_errno(r, "cannot watch kvm-balloond") : r;
}
