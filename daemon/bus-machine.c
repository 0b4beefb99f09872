/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interface org.linux_kvm.Balloon1.Machine: one table and its handlers.
 */
#include "bus.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "bus-error.h"
#include "manager.h"
#include "util.h"

struct machine *bus_machine_of(struct manager *m, sd_bus_message *msg, sd_bus_error *error)
{
	_cleanup_free_ char *name = NULL;
	struct machine *machine = NULL;

	if (sd_bus_path_decode(sd_bus_message_get_path(msg), BUS_MACHINE_PREFIX, &name) > 0)
		machine = machines_find(&m->machines, name);
	if (!machine)
		sd_bus_error_set(error, SD_BUS_ERROR_UNKNOWN_OBJECT, "The machine is gone");
	return machine;
}

static int set_policy_allowed(sd_bus_message *msg, uid_t caller, void *userdata,
			      sd_bus_error *error)
{
	struct manager *m = userdata;
	struct machine *machine = bus_machine_of(m, msg, error);
	_cleanup_free_ char *text = NULL;
	struct kvmb_policy policy;
	int r;

	if (!machine)
		return -ENOENT;
	r = bus_policy_read(msg, &policy, error);
	if (r < 0)
		return r;
	r = kvmb_engine_set_policy(m->engine, machine->name, &policy, &text);
	if (r == -ENOENT)
		return bus_no_machine(error, machine->name);
	if (r == -EINVAL)
		return sd_bus_error_set(error, BUS_ERROR_INVALID_POLICY,
					text ?: "The values contradict each other");
	if (r < 0)
		return r;
	manager_policy_changed(m, machine, caller);
	return sd_bus_reply_method_return(msg, NULL);
}

static int method_set_policy(sd_bus_message *msg, void *userdata, sd_bus_error *error)
{
	struct manager *m = ((struct machine_view *)userdata)->manager;

	return authz_run(&m->bus.authz,
			 &(struct authz_request){ msg, POLKIT_SET_POLICY, set_policy_allowed, m },
			 error);
}

static int reclaim_error(int r, const char *name, enum kvmb_why why, sd_bus_error *error)
{
	switch (r) {
	case -ENOENT:
		return bus_no_machine(error, name);
	case -EPERM:
		return sd_bus_error_setf(error, BUS_ERROR_EXCLUDED,
					 "Nothing is taken from \"%s\": %s", name,
					 kvmb_why_to_sentence(why));
	case -ERANGE:
		return sd_bus_error_setf(error, BUS_ERROR_INVALID_SIZE,
					 "The size must be 1 MiB at least and at most what \"%s\""
					 " has",
					 name);
	default:
		return r;
	}
}

static int reclaim_allowed(sd_bus_message *msg, uid_t caller, void *userdata, sd_bus_error *error)
{
	struct manager *m = userdata;
	const struct machine *machine = bus_machine_of(m, msg, error);
	enum kvmb_why why = KVMB_WHY_NONE;
	uint64_t bytes;
	int r;

	if (!machine)
		return -ENOENT;
	r = sd_bus_message_read(msg, "t", &bytes);
	if (r < 0)
		return r;
	if (!m->host.connected)
		return sd_bus_error_set(error, BUS_ERROR_NOT_CONNECTED,
					"libvirt is not connected; nothing is taken from anyone");
	r = kvmb_engine_reclaim(m->engine, machine->name, bytes, &why);
	if (r < 0)
		return reclaim_error(r, machine->name, why, error);
	return sd_bus_reply_method_return(msg, NULL);
}

static int method_reclaim(sd_bus_message *msg, void *userdata, sd_bus_error *error)
{
	struct manager *m = ((struct machine_view *)userdata)->manager;

	return authz_run(&m->bus.authz,
			 &(struct authz_request){ msg, POLKIT_RECLAIM, reclaim_allowed, m }, error);
}

static int method_explain(sd_bus_message *msg, void *userdata, sd_bus_error *error)
{
	const struct machine_view *v = userdata;
	_cleanup_free_ char *text = NULL;
	int r = kvmb_engine_explain(v->manager->engine, v->name, &text);

	if (r == -ENOENT)
		return bus_no_machine(error, v->name);
	return r < 0 ? r : sd_bus_reply_method_return(msg, "s", text);
}

/* Of a class, its pattern too: there may be several. */
static int append_source(sd_bus_message *reply, const struct machine_view *v,
			 enum kvmb_policy_field field)
{
	char text[sizeof("class:") + KVMB_NAME_SIZE];

	(void)snprintf(text, sizeof(text), "%s%s%s", kvmb_policy_source_to_string(v->source[field]),
		       v->classes[field] ? ":" : "", v->classes[field] ?: "");
	return sd_bus_message_append(reply, "{ss}", kvmb_policy_field_to_string(field), text);
}

static int property_policy_sources(sd_bus *bus, const char *path, const char *interface,
				   const char *property, sd_bus_message *reply, void *userdata,
				   sd_bus_error *error)
{
	const struct machine_view *v = userdata;
	int r = sd_bus_message_open_container(reply, 'a', "{ss}");

	for (int i = 0; r >= 0 && i < KVMB_FIELDS; i++)
		r = append_source(reply, v, (enum kvmb_policy_field)i);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

#define PROPERTY(name, type, member, flags)                                                        \
	SD_BUS_PROPERTY(name, type, NULL, offsetof(struct machine_view, member), flags)
#define TOLD SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define ACTION_DONE_ARGS                                                                           \
	SD_BUS_ARGS("s", kind, "s", rule, "t", asked, "t", got, "x", net, "i", error, "s", why,    \
		    "s", reason)

const sd_bus_vtable bus_machine_vtable[] = {
	SD_BUS_VTABLE_START(0),
	PROPERTY("Name", "s", name, SD_BUS_VTABLE_PROPERTY_CONST),
	PROPERTY("UUID", "s", uuid, SD_BUS_VTABLE_PROPERTY_CONST),
	PROPERTY("PID", "u", pid, 0),
	PROPERTY("State", "s", state, 0),
	PROPERTY("Mode", "s", mode, TOLD),
	PROPERTY("GuaranteeBytes", "t", guarantee_bytes, TOLD),
	PROPERTY("LimitBytes", "t", limit_bytes, TOLD),
	PROPERTY("Shares", "u", shares, TOLD),
	PROPERTY("Priority", "s", priority, TOLD),
	PROPERTY("RefaultTargetPPM", "u", refault_target_ppm, TOLD),
	PROPERTY("Backend", "s", backend, TOLD),
	SD_BUS_PROPERTY("PolicySources", "a{ss}", property_policy_sources, 0, TOLD),
	PROPERTY("PolicyError", "s", policy_error, TOLD),
	PROPERTY("MaximumBytes", "t", maximum_bytes, 0),
	PROPERTY("BalloonBytes", "t", balloon_bytes, 0),
	PROPERTY("TargetBytes", "t", target_bytes, TOLD),
	PROPERTY("ResidentBytes", "t", resident_bytes, 0),
	PROPERTY("SwapBytes", "t", swap_bytes, 0),
	PROPERTY("UnusedBytes", "t", unused_bytes, 0),
	PROPERTY("UsableBytes", "t", usable_bytes, 0),
	PROPERTY("CachesBytes", "t", caches_bytes, 0),
	PROPERTY("StatsAgeUSec", "t", stats_age_usec, 0),
	PROPERTY("FreePageReporting", "b", free_page_reporting, 0),
	PROPERTY("StatsStatus", "s", stats_status, TOLD),
	PROPERTY("Refaults", "t", refaults, 0),
	PROPERTY("RefaultsPerMinute", "t", refaults_per_min, 0),
	PROPERTY("PressureSome", "u", pressure_some, 0),
	PROPERTY("PressureFull", "u", pressure_full, 0),
	PROPERTY("OOMKills", "t", oom_kills, 0),
	PROPERTY("TakenBytes", "t", taken_bytes, 0),
	PROPERTY("GivenBytes", "t", given_bytes, 0),
	PROPERTY("NetBytes", "x", net_bytes, 0),
	PROPERTY("Actions", "t", n_actions, 0),
	PROPERTY("Excluded", "s", excluded, TOLD),
	PROPERTY("Degraded", "s", degraded, TOLD),
	PROPERTY("Aging", "s", aging, TOLD),
	PROPERTY("AgingReason", "s", aging_reason, TOLD),
	PROPERTY("ColdBytes", "t", cold_bytes, 0),
	PROPERTY("ColdAgeUSec", "t", cold_age_usec, 0),
	PROPERTY("BackendUsed", "s", backend_used, TOLD),
	PROPERTY("BackendReason", "s", backend_reason, TOLD),
	PROPERTY("FarBytes", "t", far_bytes, 0),
	PROPERTY("FarSameFilledBytes", "t", far_same_filled_bytes, 0),
	PROPERTY("FarStoredBytes", "t", far_stored_bytes, 0),
	PROPERTY("FarPoolBytes", "t", far_pool_bytes, 0),
	PROPERTY("FarMetadataBytes", "t", far_metadata_bytes, 0),
	PROPERTY("FarCompressor", "s", far_compressor, 0),
	PROPERTY("FarEncrypted", "b", far_encrypted, 0),
	PROPERTY("FarOuts", "t", far_outs, 0),
	PROPERTY("FarFaults", "t", far_faults, 0),
	PROPERTY("FarFetched", "t", far_fetched, 0),
	PROPERTY("FarDropped", "t", far_dropped, 0),
	PROPERTY("FarDense", "t", far_dense, 0),
	PROPERTY("FarIntegrityFailures", "t", far_integrity_failures, TOLD),
	PROPERTY("FarFaultP50NSec", "t", far_fault_p50_ns, 0),
	PROPERTY("FarFaultP99NSec", "t", far_fault_p99_ns, 0),
	SD_BUS_METHOD_WITH_ARGS("SetPolicy", SD_BUS_ARGS("a{sv}", values), SD_BUS_NO_RESULT,
				method_set_policy, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("PersistPolicy", SD_BUS_ARGS("a{sv}", values, "as", unset),
				SD_BUS_NO_RESULT, bus_method_persist_policy,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Reclaim", SD_BUS_ARGS("t", bytes), SD_BUS_NO_RESULT,
				method_reclaim, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Explain", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", text), method_explain,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Histogram", SD_BUS_NO_ARGS,
				SD_BUS_RESULT("s", source, "a(ttt)", buckets), bus_method_histogram,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Map", SD_BUS_NO_ARGS,
				SD_BUS_RESULT("t", block_bytes, "t", unit_usec, "a(tay)", extents),
				bus_method_map, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL_WITH_ARGS("ActionDone", ACTION_DONE_ARGS, 0),
	SD_BUS_VTABLE_END,
};
