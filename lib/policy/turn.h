/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One run of the policy: the host, a view of each guest, the plan that grows. Shared by its rules.
 */
#ifndef KVMB_POLICY_TURN_H
#define KVMB_POLICY_TURN_H

#include <kvmballoon.h>

#include "model/state.h"
#include "policy/cold-age.h"
#include "policy/damp.h"
#include "policy/estimate.h"
#include "policy/pressure.h"
#include "policy/share.h"

#define KVMB_UNIT_BYTES (4 * MIB)          /* dead band: less is not worth an action */
#define KVMB_BALLOON_ALIGN_BYTES (2 * MIB) /* keeps huge pages of the guest whole */

/* One guest, all stages so far. */
struct kvmb_view {
	const struct kvmb_guest_sample *guest;
	struct kvmb_state_guest *state;
	struct kvmb_policy policy; /* effective */
	enum kvmb_mode mode;       /* effective */
	enum kvmb_backend backend; /* where page-out goes */
	bool fit;                  /* runs, and its facts are fresh */
	bool awaited;              /* room is reserved for it that it has not taken yet */
	bool acted;                /* has its action of this turn: there is one at most */
	size_t action;             /* where that is in the plan */
	bool aged;                 /* its ages are known: page-out can be told what is cold */
	struct kvmb_cold_age cold; /* from when on it is */
	uint64_t cold_bytes;       /* idle for so long, above the floor */
	uint64_t idle_bytes;       /* taxed: idle for ColdAge, or free where ages are not known */
	struct kvmb_estimate estimate;
	struct kvmb_feel feel;
};

struct kvmb_turn {
	const struct kvmb_config *config;
	const struct kvmb_sample *sample;
	struct kvmb_state *state; /* after this turn */
	struct kvmb_plan *plan;
	struct kvmb_pressure host;
	uint64_t elapsed_ns;
	uint64_t unit_bytes;
	uint64_t host_rate_left_bytes;
	uint64_t unmet_bytes;     /* missing, and not given by all that is cheaper than KSM */
	uint64_t own_use_bytes;   /* of the host, at its peak; 0: not known */
	uint64_t swap_room_bytes; /* what may be swapped out */
	enum kvmb_why swap_room_why; /* what bounds that */
	struct kvmb_view *views;
	size_t n;
	struct kvmb_claim *claims; /* scratch, room for n */
	struct kvmb_view **claimants;
};

/* act.c: actions of a guest; each adds at most one to the plan and marks the view. */

/** kvmb_turn_balloon() - take @bytes by the balloon; less than 2 MiB may be lost to alignment */
int kvmb_turn_balloon(struct kvmb_turn *t, struct kvmb_view *v, enum kvmb_rule rule,
		      uint64_t bytes);
/** kvmb_turn_deflate() - let the guest have @target_bytes */
int kvmb_turn_deflate(struct kvmb_turn *t, struct kvmb_view *v, enum kvmb_rule rule,
		      uint64_t target_bytes);
/** kvmb_turn_pageout() - take @bytes of what was idle for @idle_usec or longer, coldest first */
int kvmb_turn_pageout(struct kvmb_turn *t, struct kvmb_view *v, enum kvmb_rule rule,
		      uint64_t idle_usec, uint64_t bytes);
int kvmb_turn_reclaim(struct kvmb_turn *t, struct kvmb_view *v, enum kvmb_rule rule,
		      uint64_t bytes);
/** kvmb_turn_refuse() - say why not; nothing for KVMB_WHY_NONE */
int kvmb_turn_refuse(struct kvmb_turn *t, const struct kvmb_view *v, enum kvmb_action_kind kind,
		     enum kvmb_why why);

/** kvmb_turn_reason() - one sentence on why @a is planned, with the numbers it rests on */
void kvmb_turn_reason(const struct kvmb_turn *t, const struct kvmb_view *v, struct kvmb_action *a);

/* able.c: what can be done to a guest now. */

/** kvmb_view_no_balloon() - why nothing may be taken by its balloon now, or NONE */
enum kvmb_why kvmb_view_no_balloon(const struct kvmb_turn *t, const struct kvmb_view *v);
/** kvmb_view_no_balloon_of() - the same of @bytes of it that are not what it holds free */
enum kvmb_why kvmb_view_no_balloon_of(const struct kvmb_turn *t, const struct kvmb_view *v,
				      uint64_t bytes);
/** kvmb_view_without_effect() - does such an action keep getting nothing? Once a minute it may */
bool kvmb_view_without_effect(const struct kvmb_turn *t, const struct kvmb_view *v,
			      enum kvmb_action_kind kind);
/** kvmb_view_worth_it() - is @bytes enough for a balloon's move? */
bool kvmb_view_worth_it(const struct kvmb_turn *t, const struct kvmb_view *v, uint64_t bytes);
/** kvmb_view_reporting() - does what it holds free come back by itself, if it is waited for? */
bool kvmb_view_reporting(const struct kvmb_turn *t, const struct kvmb_view *v);
/** kvmb_view_no_pageout() - why its cold memory may not be paged out now, or NONE */
enum kvmb_why kvmb_view_no_pageout(const struct kvmb_turn *t, const struct kvmb_view *v);
/** kvmb_view_no_pageout_of() - the same of @bytes of it that are not cold by its own threshold */
enum kvmb_why kvmb_view_no_pageout_of(const struct kvmb_turn *t, const struct kvmb_view *v,
				      uint64_t bytes);
/** kvmb_view_no_reclaim() - why its scope may not be reclaimed from now, or NONE */
enum kvmb_why kvmb_view_no_reclaim(const struct kvmb_turn *t, const struct kvmb_view *v);
/** kvmb_view_can_deflate() - has a balloon, and is not being given back just now */
bool kvmb_view_can_deflate(const struct kvmb_turn *t, const struct kvmb_view *v);
/** kvmb_view_idle() - what was idle for @idle_usec or longer, above the floor */
uint64_t kvmb_view_idle(const struct kvmb_turn *t, const struct kvmb_view *v, uint64_t idle_usec);
/** kvmb_view_rate_left() - what may be taken of it within its rate */
uint64_t kvmb_view_rate_left(const struct kvmb_turn *t, const struct kvmb_view *v);
/** kvmb_view_gain() - what the host would win by its balloon now */
uint64_t kvmb_view_gain(const struct kvmb_turn *t, const struct kvmb_view *v);
/**
 * kvmb_view_goal() - as far as a guest is given back: what it had before our first order
 * Where somebody else had set less than its limit or maximum, that stands, whatever the guest says.
 */
uint64_t kvmb_view_goal(const struct kvmb_view *v);
/** kvmb_view_promised() - what the guest has, or will have once its balloon has followed */
uint64_t kvmb_view_promised(const struct kvmb_view *v);

/* The rules, in the order in which they are asked. */

int kvmb_give_to_guests(struct kvmb_turn *t);  /* give.c: guests that suffer, guests let go */
int kvmb_serve_requests(struct kvmb_turn *t);  /* request.c: of the operator */
int kvmb_hold_limits(struct kvmb_turn *t);     /* request.c */
int kvmb_take_for_host(struct kvmb_turn *t);   /* order.c: the host is short */
/** kvmb_take_last_resort() - last-resort.c: @unmet_bytes are what all means do not give */
void kvmb_take_last_resort(struct kvmb_turn *t, uint64_t unmet_bytes);
int kvmb_take_proactive(struct kvmb_turn *t);  /* proactive.c: it is not */
int kvmb_give_spare(struct kvmb_turn *t);      /* give.c: it has plenty */

/** kvmb_turn_ksm() - ksm.c: samepage merging, with or without guests */
void kvmb_turn_ksm(struct kvmb_turn *t);

/** kvmb_turn_learn() - learn.c: what all this says of overcommit; -ENOMEM */
int kvmb_turn_learn(struct kvmb_turn *t);

#endif
