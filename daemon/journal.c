/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Journal entries: one table of kinds, one way out.
 */
#include "journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>

/* Where in our source an entry came from is of no use to its reader. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "util.h"

/* Checked against data/kvm-balloond.catalog by tests/bus/test-catalog.sh. */
static const struct {
	int priority;
	const char *id;
} events[JOURNAL_EVENTS] = {
	[JOURNAL_STARTED] = { LOG_INFO, "66ded38d60f7433d996ed4a1b1e01f4b" },
	[JOURNAL_CONFIG_FAULT] = { LOG_ERR, "1e4ab95f3efd415dafa279b7a9d4d22f" },
	[JOURNAL_HOST_UNFIT] = { LOG_ERR, "55441bc5cf5d4c51b3e9b78ae1f7f85d" },
	[JOURNAL_FAILED] = { LOG_ERR, "be6bff4be851427b931dc8603423a033" },
	[JOURNAL_RELOADED] = { LOG_NOTICE, "63885041958940969e44113421d72ca4" },
	[JOURNAL_RELOAD_REFUSED] = { LOG_ERR, "380939637be74c9ba9f44c3c256b7c94" },
	[JOURNAL_POLICY_SET] = { LOG_NOTICE, "9474c3526f4c4f2fb1c873deac40d50a" },
	[JOURNAL_POLICY_FAULT] = { LOG_WARNING, "0e91f26ab7a74def9b9b7ccdf87aaf24" },
	[JOURNAL_RESERVATION] = { LOG_INFO, "0b14bb2237764565b98cebfa58ed88ac" },
	[JOURNAL_LEVEL] = { LOG_NOTICE, "50b2486969e8435b8099cabaab97d1df" },
	[JOURNAL_ALARM] = { LOG_ALERT, "7f0f3d1e6c4b4d0f9a2e5b8c1d7a6e93" },
	[JOURNAL_ALARM_OVER] = { LOG_NOTICE, "c2b1a9d84e5f4c37b60d9e12f8a3754b" },
	[JOURNAL_KSM] = { LOG_NOTICE, "451e4bd473064eb08a5e1c8bca9cd1fc" },
	[JOURNAL_CONNECTED] = { LOG_INFO, "b5c37428b524430cb0fccb677e1ac641" },
	[JOURNAL_DISCONNECTED] = { LOG_WARNING, "17a9c1b598de4d92abdb5b2f847c0cea" },
	[JOURNAL_ABSENT] = { LOG_WARNING, "1216d382224e4d05b9414f854e838502" },
	[JOURNAL_GUARANTEES] = { LOG_WARNING, "0d6f3b52a7c94b0e8e8d4f6a51c2b973" },
	[JOURNAL_ACTION] = { LOG_INFO, "30c99c0c40bf4621a0cd6d31bc7ea93f" },
	[JOURNAL_ACTION_FAILED] = { LOG_WARNING, "9f481f5175e04d898bb75a4fc8fc2e43" },
	[JOURNAL_ACTIONS_HIDDEN] = { LOG_INFO, "10848f2904a44f4fb523957049401428" },
	[JOURNAL_DEGRADED] = { LOG_WARNING, "f16f6e4025dc4c9a8a748af37345dcce" },
	[JOURNAL_RECOVERED] = { LOG_NOTICE, "e3a27539c1914e5b8beeb76c1db6102a" },
	[JOURNAL_INTEGRITY] = { LOG_CRIT, "3f1b0c52a8e44d6f9d27c1e5b86a9074" },
	[JOURNAL_TURN_FAILED] = { LOG_ERR, "9157b255e79f4004a9f797f48b3a631b" },
	[JOURNAL_STATE_FAULT] = { LOG_WARNING, "5d86fcb5827e443b8e2b1facdad0e30c" },
	[JOURNAL_BUS] = { LOG_WARNING, "46d20ac418434f4ca8c8829858f25dc9" },
	[JOURNAL_RELEASED] = { LOG_NOTICE, "e28db359a1aa4a66b838423a07b91295" },
	[JOURNAL_RELEASE_INCOMPLETE] = { LOG_WARNING, "b49fa3c71262403d98b98d89be224f5c" },
};

#define FIELDS_MAX 24

struct entry {
	char text[4096];
	size_t used;
	struct iovec fields[FIELDS_MAX];
	size_t n_fields;
};

/* What does not fit is left out whole, but for the first field (the message), which is cut. */
__attribute__((format(printf, 2, 0))) static void entry_vadd(struct entry *e, const char *format,
							     va_list ap)
{
	size_t room = sizeof(e->text) - e->used;
	int n = vsnprintf(e->text + e->used, room, format, ap);

	if (n < 0 || e->n_fields >= FIELDS_MAX || ((size_t)n >= room && e->n_fields > 0))
		return;
	if ((size_t)n >= room)
		n = (int)room - 1;
	e->fields[e->n_fields++] = (struct iovec){ e->text + e->used, (size_t)n };
	e->used += (size_t)n + 1;
}

__attribute__((format(printf, 2, 3))) static void entry_add(struct entry *e, const char *format,
							    ...)
{
	va_list ap;

	va_start(ap, format);
	entry_vadd(e, format, ap);
	va_end(ap);
}

/* systemd tells with JOURNAL_STREAM which device and inode its pipe to the journal has. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	(void)snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return streq(stream, ours);
}

static void entry_send(struct entry *e, enum journal_event event, const char *machine)
{
	static const size_t skip = sizeof("MESSAGE=") - 1;

	if (!stderr_is_journal()) {
		fprintf(stderr, "kvm-balloond: %s\n", e->text + skip);
		return;
	}
	entry_add(e, "MESSAGE_ID=%s", events[event].id);
	entry_add(e, "PRIORITY=%i", events[event].priority);
	entry_add(e, "SYSLOG_IDENTIFIER=kvm-balloond");
	if (machine)
		entry_add(e, "KVMB_MACHINE=%s", machine);
	(void)sd_journal_sendv(e->fields, (int)e->n_fields);
}

void journal_log(enum journal_event event, const char *machine, const char *format, ...)
{
	struct entry e = { .used = 0 };
	char message[2048];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	entry_add(&e, "MESSAGE=%s", message);
	entry_send(&e, event, machine);
}

static void action_fields(struct entry *e, const struct kvmb_result *r)
{
	const struct kvmb_action *a = &r->action;

	entry_add(e, "KVMB_UUID=%s", a->uuid);
	entry_add(e, "KVMB_KIND=%s", kvmb_action_kind_to_string(a->kind));
	entry_add(e, "KVMB_RULE=%s", kvmb_rule_to_string(a->rule));
	entry_add(e, "KVMB_LEVEL=%s", kvmb_level_to_string(a->facts.level));
	entry_add(e, "KVMB_ASKED_BYTES=%" PRIu64, a->asked_bytes);
	entry_add(e, "KVMB_GOT_BYTES=%" PRIu64, r->got_bytes);
	entry_add(e, "KVMB_NET_BYTES=%" PRId64, r->net_bytes);
	entry_add(e, "KVMB_TARGET_BYTES=%" PRIu64, a->target_bytes);
	entry_add(e, "KVMB_DURATION_USEC=%" PRIu64, r->duration_usec);
	entry_add(e, "KVMB_WHY=%s", kvmb_why_to_string(r->why));
	entry_add(e, "KVMB_REASON=%s", a->reason);
	if (r->note[0])
		entry_add(e, "KVMB_NOTE=%s", r->note);
	if (a->kind == KVMB_ACTION_PAGEOUT)
		entry_add(e, "KVMB_BACKEND=%s", kvmb_backend_to_string(a->backend));
	if (r->error < 0)
		entry_add(e, "ERRNO=%i", -r->error);
}

/*
 * Ended by us, for the guest needs its memory itself or the agent stops; or by what an actuator saw
 * between its steps, after some were done.
 */
static bool ended_early(const struct kvmb_result *r)
{
	if (r->why != KVMB_WHY_NONE)
		return r->got_bytes > 0;
	return r->error == -ECANCELED;
}

static void action_message(struct entry *e, const struct kvmb_result *r)
{
	const struct kvmb_action *a = &r->action;
	const char *kind = kvmb_action_kind_to_string(a->kind);
	char asked[SIZE_TEXT_SIZE], got[SIZE_TEXT_SIZE];
	enum kvmb_why why = r->why;

	size_text(asked, a->asked_bytes);
	size_text(got, r->got_bytes);
	if (ended_early(r))
		entry_add(e, "MESSAGE=%s: %s ended early: asked %s, got %s: %s", a->name, kind,
			  asked, got, why == KVMB_WHY_NONE ? a->reason : kvmb_why_to_sentence(why));
	else if (why != KVMB_WHY_NONE)
		entry_add(e, "MESSAGE=%s: %s of %s not done: %s", a->name, kind, asked,
			  kvmb_why_to_sentence(why));
	else if (r->error < 0)
		entry_add(e, "MESSAGE=%s: %s of %s failed: %s", a->name, kind, asked,
			  strerror(-r->error));
	else
		entry_add(e, "MESSAGE=%s: %s: asked %s, got %s: %s", a->name, kind, asked, got,
			  a->reason);
}

static void action_send(const struct kvmb_result *r)
{
	/* A refusal at the last moment is the gate at work; only an error is worth a warning. */
	bool failed = r->error < 0 && r->why == KVMB_WHY_NONE && !ended_early(r);
	struct entry e = { .used = 0 };

	action_message(&e, r);
	action_fields(&e, r);
	entry_send(&e, failed ? JOURNAL_ACTION_FAILED : JOURNAL_ACTION, r->action.name);
}

/* journald's default is 10,000 entries in 30 s for a whole unit; we stay far below it. */
#define BUDGET_WINDOW_NS UINT64_C(10000000000)
#define BUDGET_ENTRIES 500U

void journal_action_budget(struct journal_budget *b, uint64_t now_ns)
{
	if (now_ns - b->window_ns < BUDGET_WINDOW_NS)
		return;
	if (b->hidden > 0)
		journal_log(JOURNAL_ACTIONS_HIDDEN, NULL,
			    "%u more actions were done that have no entry of their own", b->hidden);
	*b = (struct journal_budget){ .window_ns = now_ns };
}

void journal_action(struct journal_budget *b, const struct kvmb_result *result, uint64_t now_ns)
{
	journal_action_budget(b, now_ns);
	if (b->used >= BUDGET_ENTRIES) {
		b->hidden++;
		return;
	}
	b->used++;
	action_send(result);
}
