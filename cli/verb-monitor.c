// SPDX-License-Identifier: GPL-2.0-or-later
/* monitor: what the daemon signals, a line each, until Ctrl-C or the daemon ends. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-event.h>

#include "action.h"
#include "bus.h"
#include "figure.h"
#include "json.h"
#include "note.h"
#include "text.h"
#include "util.h"

#define BUS_DRIVER "org.freedesktop.DBus"

struct monitor {
	struct ctl *ctl;
	sd_event *event;
};

static uint64_t now_usec(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* "HH:MM:SS  machine  text" */
static void print_line(const char *machine, const char *text)
{
	_cleanup_free_ char *name = text_escape(machine ?: "-", ""), *safe = text_escape(text, "");
	time_t now = (time_t)(now_usec() / 1000000);
	struct tm tm = { 0 };
	char clock[16] = "";

	(void)localtime_r(&now, &tm);
	(void)strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	printf("%s  %-16s  %s\n", clock, name ?: "", safe ?: "");
	fflush(stdout);
}

/* What there is to say of its end, after the figures; "" if all went well. */
static const char *describe_end(const struct action_event *a, const char **ret_intro)
{
	enum action_end end = action_end(a);

	*ret_intro = end == ACTION_FAILED ? "; failed: " : "; ";
	if (note_is(a->why))
		return note_sentence(a->why);
	if (end == ACTION_EARLY)
		return "ended early";
	if (end == ACTION_FAILED)
		return strerror(-a->error);
	*ret_intro = "";
	return "";
}

static void print_action(const struct action_event *a)
{
	_cleanup_free_ char *text = NULL;
	const char *intro, *end = describe_end(a, &intro);
	int n;

	n = asprintf(&text, "%s (%s): asked %s, got %s, net %s%s%s%s%s", a->kind, a->rule,
		     figure_size(a->asked_bytes).text, figure_size(a->got_bytes).text,
		     figure_net(a->net_bytes).text, intro, end, *a->reason ? ": " : "", a->reason);
	if (n < 0)
		text = NULL;
	else
		print_line(a->machine, text);
}

static int on_action(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct monitor *monitor = userdata;
	struct action_event a;
	int r = action_read(m, &a);

	if (r < 0)
		return 0; /* not what it should be: nothing to show */
	if (!monitor->ctl->json)
		print_action(&a);
	else if (json_print_action(now_usec(), &a) < 0)
		return sd_event_exit(monitor->event, CTL_FAILED);
	return 0;
}

/* A property's value as a person reads it; NULL for one that has no short form. */
static char *format_field(const struct field *f, const void *object)
{
	const void *p = field_at(f, object);

	switch (f->kind) {
	case FIELD_TEXT:
		return strdup(*(char *const *)p);
	case FIELD_SIZE:
		return strdup(figure_size(*(const uint64_t *)p).text);
	case FIELD_COUNT:
		return strdup(figure_count(*(const uint64_t *)p, 20).text);
	case FIELD_USEC:
		return strdup(figure_usec(*(const uint64_t *)p).text);
	case FIELD_NET:
		return strdup(figure_net(*(const int64_t *)p).text);
	case FIELD_NUMBER:
		return strdup(figure_count(*(const uint32_t *)p, 20).text);
	case FIELD_RATIO:
		return strdup(figure_ratio(*(const uint32_t *)p).text);
	case FIELD_FLAG:
		return strdup(*(const bool *)p ? "yes" : "no");
	case FIELD_TEXTS:
	case FIELD_SOURCES:
	case FIELD_RESERVATIONS:
		break;
	}
	return NULL;
}

static void put_texts(FILE *f, char *const *texts)
{
	if (!*texts)
		fputs("none", f);
	for (; *texts; texts++)
		fprintf(f, "%s%s", *texts, texts[1] ? ", " : "");
}

static void print_change(const char *machine, const struct fields *t, const void *object,
			 uint64_t seen)
{
	for (size_t i = 0; i < t->n; i++) {
		_cleanup_free_ char *value = NULL, *text = NULL;
		const struct field *field = &t->table[i];
		size_t size;
		FILE *f;

		if (!(seen & UINT64_C(1) << i) || field->kind == FIELD_SOURCES)
			continue;
		f = open_memstream(&text, &size);
		if (!f)
			return;
		value = format_field(field, object);
		fprintf(f, "%s is now ", field->name);
		if (field->kind == FIELD_TEXTS)
			put_texts(f, *(char *const *const *)field_at(field, object));
		else
			fputs(value && *value ? value : "none", f);
		if (fclose(f) == 0)
			print_line(machine, text);
	}
}

static int show_change(struct monitor *monitor, sd_bus_message *m, const struct fields *t,
		       const char *machine)
{
	const struct json_event event = { now_usec(), "PropertiesChanged", machine };
	union { struct manager manager; struct machine machine; } object;
	uint64_t seen = 0;
	int r = fields_init(t, &object);

	if (r >= 0)
		r = fields_read(t, &object, m, &seen);
	if (r >= 0 && seen && monitor->ctl->json)
		r = json_print_change(&event, t, &object, seen);
	else if (r >= 0 && seen)
		print_change(machine, t, &object, seen);
	fields_clear(t, &object);
	return r == -EIO ? sd_event_exit(monitor->event, CTL_FAILED) : 0;
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	_cleanup_free_ char *machine = NULL;
	const char *interface;
	int r = sd_bus_message_read(m, "s", &interface);

	if (r < 0)
		return 0;
	if (strcmp(interface, BUS_MANAGER) == 0)
		return show_change(userdata, m, &manager_fields, NULL);
	if (strcmp(interface, BUS_MACHINE) != 0 ||
	    sd_bus_path_decode(sd_bus_message_get_path(m), BUS_MACHINE_PATH, &machine) <= 0)
		return 0;
	return show_change(userdata, m, &machine_fields, machine);
}

static int show_object(struct monitor *monitor, sd_bus_message *m, const char *signal,
		       const char *what)
{
	struct json_event event = { now_usec(), signal, NULL };
	_cleanup_free_ char *machine = NULL;
	const char *path;
	int r = sd_bus_message_read(m, "o", &path);

	if (r < 0 || sd_bus_path_decode(path, BUS_MACHINE_PATH, &machine) <= 0)
		return 0;
	event.machine = machine;
	if (!monitor->ctl->json)
		print_line(machine, what);
	else if (json_print_event(&event) < 0)
		return sd_event_exit(monitor->event, CTL_FAILED);
	return 0;
}

static int on_added(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return show_object(userdata, m, "InterfacesAdded", "appeared");
}

static int on_removed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return show_object(userdata, m, "InterfacesRemoved", "is gone");
}

static int on_owner(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct monitor *monitor = userdata;
	const char *name, *before, *after;
	int r = sd_bus_message_read(m, "sss", &name, &before, &after);

	if (r < 0 || strcmp(name, BUS_NAME) != 0 || *after)
		return 0;
	return sd_event_exit(monitor->event,
			     ctl_error(CTL_NO_DAEMON, "kvm-balloond has ended"));
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct monitor *monitor = userdata;

	return sd_event_exit(monitor->event,
			     ctl_error(CTL_NO_DAEMON, "the bus has closed the connection"));
}

static int subscribe(struct monitor *monitor)
{
	static const struct {
		const char *sender, *path, *interface, *member;
		sd_bus_message_handler_t handler;
	} signals[] = {
		{ BUS_NAME, BUS_PATH, BUS_MANAGER, "ActionDone", on_action },
		{ BUS_NAME, NULL, BUS_PROPERTIES, "PropertiesChanged", on_changed },
		{ BUS_NAME, BUS_PATH, BUS_OBJECTS, "InterfacesAdded", on_added },
		{ BUS_NAME, BUS_PATH, BUS_OBJECTS, "InterfacesRemoved", on_removed },
		{ BUS_DRIVER, "/org/freedesktop/DBus", BUS_DRIVER, "NameOwnerChanged", on_owner },
		{ "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
		  "org.freedesktop.DBus.Local", "Disconnected", on_disconnected },
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(signals) && r >= 0; i++)
		r = sd_bus_match_signal(monitor->ctl->bus, NULL, signals[i].sender, signals[i].path,
					signals[i].interface, signals[i].member, signals[i].handler,
					monitor);
	return r;
}

static int on_signal(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
	return sd_event_exit(sd_event_source_get_event(s), CTL_OK);
}

static int block_and_watch(sd_event *event)
{
	sigset_t mask;
	int r;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
		return -errno;
	r = sd_event_add_signal(event, NULL, SIGINT, on_signal, NULL);
	return r < 0 ? r : sd_event_add_signal(event, NULL, SIGTERM, on_signal, NULL);
}

int ctl_verb_monitor(struct ctl *ctl, int n, char **operands)
{
	_cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_event_unrefp) sd_event *event = NULL;
	_cleanup_(manager_clear) struct manager m = { 0 };
	struct monitor monitor = { ctl };
	int r = sd_event_new(&event);

	monitor.event = event;
	if (r >= 0)
		r = subscribe(&monitor);
	/* Asked after the subscription: a daemon that ends in between is noticed. */
	if (r >= 0)
		r = bus_get_manager(ctl, &m, &error);
	if (r < 0)
		return bus_failed(ctl, &error, r, NULL);
	r = block_and_watch(event);
	if (r >= 0)
		r = sd_bus_attach_event(ctl->bus, event, 0);
	if (r < 0)
		return ctl_errno(r, "cannot watch the bus");
	fprintf(stderr, "Watching kvm-balloond %s; Ctrl-C ends.\n", m.version);
	r = sd_event_loop(event);
	sd_bus_detach_event(ctl->bus);
	return r < 0 ? ctl_errno(r, "cannot watch the bus") : r;
}
