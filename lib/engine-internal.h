/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the engine's files share: the engine, and its record of each guest. */
#ifndef KVMB_ENGINE_INTERNAL_H
#define KVMB_ENGINE_INTERNAL_H

#include <kvmballoon.h>

#include "base/fs.h"
#include "executor.h"
#include "model/plan.h"
#include "model/sample.h"
#include "model/state.h"
#include "plan/effect.h"
#include "policy/cold-age.h"
#include "source/ages.h"
#include "source/guest-watch.h"
#include "source/ksm.h"
#include "source/libvirt-metadata.h"
#include "source/libvirt.h"

struct kvmb_ksm_setter;
struct kvmb_virt;

/* finished actions kept per guest for explain: about a minute under pressure */
#define KVMB_HISTORY 8

/* Refaults over the last 30 to 60 seconds: two starting points, half a minute apart. */
struct kvmb_refault_rate {
	uint64_t base_ns[2];
	uint64_t base_pages[2];
};

/* What explain tells of a finished action; a whole result would be four times as large. */
struct kvmb_engine_record {
	uint64_t done_ns;
	uint64_t asked_bytes;
	uint64_t got_bytes;
	int64_t net_bytes;
	enum kvmb_action_kind kind;
	enum kvmb_rule rule;
	enum kvmb_why why;
	int error;
	char reason[KVMB_TEXT_SIZE];
	char note[KVMB_TEXT_SIZE];
};

struct kvmb_engine_guest {
	char name[KVMB_NAME_SIZE];
	char uuid[KVMB_UUID_SIZE];
	unsigned int n_pending; /* actions in the executor */
	bool watching;          /* a balloon is on its way */
	bool announced;         /* guest_added was called */
	uint64_t release_ns;    /* of the sample on which it was last ordered back at the stop */
	struct kvmb_watch watch;
	struct kvmb_refault_rate refaults;
	bool store_seen; /* those of its store are in the above */
	struct kvmb_engine_record history[KVMB_HISTORY]; /* ring */
	uint64_t n_history;
	/* as last told to the callbacks */
	struct kvmb_policy policy;
	char policy_error[KVMB_TEXT_SIZE];
	/* on the way into its definition; what was set at run time since then is the later word */
	uint32_t persist_asked;
	/* written there, but not read from there yet */
	struct kvmb_policy persisted;
	uint32_t persisted_fields;
	enum kvmb_why excluded;
	enum kvmb_why degraded;
	uint64_t target_bytes;
};

/* What libvirt has written, until the sample has it. */
struct kvmb_persist_wait {
	char uuid[KVMB_UUID_SIZE];
	struct kvmb_policy_change change;
	uint64_t until_ns;
};

struct kvmb_engine {
	struct kvmb_root root;
	struct kvmb_config *config;
	struct kvmb_state *state;
	struct kvmb_sample *sample;
	struct kvmb_plan *plan;
	char *alarm; /* NULL: none */
	struct kvmb_ksmd ksmd;
	struct kvmb_ksm_setter *ksm; /* NULL: nothing was set yet */
	struct kvmb_ksm_order ksm_order; /* the last one */
	int ksm_error;
	bool ksm_released;
	struct kvmb_virt *virt;
	struct kvmb_libvirt *libvirt;
	struct kvmb_metadata_writer *metadata;
	struct kvmb_persist_wait *persist_waits;
	size_t n_persist_waits;
	struct kvmb_guest_watch *watch;
	struct kvmb_age_watch *ages;
	struct kvmb_executor *executor;
	struct kvmb_engine_guest **guests; /* ordered by name */
	size_t n_guests;
	const char **absent; /* configured guests that do not exist: names of config, ordered */
	size_t n_absent;
	struct kvmb_libvirt_status virt_status;
	struct kvmb_engine_callbacks callbacks;
	void *userdata;
	uint64_t next_id;
	uint64_t n_ticks;
	uint64_t n_triggers;
	uint64_t trigger_ns; /* of the first trigger not yet answered by a tick; 0 none */
	uint64_t reaction_usec;
	int epoll_fd;
	bool dry_run;
	bool releasing;
};

/* engine-sample.c */
int kvmb_engine_collect(struct kvmb_engine *e, uint64_t now_ns, struct kvmb_sample **ret);

/* engine-ages.c */
int kvmb_engine_read_ages(struct kvmb_engine *e, uint64_t now_ns, struct kvmb_sample *s);
/* Why there is no better source of ages; "" for the best. */
const char *kvmb_engine_aging_reason(struct kvmb_engine *e, const struct kvmb_guest_sample *g);
/* Answers that have come to callers of kvmb_engine_ask_map(). */
void kvmb_engine_tell_maps(struct kvmb_engine *e);

/* engine-guest.c */
struct kvmb_engine_guest *kvmb_engine_find(const struct kvmb_engine *e, const char *name);
int kvmb_engine_sync_guests(struct kvmb_engine *e, const struct kvmb_sample *sample);
void kvmb_engine_notify(struct kvmb_engine *e);
int kvmb_engine_list_absent(struct kvmb_engine *e, const struct kvmb_config *c);
uint64_t kvmb_refault_rate_per_min(const struct kvmb_refault_rate *rate, uint64_t now_ns,
				   uint64_t pages);

/* engine-policy.c */
/* The guest's effective policy as of now; true where what does not count of it is news. */
bool kvmb_engine_refresh_policy(const struct kvmb_engine *e, struct kvmb_engine_guest *g);

/* What the guest is to have instead. */
struct kvmb_policy_trial {
	const struct kvmb_policy *metadata, *runtime; /* or NULL */
	int changed; /* of the two, as enum kvmb_uncounted */
};

/* Would anything not count with that, which counts now? As kvmb_engine_set_policy(). */
int kvmb_engine_try_policy(const struct kvmb_engine *e, const struct kvmb_engine_guest *g,
			   const struct kvmb_policy_trial *t, char **ret_error);

/* engine-persist.c */
/* Where @sample has what was written, what was set at run time goes. */
void kvmb_engine_settle(struct kvmb_engine *e, const struct kvmb_sample *sample);
/* Answers of libvirt to kvmb_engine_persist_policy(); KVMB_DISPATCH_TICK: one is to be told. */
int kvmb_engine_take_persisted(struct kvmb_engine *e, uint64_t now_ns);
/* To those who wait and can see by now what they wanted, or have waited for long enough. */
void kvmb_engine_tell_persisted(struct kvmb_engine *e);
/* Do the definitions of @guests, those of the newest sample, say something new of policies? */
bool kvmb_engine_metadata_changed(const struct kvmb_engine *e,
				  const struct kvmb_guest_sample *guests, size_t n);

/* engine-status.c */
void kvmb_engine_cold_age(const struct kvmb_engine *e, const struct kvmb_guest_sample *s,
			  const struct kvmb_policy *policy, struct kvmb_cold_age *ret);

/* explain-free.c */
int kvmb_explain_free(char **text, const struct kvmb_engine *e,
		      const struct kvmb_guest_status *status);

/* explain-store.c */
int kvmb_explain_store(char **text, const struct kvmb_guest_status *status);

/* engine-alarm.c */
void kvmb_engine_alarm(struct kvmb_engine *e);

/* engine-control.c */
/* What was asked for now holds till the end, of this process too. Not in a dry run. */
void kvmb_engine_keep(struct kvmb_engine *e);

/* engine-new.c */
int kvmb_engine_add_fd(struct kvmb_engine *e, int fd);

/* engine-ksm.c */
bool kvmb_engine_ksm_ordered(const struct kvmb_plan *plan);
/* @saved: 0, or why the state could not be kept: then nothing is begun. */
void kvmb_engine_ksm_issue(struct kvmb_engine *e, int saved);
void kvmb_engine_ksm_finish(struct kvmb_engine *e, uint64_t now_ns);
/* 1: it is on its way back to what it was; 0: it is that; -errno: it cannot be set. */
int kvmb_engine_ksm_release(struct kvmb_engine *e);

/* engine-issue.c */
/* @saved: 0, or why the state could not be kept: then no BALLOON goes out, that is its result. */
void kvmb_engine_issue(struct kvmb_engine *e, const struct kvmb_plan *plan, int saved);
void kvmb_engine_finish(struct kvmb_engine *e, uint64_t now_ns);
void kvmb_engine_watch(struct kvmb_engine *e, const struct kvmb_sample *sample);

#endif
