/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the policy remembers from tick to tick, per guest and for the host.
 *
 * Guests are kept by UUID: a name can move to another domain. Times are those of the samples
 * (CLOCK_MONOTONIC), which mean nothing after a reboot: the JSON form has what is left of each
 * pause instead, and a state that was read begins its time with its first tick.
 */
#ifndef KVMB_MODEL_STATE_H
#define KVMB_MODEL_STATE_H

#include <kvmballoon.h>

#include "base/cleanup.h"
#include "base/num.h"

struct kvmb_json;

KVMB_DEFINE_CLEANUP(struct kvmb_state *, kvmb_state_free);

#define KVMB_RATE_SLOT_NS (5 * NSEC_PER_SEC)
#define KVMB_RATE_SLOTS 13 /* a minute of 5 s slots, and the one that runs */

/* What came in the last minute: 60 to 65 s of it, so that a limit holds in every single minute. */
struct kvmb_rate {
	uint64_t slot; /* number of the newest slot: time / KVMB_RATE_SLOT_NS */
	uint64_t sums[KVMB_RATE_SLOTS]; /* ring, by slot number */
};

void kvmb_rate_add(struct kvmb_rate *rate, uint64_t now_ns, uint64_t amount);
uint64_t kvmb_rate_sum(const struct kvmb_rate *rate, uint64_t now_ns);
/** kvmb_rate_left() - what a limit per minute still allows */
uint64_t kvmb_rate_left(const struct kvmb_rate *rate, uint64_t now_ns, uint64_t limit);

#define KVMB_TREND_POINTS 8

/* Available memory of the last seconds, oldest first; see policy/trend.h. */
struct kvmb_trend {
	size_t n;
	uint64_t at_ns[KVMB_TREND_POINTS];
	uint64_t available_bytes[KVMB_TREND_POINTS];
};

#define KVMB_OWN_USE_SLOTS 61 /* ten minutes of 10 s slots, and the one that runs */

/* The least that the host itself used in each slot; 0: not known. See policy/reserve.h. */
struct kvmb_own_use {
	uint64_t slot; /* number of the newest one */
	uint64_t least_bytes[KVMB_OWN_USE_SLOTS]; /* ring, by slot number */
	uint64_t last_bytes; /* as it was known last */
};

#define KVMB_NO_EFFECT_MAX 3 /* actions in a row that got nothing: degraded */
#define KVMB_REQUEST_NS (10 * NSEC_PER_MINUTE) /* an operator's request is dropped after that */

/* Counters of the last tick, to see how fast they grow. */
struct kvmb_state_counters {
	bool host_valid;
	bool store_valid;       /* the refaults below are with those of its store */
	uint64_t host_since_ns; /* the first look */
	uint64_t refaults;      /* anon and file, of the scope; and faults of its store */
	uint64_t guest_ns;      /* when the guest told the two below; 0 never */
	uint64_t swap_in_bytes;
	uint64_t major_faults;
};

#define KVMB_COLD_MINUTES 120 /* remembered: two of them may be the worst 2 %, and are let pass */

/* From what idle time on a guest's memory is cold; see policy/cold-age.h. */
struct kvmb_state_cold {
	enum kvmb_aging source; /* of the ages below; NONE: nobody tells */
	uint64_t since_ns;      /* its ages go on since then, or nobody tells them */
	uint64_t told_ns;       /* when it was asked last */
	uint64_t minute_ns;     /* the running minute began; 0: none runs */
	uint64_t promoted_bytes[KVMB_AGE_BUCKETS]; /* the counters then */
	/* Of the last whole minute: pages a minute, touched again after that long or longer. */
	bool judged;
	uint64_t back_pages[KVMB_AGE_BUCKETS];
	/* Of each whole minute, oldest first: the least bucket that kept within the target. */
	uint32_t n_minutes;
	uint8_t minutes[KVMB_COLD_MINUTES];
	uint32_t floor_bucket; /* not cold below that: the guest read back too much; 0: none */
	uint64_t floor_ns;     /* raised or lowered last */
};

struct kvmb_state_guest {
	char uuid[KVMB_UUID_SIZE];
	char name[KVMB_NAME_SIZE];
	int32_t pid; /* another one: the domain was started anew, its balloon is no longer ours */
	uint64_t seen_ns;
	struct kvmb_policy runtime; /* set over D-Bus; only members in `set` */
	/* the balloon */
	uint64_t target_bytes; /* last size that was ordered; 0: nothing of it is ours */
	uint64_t before_bytes; /* what the guest had before our first order */
	uint64_t seen_balloon_bytes;   /* in the last tick */
	uint64_t report_ns;            /* when the guest told its last statistics; 0 never */
	uint64_t report_balloon_bytes; /* largest its balloon can have been then, or was since */
	/* reclaim asked for by the operator */
	uint64_t request_bytes; /* still to be taken; 0 none */
	uint64_t request_until_ns;
	/* the action that was planned last; counts while the sample says in_flight */
	enum kvmb_action_kind pending_kind;
	enum kvmb_backend pending_backend; /* PAGEOUT: where it goes */
	uint64_t pending_bytes;
	/* back-off */
	uint32_t step_permyriad;   /* part of the full step that reclaim may use now */
	uint64_t reclaim_after_ns; /* no reclaim before */
	uint64_t balloon_after_ns; /* no balloon before */
	uint64_t high_after_ns;    /* no limit before */
	uint32_t balloon_pause_sec; /* length of the next such pause; doubles */
	uint32_t n_barren;         /* balloons in a row that won the host next to nothing */
	uint64_t barren_until_ns;  /* until then its free memory is taken to be untouched */
	uint32_t stuck_pause_sec;  /* its balloon stopped short; 0: it did not; model/stuck.h */
	uint64_t stuck_until_ns;   /* nothing is expected of it before */
	uint64_t unreported_ns;    /* it should report what it holds free, since; 0 nothing */
	uint64_t unreported_bytes; /* resident then */
	/* rates */
	struct kvmb_rate taken;    /* bytes asked */
	struct kvmb_rate refaults; /* pages */
	struct kvmb_state_counters counters;
	struct kvmb_state_cold cold;
	/* totals since the state was made */
	uint64_t taken_bytes;
	uint64_t given_bytes;
	int64_t net_bytes;
	uint64_t n_actions;
	uint32_t n_no_effect[KVMB_ACTION_KINDS]; /* in a row */
	uint64_t retry_ns[KVMB_ACTION_KINDS];    /* a degraded kind is not tried before */
};

#define KVMB_ADVICE_HOURS 24

/* What guests use of what they are promised; see policy/advice.h. */
struct kvmb_state_advice {
	uint64_t hour; /* number of the newest one */
	/* The most in each hour, newest first; 0: not known. */
	uint64_t use_permyriad[KVMB_ADVICE_HOURS];  /* in use */
	uint64_t held_permyriad[KVMB_ADVICE_HOURS]; /* resident or swapped */
	/* Of the last tick: */
	uint64_t n_guests;
	uint64_t promised_bytes;
	uint64_t room_bytes; /* what the host has for guests; 0: not known */
	uint64_t swap_bytes;
	uint32_t known_permyriad; /* how well ages are known; 0: too few are */
	uint32_t alike_permyriad; /* how many guests there are, and how alike */
	uint32_t calm_permyriad;  /* promised to guests that keep within their refault target */
};

/*
 * What was written to the host's swap and how long its reads take; see model/swap-guard.h. Not kept
 * over restarts: it is known again with the second sample.
 */
struct kvmb_swap_guard {
	bool seen;
	uint64_t at_ns; /* of out_pages */
	uint64_t out_pages;
	uint64_t reads_ns; /* of the two: what came since is not judged yet */
	uint64_t reads;    /* 0: none, or not known */
	uint64_t read_usec;
	struct kvmb_rate written; /* bytes, by whomever */
	uint64_t latency_usec;    /* mean of a read: the worst one of the last ten seconds */
	uint64_t latency_ns;      /* when that was seen */
};

/* Samepage merging; see policy/ksm.h. */
struct kvmb_state_ksm {
	enum kvmb_ksm_state state;
	bool taken;    /* it is ours: what was set before is to be put back */
	bool stopping; /* that was ordered */
	bool proving;  /* no verdict on its gain yet: it has not scanned everything twice */
	bool yielded;  /* somebody else changed it while it was ours */
	uint32_t before_pages_to_scan;
	uint32_t before_sleep_msec;
	uint32_t pages_to_scan; /* as ordered last */
	uint32_t pause_sec;     /* length of the last pause; doubles */
	uint64_t ordered_ns;    /* the last order; 0: before a restart */
	uint64_t retry_ns;      /* not run before */
	/* When its gain was looked at last, and the figures then; 0: not yet. */
	uint64_t look_ns;
	uint64_t saved_bytes;
	uint64_t cpu_usec;
	uint64_t scans; /* full scans when it was last worth it, or begun */
};

struct kvmb_state {
	bool fresh;   /* made or read, no tick yet: times count from 0 */
	bool pressed; /* the host's PSI was above its bound */
	bool swap_short; /* swap had less room than the host needed */
	enum kvmb_level level;
	enum kvmb_level base_level; /* by available memory alone */
	uint64_t last_ns;
	uint64_t relaxed_ns; /* since when level is relaxed, if it is */
	uint64_t hard_ns;    /* since when it is hard or worse; 0 it is not */
	struct kvmb_rate taken;
	/*
	 * These three are not kept over restarts: points in time mean nothing then, and the window
	 * is full again in seconds, the peak in minutes.
	 */
	struct kvmb_rate given; /* bytes ordered to be given back because the host has plenty */
	struct kvmb_trend trend;
	struct kvmb_own_use own_use;
	bool alarm;   /* hard up, and nothing is left to take */
	uint64_t alarm_turns_ns; /* since when it is the other way round; 0 it is not */
	bool falling; /* the trend had raised the level */
	struct kvmb_state_ksm ksm;
	struct kvmb_state_advice advice; /* of it the hours are kept over restarts */
	bool reserving; /* room was being made for reservations */
	uint32_t last_reservation; /* id of the newest one that ever was */
	struct kvmb_reservation *reservations; /* oldest first, KVMB_RESERVATIONS_MAX at most */
	size_t n_reservations;
	struct kvmb_swap_guard swap;
	/* totals, guests that are gone included */
	uint64_t taken_bytes;
	uint64_t given_bytes;
	int64_t net_bytes;
	struct kvmb_state_guest *guests; /* ordered by UUID */
	size_t n_guests;
};

int kvmb_state_copy(const struct kvmb_state *s, struct kvmb_state **ret);

/*
 * All of it, times as they are: from this form, unlike the one that is kept over restarts, the next
 * decision is the very same. What is read is checked for its bounds; -EBADMSG names the fault.
 */
int kvmb_state_to_exact(const struct kvmb_state *s, struct kvmb_json **ret);
int kvmb_state_from_exact(const struct kvmb_json *o, struct kvmb_state **ret, char **ret_error);

/** kvmb_state_find() - NULL if there is none. Binary search. */
struct kvmb_state_guest *kvmb_state_find(const struct kvmb_state *s, const char *uuid);

/**
 * kvmb_state_guest() - find it, or make it
 * Pointers to other guests of @s are void after one was made.
 * Return: 0, -ENOMEM, -ENOSPC at KVMB_GUESTS_MAX, -ENAMETOOLONG.
 */
int kvmb_state_guest(struct kvmb_state *s, const char *uuid, const char *name,
		     struct kvmb_state_guest **ret);

/** kvmb_state_set_runtime() - lay the members in @p->set over the guest's runtime policy */
int kvmb_state_set_runtime(struct kvmb_state *s, const char *uuid, const char *name,
			   const struct kvmb_policy *p);

/** kvmb_state_drop_runtime() - what was set at run time of the members in @fields holds no more */
void kvmb_state_drop_runtime(struct kvmb_state *s, const char *uuid, uint32_t fields);

/** kvmb_state_request() - the operator wants @bytes of this guest; replaces an earlier request */
int kvmb_state_request(struct kvmb_state *s, const char *uuid, const char *name, uint64_t bytes);

/* reservation.c */

/** kvmb_reservation_open() - it has not ended */
bool kvmb_reservation_open(const struct kvmb_reservation *r);
/** kvmb_state_reserved() - what all hold together, but for those of the guest @name, if not "" */
uint64_t kvmb_state_reserved(const struct kvmb_state *s, const char *name);
/**
 * kvmb_state_reserve() - add one, pending; an open one for the same guest is released
 * @wanted: its name, bytes and until_ns
 * Return: 0, -ENOSPC there are KVMB_RESERVATIONS_MAX open ones for others, -ENOMEM.
 */
int kvmb_state_reserve(struct kvmb_state *s, const struct kvmb_reservation *wanted,
		       uint32_t *ret_id);
/** kvmb_state_unreserve() - -ENOENT if there is none that is open */
int kvmb_state_unreserve(struct kvmb_state *s, uint32_t id);

/** kvmb_state_pending() - kind of the action that is under way for @g; KVMB_ACTION_KINDS: none */
enum kvmb_action_kind kvmb_state_pending(const struct kvmb_state *s,
					 const struct kvmb_guest_sample *g);

/**
 * kvmb_state_moved() - how far the balloon may have moved since the guest told its statistics
 *
 * What it called free then is less by that much now: a report may be seconds old, and from before
 * our last step.
 */
uint64_t kvmb_state_moved(const struct kvmb_state_guest *g, const struct kvmb_guest_sample *sample);

/** kvmb_state_refaults_allowed() - pages a minute by the refault target; 64 at least */
uint64_t kvmb_state_refaults_allowed(const struct kvmb_policy *policy,
				     const struct kvmb_guest_sample *sample);

/**
 * kvmb_state_reads_back() - may the guest's stalls come from pages that were taken from it?
 *
 * False only if it is known not to refault above its target. Then it stalls because the host has no
 * free page to give it, and leaving it alone makes that worse.
 */
bool kvmb_state_reads_back(const struct kvmb_state_guest *g, const struct kvmb_policy *policy,
			   const struct kvmb_guest_sample *sample, uint64_t now_ns);

/**
 * kvmb_state_degraded() - BALLOON_STUCK where its balloon stopped short of what it was told,
 * NO_EFFECT where some kind of action gets nothing, or NONE
 */
enum kvmb_why kvmb_state_degraded(const struct kvmb_state_guest *g);

/**
 * kvmb_state_advance() - one tick: take in new guests, forget those long gone
 *
 * A guest is forgotten ten minutes after it was last seen, a day if its balloon was out, never if
 * it has a runtime policy. In a sample without valid guests nobody is forgotten.
 * Return: 0, -ENOMEM, -EINVAL for a sample older than the last one.
 */
int kvmb_state_advance(struct kvmb_state *s, const struct kvmb_sample *sample);

#endif
