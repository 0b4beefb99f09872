// SPDX-License-Identifier: GPL-2.0-or-later
/* The loop, the screen, keys and signals of what is shown again and again. */
#include "live.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "bus.h"
#include "util.h"

void live_clock(char ret[static 16])
{
	time_t now = time(NULL);
	struct tm tm = { 0 };

	(void)localtime_r(&now, &tm);
	(void)strftime(ret, 16, "%H:%M:%S", &tm);
}

static int draw_interactive(struct live *l)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int r;

	if (!f)
		return -ENOMEM;
	r = l->ops->draw(l->userdata, f);
	if (fclose(f) != 0)
		r = -ENOMEM;
	if (r < 0)
		return r;
	if (!l->screen.taken)
		screen_enter(&l->screen);
	return screen_show(text, l->rows);
}

static int draw(struct live *l)
{
	int r;

	term_size(&l->columns, &l->rows);
	l->columns = l->columns ?: 80;
	if (l->interactive)
		return draw_interactive(l);
	l->rows = 0;
	if (l->ctl->json)
		return l->ops->print_json(l->userdata);
	if (l->frames)
		putchar('\n');
	r = l->ops->draw(l->userdata, stdout);
	return fflush(stdout) == 0 ? r : -EIO;
}

static int end(struct live *l, int status)
{
	return sd_event_exit(l->event, status);
}

static int redraw(struct live *l)
{
	int r = draw(l);

	return r < 0 ? end(l, CTL_FAILED) : 0;
}

int live_show(struct live *l)
{
	int r;

	l->message[0] = '\0';
	r = draw(l);
	if (r < 0)
		return end(l, CTL_FAILED);
	l->frames++;
	if (l->ctl->frames && l->frames >= l->ctl->frames)
		return end(l, CTL_OK);
	return 0;
}

/* What a person at the screen is told; the details are for those who can scroll. */
static const char *message_for(const sd_bus_error *e)
{
	if (sd_bus_error_has_names(e, "org.freedesktop.DBus.Error.ServiceUnknown",
				   "org.freedesktop.DBus.Error.NameHasNoOwner"))
		return "kvm-balloond is not running; waiting for it";
	if (sd_bus_error_has_names(e, "org.freedesktop.DBus.Error.NoReply",
				   "org.freedesktop.DBus.Error.Timeout"))
		return "kvm-balloond does not answer; the figures are old";
	return e->message ?: "kvm-balloond gave no sensible answer";
}

int live_fail(struct live *l, const sd_bus_error *e, int r)
{
	/* Before the first frame and in scripts an error is the end. */
	if (!l->screen.taken || r == -ECONNRESET || r == -ENOTCONN) {
		screen_leave(&l->screen);
		return end(l, bus_failed(l->ctl, e, r, l->machine));
	}
	snprintf(l->message, sizeof(l->message), "%s", message_for(e));
	return redraw(l);
}

static int on_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct live *l = userdata;
	sd_bus_error none = SD_BUS_ERROR_NULL;
	int r = l->ops->ask(l->userdata);

	if (r < 0)
		return live_fail(l, &none, r);
	r = sd_event_source_set_time_relative(s, l->ctl->delay_usec);
	return r < 0 ? r : sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	sd_bus_error none = SD_BUS_ERROR_NULL;

	return live_fail(userdata, &none, -ENOTCONN);
}

static int on_keys(sd_event_source *s, int fd, uint32_t events, void *userdata)
{
	struct live *l = userdata;
	char keys[64];
	ssize_t n = read(fd, keys, sizeof(keys) - 1);

	if (n <= 0)
		return n < 0 && errno == EINTR ? 0 : end(l, CTL_OK); /* the terminal is gone */
	keys[n] = '\0';
	if (l->ops->keys(l->userdata, keys))
		return end(l, CTL_OK);
	return l->screen.taken ? redraw(l) : 0;
}

static int on_signal(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
	struct live *l = userdata;

	if (si->ssi_signo == SIGTSTP) {
		bool shown = l->screen.taken;

		screen_leave(&l->screen);
		raise(SIGSTOP);
		return shown ? redraw(l) : 0;
	}
	if (si->ssi_signo == SIGWINCH)
		return l->screen.taken ? redraw(l) : 0;
	return end(l, CTL_OK);
}

static int watch_signals(struct live *l)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP };
	size_t n = l->interactive ? ARRAY_SIZE(signals) : 2;
	sigset_t mask;
	int r = 0;

	sigemptyset(&mask);
	for (size_t i = 0; i < n; i++)
		sigaddset(&mask, signals[i]);
	if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
		return -errno;
	for (size_t i = 0; i < n && r >= 0; i++)
		r = sd_event_add_signal(l->event, NULL, signals[i], on_signal, l);
	return r;
}

int live_open(struct live *l)
{
	sd_bus *bus = l->ctl->bus;
	int r = sd_event_new(&l->event);

	l->interactive = !l->ctl->json && !l->ctl->frames && term_can_address();
	if (r >= 0)
		r = watch_signals(l);
	if (r >= 0 && l->interactive && isatty(STDIN_FILENO))
		r = sd_event_add_io(l->event, NULL, STDIN_FILENO, EPOLLIN, on_keys, l);
	if (r >= 0)
		r = sd_event_add_time_relative(l->event, &l->timer, CLOCK_MONOTONIC, 0, 0,
					       on_timer, l);
	if (r >= 0)
		r = sd_bus_match_signal(bus, NULL, "org.freedesktop.DBus.Local",
					"/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
					"Disconnected", on_disconnected, l);
	return r < 0 ? r : sd_bus_attach_event(bus, l->event, 0);
}

int live_run(struct live *l)
{
	int r = sd_event_loop(l->event);

	screen_leave(&l->screen);
	return r;
}

void live_close(struct live *l)
{
	screen_leave(&l->screen);
	sd_bus_detach_event(l->ctl->bus);
	sd_event_source_unref(l->timer);
	sd_event_unref(l->event);
}
