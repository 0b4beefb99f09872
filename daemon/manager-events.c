/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine did becomes D-Bus signals, journal entries and the status line.
 */
#include "manager.h"

#include <errno.h>
#include <inttypes.h>

#include "util.h"

/* How long libvirt may take to answer at the start before that is worth an entry. */
#define CONNECT_USEC (5 * USEC_PER_SEC)

static bool is_told(const char *const *changes, const char *property)
{
	while (*changes && !streq(*changes, property))
		changes++;
	return *changes;
}

/* Once, until it is another one. */
static void tell_policy_error(const struct machine *machine, const char *const *changes)
{
	if (machine->seen.policy_error[0] && is_told(changes, "PolicyError"))
		journal_log(JOURNAL_POLICY_FAULT, machine->name, "%s: %s", machine->name,
			    machine->seen.policy_error);
}

/*
 * Once each time that there are more: memory of the guest is lost, and whoever touches it ends. A
 * store that has gone, or cannot be read for a while, says nothing; one that counts less is new.
 */
static void tell_integrity(struct machine *machine)
{
	uint64_t now = machine->seen.integrity_failures, before = machine->integrity_failures;

	if (now == KVMB_UNKNOWN)
		return;
	machine->integrity_failures = now;
	if (now < before)
		before = 0;
	if (now > before)
		journal_log(JOURNAL_INTEGRITY, machine->name,
			    "%s: memory in its store could not be read back as it was (%" PRIu64
			    " times more); whoever touches it gets SIGBUS",
			    machine->name, now - before);
}

static void machine_tell(struct manager *m, struct machine *machine)
{
	enum kvmb_why before = machine->seen.degraded;
	const char *changes[MACHINE_CHANGES_MAX];

	if (machine_changes(m->engine, machine, changes) == 0)
		return;
	bus_machine_changed(m, machine, changes);
	tell_policy_error(machine, changes);
	tell_integrity(machine);
	if (before == machine->seen.degraded)
		return;
	if (machine->seen.degraded != KVMB_WHY_NONE)
		journal_log(JOURNAL_DEGRADED, machine->name, "%s: %s", machine->name,
			    kvmb_why_to_sentence(machine->seen.degraded));
	else
		journal_log(JOURNAL_RECOVERED, machine->name, "%s: actions have an effect again",
			    machine->name);
}

static void on_added(void *userdata, const char *name)
{
	struct manager *m = userdata;
	const char *changes[MACHINE_CHANGES_MAX];
	struct machine *machine;
	int r = machines_add(&m->machines, name, &machine);

	if (r < 0 && r != -EEXIST)
		journal_log(JOURNAL_BUS, name, "%s cannot be shown on D-Bus: %s", name,
			    strerror(-r));
	if (r < 0)
		return;
	/* InterfacesAdded tells all values: what is seen now is not a change. */
	if (machine_changes(m->engine, machine, changes) > 0)
		tell_policy_error(machine, changes);
	tell_integrity(machine);
	bus_machine_added(m, machine);
}

static void on_removed(void *userdata, const char *name)
{
	struct manager *m = userdata;
	const struct machine *machine = machines_find(&m->machines, name);

	if (!machine)
		return;
	bus_machine_removed(m, machine);
	bus_map_done(m, name, NULL, -ENOENT);
	machines_remove(&m->machines, name);
}

static void on_changed(void *userdata, const char *name)
{
	struct manager *m = userdata;
	struct machine *machine = machines_find(&m->machines, name);

	m->state_file.dirty = true;
	if (machine)
		machine_tell(m, machine);
}

static void on_result(void *userdata, const struct kvmb_result *result)
{
	struct manager *m = userdata;

	m->state_file.dirty = true;
	journal_action(&m->action_budget, result, now_ns());
	bus_action_done(m, result);
}

static void on_persisted(void *userdata, const struct kvmb_persist *answer)
{
	bus_persisted(userdata, answer);
}

static void on_map(void *userdata, const char *name, const struct kvmb_map *map, int error)
{
	bus_map_done(userdata, name, map, error);
}

/* Without the disk's word for it: what must be outlived is our death, not the host's. */
static int on_persist(void *userdata, const struct kvmb_state *state)
{
	return manager_save_state(userdata, state, false);
}

static void on_decided(void *userdata, const struct kvmb_record *tick)
{
	recorders_write(&((struct manager *)userdata)->recorders, tick);
}

const struct kvmb_engine_callbacks manager_engine_callbacks = {
	.result = on_result,
	.guest_added = on_added,
	.guest_removed = on_removed,
	.guest_changed = on_changed,
	.guest_map = on_map,
	.persisted = on_persisted,
	.persist = on_persist,
	.decided = on_decided,
};

static void tell_level(struct manager *m, const struct kvmb_host_status *s)
{
	char available[SIZE_TEXT_SIZE], total[SIZE_TEXT_SIZE];

	if (s->level == m->level || !s->sample)
		return;
	journal_log(JOURNAL_LEVEL, NULL, "Memory level %s, was %s: %s of %s available",
		    kvmb_level_to_string(s->level), kvmb_level_to_string(m->level),
		    size_text(available, s->sample->host.available_bytes),
		    size_text(total, s->sample->host.total_bytes));
	m->level = s->level;
}

/* Once, until they fit again. */
static void tell_guarantees(struct manager *m, const struct kvmb_host_status *s)
{
	char guaranteed[SIZE_TEXT_SIZE], total[SIZE_TEXT_SIZE];
	bool over = s->sample && s->guaranteed_bytes > s->sample->host.total_bytes;

	if (over && !m->over_guaranteed)
		journal_log(JOURNAL_GUARANTEES, NULL,
			    "%s are guaranteed to guests together, the host has %s: not all of it "
			    "can be kept",
			    size_text(guaranteed, s->guaranteed_bytes),
			    size_text(total, s->sample->host.total_bytes));
	m->over_guaranteed = over;
}

static void tell_alarm(struct manager *m, const struct kvmb_host_status *s)
{
	bool alarm = s->alarm && *s->alarm;

	if (alarm == m->alarm)
		return;
	if (alarm)
		journal_log(JOURNAL_ALARM, NULL, "The host runs out of memory: %s", s->alarm);
	else
		journal_log(JOURNAL_ALARM_OVER, NULL,
			    "The alarm is over: the host has memory, or it can be taken again");
	m->alarm = alarm;
}

/* What becomes of it where it is wanted; that it is off or not needed is no news. */
static void tell_ksm(struct manager *m, const struct kvmb_host_status *s)
{
	bool news = s->ksm >= KVMB_KSM_PAUSED || m->ksm == KVMB_KSM_RUNNING;
	const char *now = kvmb_ksm_state_to_string(s->ksm);

	if (s->ksm == m->ksm)
		return;
	m->ksm = s->ksm;
	if (!news)
		return;
	if (s->ksm == KVMB_KSM_OTHERS)
		journal_log(JOURNAL_KSM, NULL, "KSM is set by somebody else and left alone");
	else if (s->ksm_error)
		journal_log(JOURNAL_KSM, NULL, "KSM cannot be set: %s", strerror(-s->ksm_error));
	else
		journal_log(JOURNAL_KSM, NULL, "KSM %s: %s", now, s->ksm_reason);
}

static void tell_connection(struct manager *m, const struct kvmb_host_status *s)
{
	/* A first attempt that is still under way is no news. */
	bool waits = !s->connected && !m->waiting_told &&
		     now_usec() - m->started_usec >= CONNECT_USEC;

	if (s->connected == m->connected && !waits)
		return;
	if (s->connected)
		journal_log(JOURNAL_CONNECTED, NULL, "Connected to libvirt");
	else
		journal_log(JOURNAL_DISCONNECTED, NULL,
			    "Not connected to libvirt: %s; guests are left as they are",
			    s->error[0] ? s->error : "the connection is gone");
	m->connected = s->connected;
	m->waiting_told = !s->connected;
}

static void host_tell(struct manager *m)
{
	const char *changes[HOST_CHANGES_MAX];
	struct host_view now, before = m->host;

	if (host_view_fill(m->engine, &m->config->host, &m->machines, &now) < 0)
		return; /* no memory: the old figures stay for a turn */
	m->host = now;
	m->host.absent = TAKE_PTR(before.absent);
	if (host_view_changes(&before, &now, changes) > 0)
		bus_host_changed(m, changes);
	host_view_clear(&before);
}

/* One entry for a guest, as long as it stays away; both lists are ordered. */
static void tell_absent(char **before, char **now)
{
	for (; *now; now++) {
		while (before && *before && strcmp(*before, *now) < 0)
			before++;
		if (!before || !*before || !streq(*before, *now))
			journal_log(JOURNAL_ABSENT, *now,
				    "There is a section for guest %s, which does not exist", *now);
	}
}

void manager_ticked(struct manager *m)
{
	const char *change[] = { "AbsentMachines", NULL };
	char **now;

	manager_turned(m);
	map_calls_expire(&m->bus.maps, now_usec());
	if (host_list_absent(m->engine, &now) < 0)
		return; /* no memory: the old list stays for a tick */
	if (strv_equal(m->host.absent, now)) {
		strv_free(now);
		return;
	}
	tell_absent(m->host.absent, now);
	strv_free(m->host.absent);
	m->host.absent = now;
	bus_host_changed(m, change);
}

void manager_turned(struct manager *m)
{
	struct kvmb_host_status status;

	for (size_t i = 0; i < m->machines.n; i++)
		machine_tell(m, m->machines.table[i]);
	host_tell(m);
	bus_reservations_tell(m);
	kvmb_engine_host_status(m->engine, &status);
	tell_level(m, &status);
	tell_guarantees(m, &status);
	tell_alarm(m, &status);
	tell_ksm(m, &status);
	tell_connection(m, &status);
	if (m->stopping)
		manager_stop_step(m);
	else
		notify_status(&m->notify, &status, m->machines.n);
}

void manager_policy_changed(struct manager *m, struct machine *machine, uid_t caller)
{
	journal_log(JOURNAL_POLICY_SET, machine->name, "%s: policy changed over D-Bus by user %u",
		    machine->name, (unsigned int)caller);
	machine_tell(m, machine);
}
