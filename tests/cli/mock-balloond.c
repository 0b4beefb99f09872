// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A mock of kvm-balloond for what a terminal shows, and for nothing else: canned machines with
 * awkward names and states on a private bus, the errors and signals that kvm-balloonctl must know.
 * It decides nothing and measures nothing. Usage: mock-balloond ADDRESS [EXTRA-MACHINES]
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#include "mock-ages.h"

#define NAME "org.linux_kvm.Balloon1"
#define PATH "/org/linux_kvm/Balloon1"
#define MANAGER NAME ".Manager"
#define MACHINE NAME ".Machine"
#define ERROR NAME ".Error."
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)
#define UNKNOWN UINT64_MAX

struct guest {
	const char *name, *uuid, *state, *mode, *priority, *stats_status, *excluded, *degraded;
	const char *aging, *aging_reason, *policy_error;
	const char *backend, *backend_used, *backend_reason, *compressor;
	uint64_t far, same_filled, stored, pool, metadata, outs, faults, fetched, dropped, dense;
	uint64_t failures, p50, p99;
	uint64_t cold, cold_age, guarantee, limit, maximum, balloon, target, resident, swap;
	uint64_t unused, usable, caches, age, refaults, per_minute, oom_kills;
	uint64_t taken, given, actions;
	int64_t net;
	uint32_t pid, shares, ppm, some, full;
	int reporting, encrypted;
	char path[1024];
	sd_bus_slot *slot;
};

struct host {
	sd_bus *bus;
	const char *version, *mode, *level, *error, *trigger_error, *alarm, *ksm;
	uint64_t ksm_saved, need, spare, total, available, free, swap_total, swap_free, swap_ram;
	uint64_t far, far_pool;
	uint64_t oom_kills, ticks, triggers, reaction, taken, given, guaranteed, aging, cold;
	int64_t net;
	uint32_t some, full, n, skipped, ratio, advised, sure;
	const char *basis;
	int connected, dry_run;
	struct guest *guests;
};

#define LONG_NAME "long-" X50 X50 X50 X50 X50
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct guest canned[] = {
	{ .name = "web-01", .state = "running", .mode = "pressure", .stats_status = "none",
	  .excluded = "", .degraded = "", .guarantee = MIB(512), .limit = UNKNOWN,
	  .maximum = GIB(2), .balloon = MIB(1536), .target = MIB(1536), .resident = MIB(1229),
	  .swap = MIB(120), .unused = MIB(200), .usable = MIB(700), .caches = MIB(480),
	  .age = 1500000, .refaults = 40211, .per_minute = 12, .taken = GIB(3), .given = GIB(1),
	  .net = GIB(2), .actions = 57, .some = 34, .full = 3, .aging = "module",
	  .cold = MIB(312), .cold_age = 640000000, .reporting = 1,
	  .backend = "far", .backend_used = "far", .backend_reason = "configured",
	  .compressor = "lz4", .encrypted = 1, .far = MIB(400), .same_filled = MIB(90),
	  .stored = MIB(96), .pool = MIB(100), .metadata = MIB(6), .outs = 140000,
	  .faults = 37600, .fetched = 12, .dropped = 9, .dense = 777, .failures = 2,
	  .p50 = 16383, .p99 = 131071 },
	{ .name = "db-01", .state = "running", .mode = "proactive", .stats_status = "stats-stale",
	  .excluded = "", .degraded = "no-effect", .guarantee = GIB(2), .limit = GIB(3),
	  .maximum = GIB(4), .balloon = GIB(3), .target = 0, .resident = MIB(2990), .swap = 0,
	  .unused = UNKNOWN, .usable = UNKNOWN, .caches = UNKNOWN, .age = 95000000, .refaults = 9,
	  .per_minute = 123456, .taken = 0, .given = 0, .net = -(int64_t)MIB(12), .actions = 3,
	  .some = 1234, .full = 560, .oom_kills = 1, .aging = "mglru", .cold = MIB(1024),
	  .cold_age = UNKNOWN,
	  .aging_reason = "module: /dev/kvm-swap is not there; damon: not in this \033[1mkernel",
	  .policy_error = "the metadata do not count: unknown key '\033[1mColour'" },
	{ .name = "batch", .state = "running", .mode = "observe",
	  .stats_status = "stats-impossible", .excluded = "mode-observe", .degraded = "",
	  .guarantee = 0, .limit = UNKNOWN, .maximum = MIB(1023), .balloon = MIB(1023),
	  .resident = MIB(1100), .swap = 4096, .unused = UNKNOWN, .usable = UNKNOWN,
	  .caches = UNKNOWN, .age = UNKNOWN, .taken = 0, .given = 0, .net = 0, .some = 10000,
	  .full = 10000 },
	/* It wants what is not there. */
	{ .name = "windows", .state = "running", .mode = "pressure",
	  .backend = "far", .backend_used = "far", .backend_reason = "configured",
	  .stats_status = "stats-missing", .excluded = "no-balloon", .degraded = "",
	  .guarantee = 0, .limit = UNKNOWN, .maximum = GIB(1024), .balloon = GIB(1024),
	  .resident = UNKNOWN, .swap = UNKNOWN, .unused = UNKNOWN, .usable = UNKNOWN,
	  .caches = UNKNOWN, .age = UNKNOWN, .refaults = UNKNOWN, .per_minute = UNKNOWN,
	  .oom_kills = UNKNOWN, .taken = 0, .given = 0, .some = UINT32_MAX, .full = UINT32_MAX },
	{ .name = "idle", .state = "paused", .mode = "off", .stats_status = "none",
	  .excluded = "paused", .degraded = "", .guarantee = 0, .limit = UNKNOWN,
	  .maximum = GIB(64), .balloon = GIB(16), .resident = GIB(8), .swap = GIB(100),
	  .unused = 0, .usable = 0, .caches = 0, .age = 200000, .taken = 0, .given = 0 },
	/* Colours, a carriage return, a newline, a direction override, a joiner. */
	{ .name = "\033[31mred\033[2J\r\n\u202egnp\u200d.exe", .state = "running",
	  .mode = "pressure", .stats_status = "none", .excluded = "", .degraded = "",
	  .maximum = GIB(1), .balloon = GIB(1), .resident = MIB(512) },
	{ .name = "虚拟机一号服务器测试用途", .state = "running", .mode = "pressure",
	  .stats_status = "none", .excluded = "guest-pressure", .degraded = "",
	  .maximum = GIB(1), .balloon = GIB(1),
	  .resident = MIB(1) },
	{ .name = LONG_NAME, .state = "shutdown", .mode = "pressure",
	  .stats_status = "stats-zero", .excluded = "shutdown", .degraded = "", .maximum = GIB(1),
	  .balloon = 0, .resident = 0 },
};

static int get_sources(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return sd_bus_message_append(m, "a{ss}", 7, "Guarantee", "guest", "Limit", "config",
				     "Shares", "metadata", "Priority", "class:[bdw]*-?1",
				     "RefaultTarget", "builtin", "Mode", "runtime",
				     "Backend", "guest");
}

static int get_degraded(sd_bus *bus, const char *path, const char *interface, const char *property,
			sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return sd_bus_message_append(m, "as", 1, "db-01");
}

static int get_absent(sd_bus *bus, const char *path, const char *interface, const char *property,
		      sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return sd_bus_message_append(m, "as", 2, "old-\033[5mvm", "typo");
}

static int get_reservations(sd_bus *bus, const char *path, const char *interface,
			    const char *property, sd_bus_message *m, void *userdata,
			    sd_bus_error *error)
{
	return sd_bus_message_append(m, "a(ussttt)", 2,
				     3, "old-\033[5mvm", "ready", GIB(2), MIB(1536),
				     (uint64_t)42000000, 4, "", "pending", MIB(512), MIB(512),
				     (uint64_t)3600000000);
}

/* How it ends, by what was asked: at once, or never. */
static int reserve(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	uint64_t bytes, timeout;
	const char *name;
	int r = sd_bus_message_read(m, "tts", &bytes, &timeout, &name);

	if (r < 0)
		return r;
	if (bytes > GIB(64))
		return sd_bus_error_set(error, ERROR "NoRoom", "the most that can be reserved now");
	r = sd_bus_reply_method_return(m, "u", 5);
	if (r < 0 || bytes < GIB(1))
		return r;
	return sd_bus_emit_signal(sd_bus_message_get_bus(m), PATH, MANAGER, "ReservationChanged",
				  "usstt", 5, name, bytes < GIB(2) ? "ready" : "expired", bytes,
				  bytes);
}

static int release(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	uint32_t id;
	int r = sd_bus_message_read(m, "u", &id);

	if (r >= 0 && id != 3)
		return sd_bus_error_set(error, ERROR "NoSuchReservation", "no such reservation");
	return r < 0 ? r : sd_bus_reply_method_return(m, NULL);
}

/* The rest stays as it is: the mock has to say no, not to remember. */
static int set_policy(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct guest *g = userdata;
	const char *key, *contents;
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	if (strcmp(g->name, "db-01") == 0)
		return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED,
					"org.linux_kvm.Balloon1.set-policy is not allowed");
	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = sd_bus_message_read(m, "s", &key);
		if (r >= 0)
			r = sd_bus_message_peek_type(m, NULL, &contents);
		if (r >= 0)
			r = sd_bus_message_enter_container(m, 'v', contents);
		if (r >= 0 && strcmp(key, "Guarantee") == 0)
			r = sd_bus_message_read(m, "t", &g->guarantee);
		else if (r >= 0)
			r = sd_bus_message_skip(m, contents);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	if (r < 0)
		return r;
	if (g->guarantee > g->maximum)
		return sd_bus_error_set(error, ERROR "InvalidPolicy",
					"Guarantee is above what the machine has");
	(void)sd_bus_emit_properties_changed(sd_bus_message_get_bus(m), g->path, MACHINE,
					     "GuaranteeBytes", "PolicySources", NULL);
	return sd_bus_reply_method_return(m, NULL);
}

/* Writes nothing anywhere; what was asked is told on standard error. */
static int persist_policy(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct guest *g = userdata;
	char *unset[8] = { NULL }, **names = NULL;
	int r = sd_bus_message_skip(m, "a{sv}");

	if (r >= 0)
		r = sd_bus_message_read_strv(m, &names);
	if (r < 0)
		return r;
	fprintf(stderr, "persist %s without", g->name);
	for (char **s = names ? names : unset; *s; s++) {
		fprintf(stderr, " %s", *s);
		free(*s);
	}
	fputc('\n', stderr);
	free(names);
	if (strcmp(g->name, "idle") == 0)
		return sd_bus_error_set(error, ERROR "NotWritten",
					"The definition is not changed: libvirt's words");
	return sd_bus_reply_method_return(m, NULL);
}

/* How it ends, by what was asked. */
static int action_done(sd_bus_message *m, const struct guest *g, uint64_t bytes)
{
	static const struct {
		uint64_t bytes;
		int32_t error;
		const char *why;
	} ends[] = {
		{ 4096, -EBUSY, "none" },
		{ 8192, -ESTALE, "guest-pressure" },
		{ 12288, -ECANCELED, "none" },
		{ 0, 0, "none" },
	};
	size_t i = 0;

	while (ends[i].bytes && ends[i].bytes != bytes)
		i++;
	return sd_bus_emit_signal(sd_bus_message_get_bus(m), PATH, MANAGER, "ActionDone",
				  "sssttxiss", g->name, "reclaim", "operator", bytes, bytes / 2,
				  (int64_t)(bytes / 4), ends[i].error, ends[i].why,
				  "an operator \033[1masked");
}

static int reclaim(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct guest *g = userdata;
	uint64_t bytes;
	int r = sd_bus_message_read(m, "t", &bytes);

	if (r < 0)
		return r;
	if (*g->excluded)
		return sd_bus_error_setf(error, ERROR "Excluded", "%s is left alone: %s", g->name,
					 g->excluded);
	if (bytes > g->maximum)
		return sd_bus_error_set(error, ERROR "InvalidSize", "More than the machine has");
	r = sd_bus_reply_method_return(m, NULL);
	return r < 0 ? r : action_done(m, g, bytes);
}

static int histogram(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return mock_histogram(m, ((struct guest *)userdata)->name, error);
}

static int map(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return mock_map(m, ((struct guest *)userdata)->name, error);
}

static int explain(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct guest *g = userdata;
	char *text;
	int r;

	if (asprintf(&text, "%s has 1.2 GiB resident of 2.0 GiB, and its balloon leaves it 1.5 "
		     "GiB. The host is at level hard and needs 1.2 GiB.\nNext, 64 MiB will be "
		     "taken with the balloon, because the guest itself holds 200 MiB free. "
		     "\033[2J", g->name) < 0)
		return -ENOMEM;
	r = sd_bus_reply_method_return(m, "s", text);
	free(text);
	return r;
}

static int reload(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct host *h = userdata;

	/* Every other time the file is bad. */
	h->ticks ^= 1;
	if (h->ticks & 1)
		return sd_bus_error_set(error, ERROR "InvalidConfig",
					"/etc/kvm-balloond.conf:3: unknown key 'Mod'");
	h->level = "emergency";
	(void)sd_bus_emit_properties_changed(h->bus, PATH, MANAGER, "Level", "Degraded", NULL);
	return sd_bus_reply_method_return(m, NULL);
}

/* Two ticks at once: what comes after the last one that is wanted must not be written. */
static int record(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	static const char text[] = "{\"record\":\"begin\"}\n{\"record\":\"tick\",\"n\":1}\n"
				   "{\"record\":\"tick\",\"n\":2}\n";
	int r, fds[2];

	if (pipe(fds) < 0)
		return -errno;
	r = write(fds[1], text, strlen(text)) < 0 ? -errno : 0;
	if (r >= 0)
		r = sd_bus_reply_method_return(m, "h", fds[0]);
	(void)close(fds[0]);
	(void)close(fds[1]);
	return r;
}

static int get_machine(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct host *h = userdata;
	const char *name;
	int r = sd_bus_message_read(m, "s", &name);

	for (uint32_t i = 0; i < h->n && r >= 0; i++)
		if (strcmp(h->guests[i].name, name) == 0 && h->guests[i].slot)
			return sd_bus_reply_method_return(m, "o", h->guests[i].path);
	return r < 0 ? r : sd_bus_error_setf(error, ERROR "NoSuchMachine", "no machine '%s'", name);
}

#define P(name, type, member) SD_BUS_PROPERTY(name, type, NULL, offsetof(struct guest, member), 0)
static const sd_bus_vtable machine_vtable[] = {
	SD_BUS_VTABLE_START(SD_BUS_VTABLE_UNPRIVILEGED),
	P("Name", "s", name), P("UUID", "s", uuid), P("PID", "u", pid), P("State", "s", state),
	P("Mode", "s", mode),
	SD_BUS_PROPERTY("GuaranteeBytes", "t", NULL, offsetof(struct guest, guarantee),
			SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	P("LimitBytes", "t", limit), P("Shares", "u", shares), P("Priority", "s", priority),
	P("RefaultTargetPPM", "u", ppm),
	SD_BUS_PROPERTY("PolicySources", "a{ss}", get_sources, 0,
			SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	P("MaximumBytes", "t", maximum), P("BalloonBytes", "t", balloon),
	P("TargetBytes", "t", target),
	P("ResidentBytes", "t", resident), P("SwapBytes", "t", swap), P("UnusedBytes", "t", unused),
	P("UsableBytes", "t", usable), P("CachesBytes", "t", caches), P("StatsAgeUSec", "t", age),
	P("FreePageReporting", "b", reporting),
	P("StatsStatus", "s", stats_status), P("Refaults", "t", refaults),
	P("RefaultsPerMinute", "t", per_minute), P("PressureSome", "u", some),
	P("PressureFull", "u", full), P("OOMKills", "t", oom_kills), P("TakenBytes", "t", taken),
	P("GivenBytes", "t", given), P("NetBytes", "x", net), P("Actions", "t", actions),
	P("Excluded", "s", excluded), P("Degraded", "s", degraded),
	SD_BUS_PROPERTY("Aging", "s", NULL, offsetof(struct guest, aging),
			SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	P("PolicyError", "s", policy_error),
	P("AgingReason", "s", aging_reason), P("ColdBytes", "t", cold),
	P("ColdAgeUSec", "t", cold_age),
	P("Backend", "s", backend), P("BackendUsed", "s", backend_used),
	P("BackendReason", "s", backend_reason), P("FarBytes", "t", far),
	P("FarSameFilledBytes", "t", same_filled), P("FarStoredBytes", "t", stored),
	P("FarPoolBytes", "t", pool), P("FarMetadataBytes", "t", metadata),
	P("FarCompressor", "s", compressor), P("FarEncrypted", "b", encrypted),
	P("FarOuts", "t", outs), P("FarFaults", "t", faults), P("FarFetched", "t", fetched),
	P("FarDropped", "t", dropped), P("FarDense", "t", dense),
	P("FarIntegrityFailures", "t", failures), P("FarFaultP50NSec", "t", p50),
	P("FarFaultP99NSec", "t", p99),
	SD_BUS_METHOD("SetPolicy", "a{sv}", NULL, set_policy, 0),
	SD_BUS_METHOD("PersistPolicy", "a{sv}as", NULL, persist_policy, 0),
	SD_BUS_METHOD("Reclaim", "t", NULL, reclaim, 0),
	SD_BUS_METHOD("Explain", NULL, "s", explain, 0),
	SD_BUS_METHOD("Histogram", NULL, "sa(ttt)", histogram, 0),
	SD_BUS_METHOD("Map", NULL, "tta(tay)", map, 0),
	SD_BUS_VTABLE_END
};
#undef P

/* Tests only: a machine goes, and comes back. */
static int remove_machine(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct host *h = userdata;
	struct guest *g = &h->guests[0];

	(void)sd_bus_emit_object_removed(h->bus, g->path);
	g->slot = sd_bus_slot_unref(g->slot);
	return sd_bus_reply_method_return(m, NULL);
}

static int add_machine(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct host *h = userdata;
	struct guest *g = &h->guests[0];
	int r = sd_bus_add_object_vtable(h->bus, &g->slot, g->path, MACHINE, machine_vtable, g);

	if (r >= 0)
		r = sd_bus_emit_object_added(h->bus, g->path);
	return r < 0 ? r : sd_bus_reply_method_return(m, NULL);
}

#define P(name, type, member) SD_BUS_PROPERTY(name, type, NULL, offsetof(struct host, member), 0)
static const sd_bus_vtable manager_vtable[] = {
	SD_BUS_VTABLE_START(SD_BUS_VTABLE_UNPRIVILEGED),
	P("Version", "s", version), P("Mode", "s", mode),
	SD_BUS_PROPERTY("Level", "s", NULL, offsetof(struct host, level),
			SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	P("NeedBytes", "t", need), P("SpareBytes", "t", spare), P("HostTotalBytes", "t", total),
	P("HostAvailableBytes", "t", available), P("HostFreeBytes", "t", free),
	P("HostSwapTotalBytes", "t", swap_total), P("HostSwapFreeBytes", "t", swap_free),
	P("HostFarBytes", "t", far), P("HostFarPoolBytes", "t", far_pool),
	P("HostSwapRamBytes", "t", swap_ram), P("HostPressureSome", "u", some),
	P("HostPressureFull", "u", full), P("HostOOMKills", "t", oom_kills),
	P("MachineCount", "u", n),
	P("Connected", "b", connected), P("ConnectionError", "s", error), P("DryRun", "b", dry_run),
	P("Ticks", "t", ticks), P("Triggers", "t", triggers),
	P("TriggerError", "s", trigger_error), P("Alarm", "s", alarm),
	P("KSM", "s", ksm), P("KSMSavedBytes", "t", ksm_saved),
	P("ReactionUSec", "t", reaction), P("TakenBytes", "t", taken), P("GivenBytes", "t", given),
	P("NetBytes", "x", net), P("GuaranteedBytes", "t", guaranteed),
	SD_BUS_PROPERTY("Degraded", "as", get_degraded, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("AbsentMachines", "as", get_absent, 0, 0),
	P("SkippedMachines", "u", skipped),
	P("OvercommitRatio", "u", ratio), P("AdvisedRatio", "u", advised),
	P("AdviceConfidence", "u", sure), P("AdviceBasis", "s", basis),
	SD_BUS_PROPERTY("Reservations", "a(ussttt)", get_reservations, 0, 0),
	P("AgingUSec", "t", aging), P("ColdUSec", "t", cold),
	SD_BUS_PROPERTY("OfTheFuture", "s", NULL, offsetof(struct host, mode), 0),
	SD_BUS_METHOD("Reload", NULL, NULL, reload, 0),
	SD_BUS_METHOD("Reserve", "tts", "u", reserve, 0),
	SD_BUS_METHOD("Release", "u", NULL, release, 0),
	SD_BUS_METHOD("Record", NULL, "h", record, 0),
	SD_BUS_METHOD("GetMachine", "s", "o", get_machine, 0),
	SD_BUS_METHOD("MockRemove", NULL, NULL, remove_machine, 0),
	SD_BUS_METHOD("MockAdd", NULL, NULL, add_machine, 0),
	SD_BUS_SIGNAL("ActionDone", "sssttxiss", 0),
	SD_BUS_SIGNAL("ReservationChanged", "usstt", 0),
	SD_BUS_VTABLE_END
};
#undef P

static struct guest make_guest(uint32_t i)
{
	const size_t n = sizeof(canned) / sizeof(canned[0]);
	struct guest g = canned[i < n ? i : 0];

	if (i >= n && asprintf((char **)&g.name, "many-%04u", i) < 0)
		abort();
	if (asprintf((char **)&g.uuid, "00000000-0000-4000-8000-%012u", i) < 0)
		abort();
	g.priority = "normal";
	g.shares = 1000;
	g.ppm = 2000;
	g.pid = 1000 + i;
	if (!g.aging) {
		g.aging = "none";
		g.aging_reason = "not followed";
		g.cold = UNKNOWN;
		g.cold_age = 300000000;
	}
	if (!g.backend) {
		g.backend = "auto";
		g.backend_used = "swap";
		g.backend_reason = "has-swap";
	}
	if (!g.compressor) {
		g.compressor = "";
		g.far = g.same_filled = g.stored = g.pool = g.metadata = g.outs = UNKNOWN;
		g.faults = g.fetched = g.dropped = g.dense = g.failures = g.p50 = g.p99 = UNKNOWN;
	}
	g.aging_reason = g.aging_reason ? g.aging_reason : "";
	g.policy_error = g.policy_error ? g.policy_error : "";
	return g;
}

static int publish(struct host *h, struct guest *g)
{
	char *path;
	int r = sd_bus_path_encode(PATH "/machine", g->name, &path);

	if (r < 0)
		return r;
	snprintf(g->path, sizeof(g->path), "%s", path);
	free(path);
	return sd_bus_add_object_vtable(h->bus, &g->slot, g->path, MACHINE, machine_vtable, g);
}

static int connect_to(const char *address, sd_bus **ret)
{
	int r = sd_bus_new(ret);

	if (r >= 0)
		r = sd_bus_set_address(*ret, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(*ret, true);
	return r < 0 ? r : sd_bus_start(*ret);
}

static int serve(struct host *h, const char *address)
{
	int r = connect_to(address, &h->bus);

	if (r >= 0)
		r = sd_bus_add_filter(h->bus, NULL, mock_other_types, NULL);
	if (r >= 0)
		r = sd_bus_add_object_manager(h->bus, NULL, PATH);
	if (r >= 0)
		r = sd_bus_add_object_vtable(h->bus, NULL, PATH, MANAGER, manager_vtable, h);
	for (uint32_t i = 0; i < h->n && r >= 0; i++) {
		h->guests[i] = make_guest(i);
		r = publish(h, &h->guests[i]);
	}
	if (r >= 0)
		r = sd_bus_request_name(h->bus, NAME, 0);
	while (r >= 0) {
		r = sd_bus_process(h->bus, NULL);
		if (r == 0)
			r = sd_bus_wait(h->bus, UINT64_MAX);
	}
	return r;
}

int main(int argc, char **argv)
{
	struct host h = {
		.version = "0.1.0", .mode = "pressure", .level = "hard", .error = "",
		.trigger_error = "Operation not permitted",
		.alarm = "1229 MiB are missing, and nothing is left to take; db-01: no-effect",
		.ksm = "others", .ksm_saved = MIB(300),
		.aging = 5000000, .cold = 300000000,
		.need = MIB(1229), .guaranteed = GIB(20), .total = GIB(16),
		.available = MIB(1843), .free = MIB(512),
		.far = MIB(410), .far_pool = MIB(102),
		.swap_total = GIB(8), .swap_free = MIB(6963), .swap_ram = MIB(410), .ticks = 4210,
		.triggers = 17, .reaction = 850,
		.taken = MIB(3482), .given = MIB(1229), .net = MIB(1843), .some = 1234, .full = 96,
		.ratio = 15000, .advised = 18750, .sure = 4000, .basis = "swap",
		.connected = true, .n = sizeof(canned) / sizeof(canned[0]), .skipped = 2,
	};
	int r;

	if (argc < 2)
		return EXIT_FAILURE;
	if (argc > 2)
		h.n += (uint32_t)atoi(argv[2]);
	h.guests = calloc(h.n, sizeof(*h.guests));
	r = h.guests ? serve(&h, argv[1]) : -ENOMEM;
	fprintf(stderr, "mock-balloond: %s\n", strerror(-r));
	return EXIT_FAILURE;
}
