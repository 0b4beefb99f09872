/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interface org.linux_kvm.Balloon1.Manager: one table and its handlers.
 */
#include "bus.h"

#include <errno.h>

#include "bus-error.h"
#include "manager.h"
#include "util.h"

static int reload_allowed(sd_bus_message *msg, uid_t caller, void *userdata, sd_bus_error *error)
{
	_cleanup_free_ char *text = NULL;
	int r = manager_reload(userdata, &text);

	if (r == -EBADMSG)
		return sd_bus_error_set(error, BUS_ERROR_INVALID_CONFIG, text);
	return r < 0 ? r : sd_bus_reply_method_return(msg, NULL);
}

static int method_reload(sd_bus_message *msg, void *userdata, sd_bus_error *error)
{
	struct manager *m = userdata;

	return authz_run(&m->bus.authz,
			 &(struct authz_request){ msg, POLKIT_RELOAD, reload_allowed, m }, error);
}

static int method_get_machine(sd_bus_message *msg, void *userdata, sd_bus_error *error)
{
	struct manager *m = userdata;
	const struct machine *machine;
	const char *name;
	int r = sd_bus_message_read(msg, "s", &name);

	if (r < 0)
		return r;
	machine = machines_find(&m->machines, name);
	if (!machine)
		return bus_no_machine(error, name);
	return sd_bus_reply_method_return(msg, "o", machine->path);
}

static int method_dump_sample(sd_bus_message *msg, void *userdata, sd_bus_error *error)
{
	struct manager *m = userdata;
	_cleanup_free_ char *text = NULL;
	struct kvmb_host_status status;
	int r;

	kvmb_engine_host_status(m->engine, &status);
	if (!status.sample)
		return sd_bus_error_set(error, BUS_ERROR_NOT_CONNECTED,
					"No sample was taken yet");
	r = kvmb_sample_to_json(status.sample, &text);
	return r < 0 ? r : sd_bus_reply_method_return(msg, "s", text);
}

static int record_allowed(sd_bus_message *msg, uid_t caller, void *userdata, sd_bus_error *error)
{
	struct manager *m = userdata;
	_cleanup_close_ int fd = -1;
	int r;

	if (m->stopping)
		return bus_ending(error);
	r = recorders_open(&m->recorders, m->event, m->config, &fd);
	if (r == -EBUSY)
		return sd_bus_error_setf(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
					 "%d recordings are under way, which is the most",
					 RECORDERS_MAX);
	return r < 0 ? r : sd_bus_reply_method_return(msg, "h", fd);
}

/* It costs the loop something with each tick, so that it is not for everybody to ask. */
static int method_record(sd_bus_message *msg, void *userdata, sd_bus_error *error)
{
	struct manager *m = userdata;

	return authz_run(&m->bus.authz,
			 &(struct authz_request){ msg, POLKIT_RECORD, record_allowed, m }, error);
}

#define PROPERTY(name, type, member, flags)                                                        \
	SD_BUS_PROPERTY(name, type, NULL, offsetof(struct manager, host.member), flags)
#define TOLD SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define ACTION_DONE_ARGS                                                                           \
	SD_BUS_ARGS("s", machine, "s", kind, "s", rule, "t", asked, "t", got, "x", net, "i",       \
		    error, "s", why, "s", reason)
#define RESERVATION_ARGS                                                                           \
	SD_BUS_ARGS("u", id, "s", name, "s", state, "t", bytes, "t", held)

const sd_bus_vtable bus_manager_vtable[] = {
	SD_BUS_VTABLE_START(0),
	PROPERTY("Version", "s", version, SD_BUS_VTABLE_PROPERTY_CONST),
	PROPERTY("Mode", "s", mode, TOLD),
	PROPERTY("Level", "s", level, TOLD),
	PROPERTY("NeedBytes", "t", need_bytes, 0),
	PROPERTY("SpareBytes", "t", spare_bytes, 0),
	PROPERTY("HostTotalBytes", "t", total_bytes, 0),
	PROPERTY("HostAvailableBytes", "t", available_bytes, 0),
	PROPERTY("HostFreeBytes", "t", free_bytes, 0),
	PROPERTY("HostSwapTotalBytes", "t", swap_total_bytes, 0),
	PROPERTY("HostSwapFreeBytes", "t", swap_free_bytes, 0),
	PROPERTY("HostSwapRamBytes", "t", swap_ram_bytes, 0),
	PROPERTY("HostFarBytes", "t", far_bytes, 0),
	PROPERTY("HostFarPoolBytes", "t", far_pool_bytes, 0),
	PROPERTY("HostPressureSome", "u", pressure_some, 0),
	PROPERTY("HostPressureFull", "u", pressure_full, 0),
	PROPERTY("HostOOMKills", "t", oom_kills, 0),
	PROPERTY("MachineCount", "u", n_machines, TOLD),
	PROPERTY("Connected", "b", connected, TOLD),
	PROPERTY("ConnectionError", "s", connection_error, TOLD),
	PROPERTY("DryRun", "b", dry_run, SD_BUS_VTABLE_PROPERTY_CONST),
	PROPERTY("Ticks", "t", n_ticks, 0),
	PROPERTY("Triggers", "t", n_triggers, 0),
	PROPERTY("TriggerError", "s", trigger_error, TOLD),
	PROPERTY("ReactionUSec", "t", reaction_usec, 0),
	PROPERTY("TakenBytes", "t", taken_bytes, 0),
	PROPERTY("GivenBytes", "t", given_bytes, 0),
	PROPERTY("NetBytes", "x", net_bytes, 0),
	PROPERTY("GuaranteedBytes", "t", guaranteed_bytes, 0),
	PROPERTY("Alarm", "s", alarm, TOLD),
	PROPERTY("KSM", "s", ksm, TOLD),
	PROPERTY("KSMSavedBytes", "t", ksm_saved_bytes, 0),
	PROPERTY("Degraded", "as", degraded, TOLD),
	PROPERTY("AbsentMachines", "as", absent, TOLD),
	PROPERTY("SkippedMachines", "u", n_skipped, TOLD),
	PROPERTY("OvercommitRatio", "u", ratio, 0),
	PROPERTY("AdvisedRatio", "u", advised_ratio, 0),
	PROPERTY("AdviceConfidence", "u", advice_confidence, 0),
	PROPERTY("AdviceBasis", "s", advice_basis, 0),
	SD_BUS_PROPERTY("Reservations", "a(ussttt)", bus_get_reservations, 0, 0),
	PROPERTY("AgingUSec", "t", aging_usec, TOLD),
	PROPERTY("ColdUSec", "t", cold_usec, TOLD),
	SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_reload,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetMachine", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", machine),
				method_get_machine, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("DumpSample", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json),
				method_dump_sample, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Record", SD_BUS_NO_ARGS, SD_BUS_RESULT("h", stream),
				method_record, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Reserve", SD_BUS_ARGS("t", bytes, "t", timeout_usec, "s", name),
				SD_BUS_RESULT("u", id), bus_method_reserve,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Release", SD_BUS_ARGS("u", id), SD_BUS_NO_RESULT,
				bus_method_unreserve, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL_WITH_ARGS("ActionDone", ACTION_DONE_ARGS, 0),
	SD_BUS_SIGNAL_WITH_ARGS("ReservationChanged", RESERVATION_ARGS, 0),
	SD_BUS_VTABLE_END,
};
