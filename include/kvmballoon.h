/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libkvmballoon: sample -> policy -> plan -> validate -> actuators for KVM memory overcommit.
 *
 * Conventions, for every function below:
 *  - Return 0 (or a documented positive value) on success, a negative errno on failure.
 *  - An output argument (`ret`, `ret_x`) is written only on success.
 *  - Sizes are bytes (`_bytes`), times are CLOCK_MONOTONIC nanoseconds (`_ns`) or lengths in
 *    microseconds (`_usec`), ratios are permyriad (1/10000) or ppm (1/1000000). No floats.
 *  - The library never logs, exits or aborts. Objects are not thread-safe unless it is said.
 *  - Strings are UTF-8; a fixed-size char array is always NUL-terminated.
 *
 * The plain structs are part of the ABI of this soname; they change only with it.
 */
#ifndef KVMBALLOON_H
#define KVMBALLOON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define KVMB_NAME_SIZE 256 /* libvirt names longer than 255 bytes are not managed, and said so */
#define KVMB_UUID_SIZE 37
#define KVMB_PATH_SIZE 512
#define KVMB_TEXT_SIZE 256
#define KVMB_GUESTS_MAX 16384 /* more than any host runs; bounds hostile input */
#define KVMB_UNKNOWN UINT64_MAX /* a size or time that could not be read */

/* ---- Policy ------------------------------------------------------------------------------ */

/* What the agent may do. Ordered: the effective mode is the lesser of host's and guest's. */
enum kvmb_mode {
	KVMB_MODE_OFF,       /* not even sampled for decisions */
	KVMB_MODE_OBSERVE,   /* plans are made and shown, nothing is done */
	KVMB_MODE_PRESSURE,  /* act when the host is short of memory */
	KVMB_MODE_PROACTIVE, /* also act when it is not, as far as guests do not feel it */
};

/* Lower classes give first. */
enum kvmb_priority {
	KVMB_PRIORITY_LOW,
	KVMB_PRIORITY_NORMAL,
	KVMB_PRIORITY_HIGH,
};

/* Where page-out moves what is cold. */
enum kvmb_backend {
	KVMB_BACKEND_AUTO, /* to its store, if any, on a host without swap; else to swap */
	KVMB_BACKEND_SWAP, /* to the host's swap */
	KVMB_BACKEND_FAR,  /* to the guest's store of kvm_swap(4), and nowhere else */
	KVMB_BACKENDS,
};

/* Where a value of a guest's policy came from, weakest first. */
enum kvmb_policy_source {
	KVMB_POLICY_BUILTIN,
	KVMB_POLICY_CONFIG,   /* [Defaults] of the configuration */
	KVMB_POLICY_CLASS,    /* [Class PATTERN] of the configuration */
	KVMB_POLICY_METADATA, /* the guest's definition in libvirt, which goes with it */
	KVMB_POLICY_GUEST,    /* [Guest NAME] of the configuration */
	KVMB_POLICY_RUNTIME,  /* D-Bus */
};

/* One bit per member of struct kvmb_policy; also the index of kvmb_policy.source[]. */
enum kvmb_policy_field {
	KVMB_FIELD_GUARANTEE,
	KVMB_FIELD_LIMIT,
	KVMB_FIELD_SHARES,
	KVMB_FIELD_PRIORITY,
	KVMB_FIELD_REFAULT_TARGET,
	KVMB_FIELD_MODE,
	KVMB_FIELD_BACKEND,
	KVMB_FIELDS,
};

#define KVMB_SHARES_MIN 1
#define KVMB_SHARES_MAX 1000000

struct kvmb_policy {
	uint32_t set; /* bit mask of kvmb_policy_field: which members are meant */
	uint32_t shares;
	uint64_t guarantee_bytes; /* resident memory is never taken below this */
	uint64_t limit_bytes;     /* balloon is never given more; UINT64_MAX: the guest's maximum */
	uint32_t refault_target_ppm; /* of the working set, per minute; 0.2 % = 2000 */
	enum kvmb_priority priority;
	enum kvmb_mode mode;
	enum kvmb_backend backend;
	enum kvmb_policy_source source[KVMB_FIELDS];
};

/* ---- Configuration ----------------------------------------------------------------------- */

/* Host thresholds and pace. Field names are the keys of section [Host] in kvm-balloond.conf(5). */
struct kvmb_host_config {
	enum kvmb_mode mode;
	bool ksm_auto; /* KSM=auto: samepage merging is run where it pays; otherwise never */
	bool metadata; /* policies in definitions count; otherwise nobody looks at them */
	uint64_t interval_usec; /* of the tick while nothing happens */
	/* Level is at least this one when available memory is below that part of the total. */
	uint32_t elevated_available_permyriad;
	uint32_t hard_available_permyriad;
	uint32_t emergency_available_permyriad;
	uint32_t hysteresis_permyriad; /* this much more is needed to leave a level */
	/* PSI avg10 of the host at which level rises by one whatever is available. */
	uint32_t pressure_some_permyriad;
	uint32_t pressure_full_permyriad;
	/*
	 * PSI avg10 of a guest's scope from which nothing more is taken from it, and reclaim of it
	 * that is under way stops. Nothing is given back for that: the guest itself must lack
	 * memory.
	 */
	uint32_t guest_pressure_some_permyriad;
	/* PSI trigger (Documentation/accounting/psi.rst): stall_usec within window_usec. */
	uint64_t trigger_stall_usec;
	uint64_t trigger_window_usec;
	uint32_t swap_reserve_permyriad; /* of swap kept free: no page-out beyond */
	uint64_t step_bytes;             /* most that one action takes from one guest */
	uint64_t guest_rate_bytes;       /* most that is taken from one guest in a minute */
	uint64_t host_rate_bytes;        /* the same, for all guests together */
	/* free memory left inside a guest by the balloon, at least */
	uint64_t guest_headroom_bytes;
	uint32_t guest_headroom_permyriad; /* and at least this part of what the guest uses */
	uint64_t stale_usec;             /* facts older than this are not acted upon */
	uint64_t aging_usec;             /* guests' memory is aged so often; 0: not at all */
	uint64_t cold_usec;              /* memory untouched for so long is cold */
	/* Nothing is swapped out beyond so much that is written to swap a second; 0: any. */
	uint64_t swap_write_bytes;
	/* Nothing is swapped out while reads of swap take longer; 0: whatever they take. */
	uint64_t swap_latency_usec;
};

struct kvmb_config_guest {
	char name[KVMB_NAME_SIZE];
	struct kvmb_policy policy;
	uint32_t line;             /* of the section, for messages */
	char file[KVMB_PATH_SIZE];
};

/* The guests whose names match. */
struct kvmb_config_class {
	char pattern[KVMB_NAME_SIZE];
	struct kvmb_policy policy;
};

#define KVMB_CLASSES_MAX 256 /* each name is compared with all of them */

struct kvmb_config {
	struct kvmb_host_config host;
	struct kvmb_policy defaults; /* every member valid; `set` says which were configured */
	struct kvmb_config_class *classes; /* as they were written: later ones are stronger */
	size_t n_classes;
	struct kvmb_config_guest *guests; /* ordered by name, unique */
	size_t n_guests;
};

/**
 * kvmb_config_new() - the built-in configuration
 * Return: 0 or -ENOMEM. Free with kvmb_config_free().
 */
int kvmb_config_new(struct kvmb_config **ret);

/**
 * kvmb_config_load() - built-in values, then one file, then its drop-ins in order of their names
 * @root: directory that all paths are below, or NULL for "/"
 * @path: main file, e.g. "/etc/kvm-balloond.conf"; its absence is not an error
 * @ret_error: on failure set to a malloc'ed text, "file:line: what, what is allowed" for
 * -EBADMSG, or
 * left alone where there is no more to say than the errno; begin with NULL, and free it
 *
 * Drop-ins are NAME.d/X.conf beside the file NAME, in /run and in /usr/lib; one in an earlier of
 * these
 * folders hides those of the same name X in later ones (systemd's rule; also if it is empty).
 * Return: 0, -EBADMSG for a fault in the text, another -errno where a file could not be read.
 */
int kvmb_config_load(const char *root, const char *path, struct kvmb_config **ret,
		     char **ret_error);
struct kvmb_config *kvmb_config_free(struct kvmb_config *c);

/**
 * kvmb_config_policy() - the effective policy of a guest
 * @metadata: what its definition says (only members in its `set` count), or NULL
 * @runtime: what D-Bus set, likewise
 * @ret: every member valid, `source` filled
 *
 * Weakest first: built-in, [Defaults], each [Class] that its name matches in the order in which
 * they are written, @metadata, [Guest], @runtime. A class that contradicts what is weaker than it,
 * and @metadata that contradicts anything, do not count for this guest. Where the rest contradicts
 * itself still, classes that contradict what is stronger do not, or else @runtime does not.
 */
void kvmb_config_policy(const struct kvmb_config *c, const char *name,
			const struct kvmb_policy *metadata, const struct kvmb_policy *runtime,
			struct kvmb_policy *ret);

/**
 * kvmb_policy_set() - parse one "Key", "value" pair as written in [Guest] sections and by the CLI
 * Return: 0, -ENOENT for an unknown key, -EINVAL for a bad value; @ret_error (optional) then gets
 * a malloc'ed text that says what is allowed.
 */
int kvmb_policy_set(struct kvmb_policy *p, const char *key, const char *value, char **ret_error);

/**
 * kvmb_policy_check() - 0, or -EINVAL where members contradict each other (guarantee above limit)
 */
int kvmb_policy_check(const struct kvmb_policy *p, char **ret_error);

/**
 * kvmb_parse_bytes() - "512M", "1.5G", "4096" (suffixes K M G T, powers of 1024); -EINVAL, -ERANGE
 */
int kvmb_parse_bytes(const char *text, uint64_t *ret_bytes);

const char *kvmb_mode_to_string(enum kvmb_mode v);
const char *kvmb_priority_to_string(enum kvmb_priority v);
const char *kvmb_backend_to_string(enum kvmb_backend v); /* "auto", "swap", "far" */
const char *kvmb_policy_source_to_string(enum kvmb_policy_source v);
const char *kvmb_policy_field_to_string(enum kvmb_policy_field v); /* "Guarantee", ... */
int kvmb_mode_from_string(const char *s);     /* value or -EINVAL */
int kvmb_priority_from_string(const char *s); /* value or -EINVAL */

/* ---- Sample ------------------------------------------------------------------------------ */

/* One line pair of a memory.pressure file. avg in permyriad of the time, totals in usec. */
struct kvmb_psi {
	uint32_t some_avg10_permyriad;
	uint32_t some_avg60_permyriad;
	uint32_t full_avg10_permyriad;
	uint32_t full_avg60_permyriad;
	uint64_t some_total_usec;
	uint64_t full_total_usec;
};

/* Kernel samepage merging: ksmd and what it has merged (Documentation/admin-guide/mm/ksm.rst). */
struct kvmb_ksm {
	bool valid;    /* the kernel has it, and what ksmd costs is known */
	bool advised;  /* the kernel's own advisor sets the pace (Linux 6.8) */
	uint32_t run;  /* 0 stopped, 1 runs, 2 everything is unmerged */
	uint32_t pages_to_scan; /* each time that ksmd wakes up, */
	uint32_t sleep_msec;    /* which is so often */
	uint64_t full_scans;    /* of all that may be merged, since boot */
	uint64_t saved_bytes;   /* what merging saves now; less its own records where told */
	uint64_t cpu_usec;      /* CPU time of ksmd since boot */
};

/* All stores of this host together, see struct kvmb_store. */
struct kvmb_host_store {
	bool valid;           /* a guest's store told of them */
	uint64_t out_bytes;   /* out of guests now, those included that were let go */
	uint64_t pool_bytes;  /* memory that this takes */
	uint64_t limit_bytes; /* nothing more goes out from there on; KVMB_UNKNOWN: none */
};

struct kvmb_host_sample {
	uint64_t total_bytes;
	uint64_t available_bytes; /* MemAvailable: already without shared memory; <= total */
	uint64_t free_bytes;
	uint64_t shmem_bytes;
	uint64_t swap_total_bytes;
	uint64_t swap_free_bytes;
	uint64_t swap_ram_bytes; /* RAM that swap itself occupies: zram mem_used plus zswap pool */
	uint64_t swap_in_pages;  /* counters since boot */
	uint64_t swap_out_pages;
	uint64_t refault_anon;
	uint64_t refault_file;
	uint64_t oom_kills;
	uint64_t swap_reads;     /* of swap devices: done; counter */
	uint64_t swap_read_usec; /* how long they took together; counter */
	struct kvmb_psi psi;
	bool psi_valid;
	bool triggered; /* a PSI trigger of the host fired since the last sample */
	struct kvmb_ksm ksm;
	struct kvmb_host_store store;
};

enum kvmb_guest_state {
	KVMB_GUEST_RUNNING,
	KVMB_GUEST_PAUSED,
	KVMB_GUEST_SHUTDOWN, /* on its way out */
	KVMB_GUEST_OTHER,
};

/* Why a guest, or its statistics, are not used. Tokens: kvmb_why_to_string(). */
enum kvmb_why {
	KVMB_WHY_NONE,
	KVMB_WHY_PAUSED,
	KVMB_WHY_SHUTDOWN,
	KVMB_WHY_NO_BALLOON,       /* no virtio balloon device */
	KVMB_WHY_STATS_MISSING,    /* no driver in the guest, or not polled yet */
	KVMB_WHY_STATS_STALE,
	KVMB_WHY_STATS_ZERO,
	KVMB_WHY_STATS_IMPOSSIBLE, /* larger than the guest, or contradicting each other */
	KVMB_WHY_NO_CGROUP,        /* scope not found */
	KVMB_WHY_FACTS_STALE,      /* libvirt did not answer of late, or too long in the queue */
	KVMB_WHY_MODE_OFF,
	KVMB_WHY_MODE_OBSERVE,
	KVMB_WHY_AT_GUARANTEE,
	KVMB_WHY_GUEST_PRESSURE,
	KVMB_WHY_BACKOFF,          /* refaults or pressure after the last action */
	KVMB_WHY_IN_FLIGHT,        /* an earlier action is still running */
	KVMB_WHY_GUEST_RATE,
	KVMB_WHY_HOST_RATE,
	KVMB_WHY_SWAP_RESERVE,
	KVMB_WHY_NO_SWAP,
	KVMB_WHY_TOO_SMALL,        /* below the dead band */
	KVMB_WHY_GONE,             /* guest vanished between plan and action */
	KVMB_WHY_CHANGED,          /* facts changed between plan and action */
	KVMB_WHY_NO_EFFECT,        /* asked > 0, got = 0, three times in a row */
	KVMB_WHY_NOT_COLD,         /* what it holds is in use */
	KVMB_WHY_PASSTHROUGH,      /* a device reaches into its memory: VFIO, vDPA */
	KVMB_WHY_ENCRYPTED,        /* SEV, TDX and the like */
	KVMB_WHY_LOCKED,           /* its memory is locked or pinned */
	KVMB_WHY_HUGETLB,          /* huge pages of a pool that is nobody else's */
	KVMB_WHY_SHARED,           /* other processes map its memory: it is not swapped out */
	KVMB_WHY_MIGRATING,
	KVMB_WHY_SAVING,           /* to a file, or from one */
	KVMB_WHY_SNAPSHOT,
	KVMB_WHY_BALLOON_DEAD,     /* asked for statistics, it never sent any */
	KVMB_WHY_DEFINITION,       /* libvirt's definition of it cannot be read */
	KVMB_WHY_BALLOON_STUCK,    /* its balloon stopped short of its target */
	KVMB_WHY_SWAP_WRITES,      /* as much as may be was written to the host's swap of late */
	KVMB_WHY_SWAP_SLOW,        /* reads of the host's swap take too long */
	KVMB_WHY_LAST_RESORT,      /* not of the lowest class, or the host is not that short */
	KVMB_WHY_REPORTING,        /* what it holds free comes back by itself soon */
	KVMB_WHY_RESERVED,         /* it is about to grow into room that is held for it */
	KVMB_WHY_NO_STORE,         /* Backend=far, and there is no store for it */
	KVMB_WHY_STORE_FULL,       /* its store, or all of them, have grown to their limit */
	KVMB_WHY_FAR_ONLY,         /* Backend=far: nothing of it is to go to swap */
	KVMB_WHYS,
};

/* What tells the age of a guest's memory, better ones last. */
enum kvmb_aging {
	KVMB_AGING_NONE,
	KVMB_AGING_MGLRU,  /* generations of its cgroup's LRU: amounts only, no addresses */
	KVMB_AGING_DAMON,  /* regions, sampled (Documentation/mm/damon) */
	KVMB_AGING_MODULE, /* kvm_swap(4): exact to the page */
	KVMB_AGINGS,
};

#define KVMB_AGE_BUCKETS 16

/*
 * Resident memory by how long it has not been touched. Bucket i holds what was idle for at least
 * kvmb_age_bucket_usec(i) and less than that of i + 1; the last one has no end.
 */
struct kvmb_ages {
	enum kvmb_aging source;
	uint64_t told_ns; /* when the source was asked last */
	uint64_t cold_bytes[KVMB_AGE_BUCKETS];
	/* counters: touched again after it was idle for so long; 0 where the source cannot tell */
	uint64_t promoted_bytes[KVMB_AGE_BUCKETS];
};

/** kvmb_age_bucket_usec() - where bucket @i begins: 0, 5 s, and doubling from there on (22 h) */
uint64_t kvmb_age_bucket_usec(unsigned int i);
/** kvmb_ages_idle() - bytes idle for @usec or longer: whole buckets, so rather too few */
uint64_t kvmb_ages_idle(const struct kvmb_ages *a, uint64_t usec);

enum kvmb_compressor {
	KVMB_COMPRESSOR_NONE,
	KVMB_COMPRESSOR_LZ4,
	KVMB_COMPRESSOR_ZSTD,
	KVMB_COMPRESSORS,
};

#define KVMB_FAULT_BUCKETS 32

/*
 * A guest's store of kvm_swap(4): memory that left it, compressed, in the kernel's own. The kernel
 * goes on counting a page that is out as resident. Counters are of pages of 4096 bytes, since the
 * store was made.
 */
struct kvmb_store {
	bool valid; /* the module offers one for this guest; without that the rest is 0 */
	bool encrypted;
	enum kvmb_compressor compressor; /* of what is out; NONE before the first page */
	uint64_t out_bytes;         /* out now */
	uint64_t same_filled_bytes; /* of that: one word repeated, takes no room */
	uint64_t stored_bytes;      /* what the others were compressed to */
	uint64_t pool_bytes;        /* memory that this takes */
	uint64_t metadata_bytes;    /* memory for what is remembered of each page */
	uint64_t limit_bytes;       /* of the pool; KVMB_UNKNOWN: none */
	uint64_t outs;              /* went out */
	uint64_t faults;            /* came home by a touch */
	uint64_t fetched;           /* came home because somebody asked for it */
	uint64_t dropped;           /* were discarded while out */
	uint64_t dense;             /* tried, and did not compress */
	uint64_t integrity_failures; /* could not be read back as they were */
	/* Faults by their time: 2^i to 2^(i+1) - 1 ns, the first from 0, the last without end. */
	uint64_t fault_ns[KVMB_FAULT_BUCKETS];
};

/**
 * kvmb_store_fault_ns() - what @permyriad of all faults did not exceed: the upper bound of the
 * bucket that this one is in; KVMB_UNKNOWN where there were none, or it is in the last bucket
 */
uint64_t kvmb_store_fault_ns(const struct kvmb_store *s, uint32_t permyriad);

const char *kvmb_compressor_to_string(enum kvmb_compressor v); /* "none", "lz4", "zstd" */

/*
 * What a guest's memory is, and who else holds on to it: as libvirt defines the guest, and as the
 * kernel accounts it to QEMU. Some of it cannot be taken, whatever the policy says.
 */
struct kvmb_backing {
	bool passthrough; /* a device is passed through (VFIO, vDPA): the memory is pinned for it */
	bool encrypted;   /* launchSecurity: SEV, SEV-ES, SEV-SNP, TDX, Secure Execution */
	bool locked;      /* <locked/> */
	bool hugetlb;     /* <hugepages/> */
	bool shared;      /* mapped by others too: vhost-user, virtiofs, or a shared file */
	bool unread;      /* the definition could not be read (again): the above may be wrong */
	bool reports_free; /* the balloon's free page reporting: what it frees comes back */
	uint64_t locked_bytes;  /* locked and pinned by QEMU (VmLck, VmPin) */
	uint64_t hugetlb_bytes; /* of QEMU (HugetlbPages) */
};

/*
 * One guest. Everything below the line "from the guest" is hostile input: kept apart, and used
 * only if stats_why is KVMB_WHY_NONE (decided by kvmb_guest_check_stats()).
 */
struct kvmb_guest_sample {
	char name[KVMB_NAME_SIZE];
	char uuid[KVMB_UUID_SIZE];
	char cgroup[KVMB_PATH_SIZE]; /* path of its scope below the cgroup root, "" unknown */
	int32_t pid;                 /* of QEMU; 0 unknown */
	enum kvmb_guest_state state;
	bool has_balloon;
	bool in_flight; /* an action of ours is running; set by the engine */
	bool triggered; /* PSI trigger of its scope fired since the last sample */
	bool psi_valid;
	bool cgroup_valid;
	bool stats_asked; /* its statistics were switched on long enough ago for one to have come */
	enum kvmb_why stats_why;
	enum kvmb_why job_why; /* MIGRATING, SAVING, SNAPSHOT: libvirt is at it; or NONE */
	struct kvmb_backing backing;
	struct kvmb_policy metadata; /* of its definition; `set` is empty where there is none */
	char metadata_error[KVMB_TEXT_SIZE]; /* why it is not read, or "" */
	uint64_t facts_ns;      /* when libvirt told the figures of this guest */
	uint64_t maximum_bytes; /* balloon.maximum: what the guest was promised */
	uint64_t balloon_bytes; /* balloon.current: what the balloon leaves it now */
	uint64_t rss_bytes;     /* of QEMU, less what is out in its store */
	/* from the cgroup of its scope */
	uint64_t resident_bytes; /* memory.current, less what is out in its store */
	uint64_t swap_bytes;     /* memory.swap.current; KVMB_UNKNOWN: not accounted */
	uint64_t refault_anon;   /* workingset_refault_anon: pages, since the scope was made */
	uint64_t refault_file;
	uint64_t oom_kills;      /* memory.events: oom_kill */
	struct kvmb_psi psi;
	struct kvmb_ages ages;
	struct kvmb_store store;
	uint64_t far_unread_bytes; /* what is out of nobody knows whom: may be its; 0 if it told */
	/* from the guest; KVMB_UNKNOWN where it did not tell */
	uint64_t guest_total_bytes; /* "available": all memory the guest kernel has */
	uint64_t unused_bytes;      /* free inside the guest */
	uint64_t usable_bytes;      /* MemAvailable inside the guest */
	uint64_t caches_bytes;      /* page cache inside the guest */
	uint64_t swap_in_bytes;     /* counters */
	uint64_t swap_out_bytes;
	uint64_t major_faults;
	uint64_t stats_age_usec; /* since the guest last sent statistics */
};

struct kvmb_sample {
	uint64_t now_ns;      /* CLOCK_MONOTONIC */
	uint64_t realtime_usec; /* wall clock, for people */
	struct kvmb_host_sample host;
	struct kvmb_guest_sample *guests; /* ordered by name */
	size_t n_guests;
	bool guests_valid; /* libvirt is connected and told all guests when it was asked last */
};

struct kvmb_sample *kvmb_sample_free(struct kvmb_sample *s);
/** kvmb_sample_from_json() - -EBADMSG where it is not a sample (no value out of range gets in) */
int kvmb_sample_from_json(const char *text, struct kvmb_sample **ret, char **ret_error);
int kvmb_sample_to_json(const struct kvmb_sample *s, char **ret);

const char *kvmb_why_to_string(enum kvmb_why v);   /* token, e.g. "stats-stale" */
const char *kvmb_why_to_sentence(enum kvmb_why v); /* for people */
const char *kvmb_guest_state_to_string(enum kvmb_guest_state v);
const char *kvmb_aging_to_string(enum kvmb_aging v); /* "none", "mglru", "damon", "module" */

/* ---- Plan -------------------------------------------------------------------------------- */

enum kvmb_level {
	KVMB_LEVEL_RELAXED,
	KVMB_LEVEL_ELEVATED,
	KVMB_LEVEL_HARD,
	KVMB_LEVEL_EMERGENCY,
};

enum kvmb_action_kind {
	KVMB_ACTION_BALLOON, /* set the balloon so that the guest has target_bytes, less than now */
	KVMB_ACTION_DEFLATE, /* the same, more than now: give-back */
	KVMB_ACTION_RECLAIM, /* memory.reclaim of the guest's scope, in small steps */
	KVMB_ACTION_PAGEOUT, /* cold ranges: process_madvise(MADV_PAGEOUT), or to the store */
	KVMB_ACTION_HIGH,    /* memory.high of the scope below what it holds, for seconds */
	KVMB_ACTION_KINDS,
};

/* Which rule of the policy asked for an action. */
enum kvmb_rule {
	KVMB_RULE_GUEST_FREE,     /* the guest itself holds it free: cheapest */
	KVMB_RULE_HOST_PRESSURE,  /* share of what the host needs */
	KVMB_RULE_GUEST_CACHE,    /* the host is hard up, and the guest has page cache */
	KVMB_RULE_PROACTIVE,
	KVMB_RULE_GUEST_PRESSURE, /* give-back: the guest suffers */
	KVMB_RULE_HOST_RELAXED,   /* give-back: the host has plenty */
	KVMB_RULE_LAST_RESORT,    /* all other means do not give enough: the lowest class */
	KVMB_RULE_LIMIT,          /* balloon brought to the configured limit */
	KVMB_RULE_OPERATOR,       /* Reclaim() over D-Bus */
	KVMB_RULE_RELEASE,        /* agent stops: everything is given back */
	KVMB_RULES,
};

/* A range of the QEMU process' address space. */
struct kvmb_range {
	uint64_t hva;
	uint64_t length_bytes;
};

/*
 * The facts an action rests on. When its turn comes, what can have changed is looked at again: the
 * process and its scope, the guest's pressure, the floor; and facts too old by then are refused.
 */
struct kvmb_facts {
	uint64_t facts_ns;
	uint64_t valid_until_ns; /* set by the gate: taking begins until then; 0: no bound */
	uint64_t host_available_bytes;
	uint64_t need_bytes;
	uint64_t resident_bytes;
	uint64_t balloon_bytes;
	uint64_t unused_bytes;
	uint64_t usable_bytes;
	uint64_t cold_bytes; /* PAGEOUT: all that was idle for idle_usec */
	uint64_t guarantee_bytes;
	uint64_t floor_bytes; /* set by the gate: RECLAIM, PAGEOUT leave as much resident */
	uint32_t host_some_avg10_permyriad;
	uint32_t guest_some_avg10_permyriad;
	uint32_t guest_limit_permyriad; /* set by the gate: stalling more than that ends them */
	enum kvmb_level level;
};

struct kvmb_action {
	uint64_t id; /* unique while the engine lives; 0 before it is issued */
	enum kvmb_action_kind kind;
	enum kvmb_rule rule;
	char name[KVMB_NAME_SIZE];
	char uuid[KVMB_UUID_SIZE];
	char cgroup[KVMB_PATH_SIZE];
	int32_t pid;
	uint64_t asked_bytes;  /* how much is to be taken (or given back, DEFLATE) */
	uint64_t target_bytes; /* BALLOON, DEFLATE: new size of the guest */
	enum kvmb_backend backend; /* PAGEOUT: SWAP or FAR */
	/* RECLAIM, PAGEOUT, HIGH: set by the gate: out in the store, though the kernel counts it */
	uint64_t out_bytes;
	/* PAGEOUT: memory idle for so long, coldest first; looked for when its turn comes */
	uint64_t idle_usec;
	const struct kvmb_range *ranges; /* PAGEOUT: these instead, if any; owned by the plan */
	size_t n_ranges;
	struct kvmb_facts facts;
	char reason[KVMB_TEXT_SIZE]; /* one sentence with the numbers */
};

/* What KSM is to do. It knows no guests, so it is no action of one. */
struct kvmb_ksm_order {
	bool set; /* there is one: the rest means something */
	bool run;
	uint32_t pages_to_scan;
	uint32_t sleep_msec;
	enum kvmb_why why; /* set by the gate: it is not done for that */
	char reason[KVMB_TEXT_SIZE];
};

/* Something the policy wanted, or would have looked at, and why it was not done. */
struct kvmb_refusal {
	char name[KVMB_NAME_SIZE];
	enum kvmb_action_kind kind; /* KVMB_ACTION_KINDS: the guest as a whole */
	enum kvmb_why why;
	uint64_t asked_bytes;
};

struct kvmb_plan {
	uint64_t now_ns;
	enum kvmb_level level;
	uint64_t need_bytes;  /* to regain; 0 if none */
	uint64_t spare_bytes; /* could be given back; 0 if none */
	struct kvmb_action *actions;
	size_t n_actions;
	struct kvmb_refusal *refusals;
	size_t n_refusals;
	struct kvmb_ksm_order ksm;
};

struct kvmb_plan *kvmb_plan_free(struct kvmb_plan *p);
int kvmb_plan_to_json(const struct kvmb_plan *p, char **ret);

const char *kvmb_level_to_string(enum kvmb_level v);
const char *kvmb_action_kind_to_string(enum kvmb_action_kind v);
const char *kvmb_rule_to_string(enum kvmb_rule v);

/* ---- Policy ------------------------------------------------------------------------------ */

/*
 * What the policy remembers from tick to tick: the level, per guest back-off, rate windows, runtime
 * policies, totals. Opaque; a JSON form keeps it over restarts.
 */
struct kvmb_state;

int kvmb_state_new(struct kvmb_state **ret);
struct kvmb_state *kvmb_state_free(struct kvmb_state *s);
int kvmb_state_to_json(const struct kvmb_state *s, char **ret);
/** kvmb_state_from_json() - unknown members are ignored, a fault is -EBADMSG */
int kvmb_state_from_json(const char *text, struct kvmb_state **ret);

/**
 * kvmb_decide() - policy and gate in one: what should be done now
 * @state: state after the last tick; not changed
 * @ret_state: state after this one, a new object
 *
 * Pure: no I/O, no clock, no globals; the same arguments give the same results. The plan has been
 * through the safety gate (plan_validate), whose refusals it lists.
 * Return: 0, -ENOMEM, -EINVAL for a sample that goes back in time.
 */
int kvmb_decide(const struct kvmb_config *c, const struct kvmb_state *state,
		const struct kvmb_sample *sample, struct kvmb_state **ret_state,
		struct kvmb_plan **ret_plan);

/* ---- Reservations ------------------------------------------------------------------------ */

#define KVMB_RESERVATIONS_MAX 256 /* a host full of guests that all start, each with its own */
#define KVMB_RESERVE_TIMEOUT_MIN_USEC UINT64_C(1000000)
#define KVMB_RESERVE_TIMEOUT_MAX_USEC (UINT64_C(3600) * 1000000)

enum kvmb_reservation_state {
	KVMB_RESERVATION_PENDING,  /* the room is being made */
	KVMB_RESERVATION_READY,    /* the room is there */
	KVMB_RESERVATION_USED,     /* ended: its guest has taken all of it */
	KVMB_RESERVATION_EXPIRED,  /* ended: its time is over */
	KVMB_RESERVATION_RELEASED, /* ended: by request, by a new one, or its guest is gone */
	KVMB_RESERVATION_STATES,
};

/* Memory of the host that is to be available for a guest that is about to come, or to grow. */
struct kvmb_reservation {
	uint32_t id; /* not 0 */
	enum kvmb_reservation_state state;
	char name[KVMB_NAME_SIZE]; /* of the guest it is for; "": the next one that comes */
	char uuid[KVMB_UUID_SIZE]; /* of the guest that uses it; "": it has not come yet */
	int32_t pid;               /* of that guest */
	uint64_t bytes;            /* asked for */
	uint64_t held_bytes;       /* what of it the guest has not taken yet */
	uint64_t base_bytes;       /* what the guest held before */
	uint64_t until_ns;
};

/** kvmb_reservation_state_to_string() - "pending", "ready", "used", "expired", "released" */
const char *kvmb_reservation_state_to_string(enum kvmb_reservation_state v);

/* ---- Recordings -------------------------------------------------------------------------- */

enum kvmb_record_kind {
	KVMB_RECORD_BEGIN,  /* first line: format, version, configuration */
	KVMB_RECORD_CONFIG, /* another configuration holds from the next tick on */
	KVMB_RECORD_TICK,   /* one decision: all it was made of, and the plan */
	KVMB_RECORD_END,    /* last line: a recording without it breaks off */
	KVMB_RECORDS,
};

/* One line of a recording: one JSON object. What its kind does not have is NULL or "". */
struct kvmb_record {
	enum kvmb_record_kind kind;
	char text[KVMB_TEXT_SIZE];  /* BEGIN: version of the agent; END: why it ends */
	struct kvmb_config *config; /* BEGIN, CONFIG */
	struct kvmb_state *state;   /* TICK: before the decision, in full */
	struct kvmb_sample *sample; /* TICK */
	struct kvmb_plan *plan;     /* TICK */
};

/** kvmb_record_free() - with all it holds */
struct kvmb_record *kvmb_record_free(struct kvmb_record *r);
/** kvmb_record_to_json() - one line, with its end */
int kvmb_record_to_json(const struct kvmb_record *r, char **ret);
/**
 * kvmb_record_from_json() - -EBADMSG where it is no line of a recording, or of a version that is
 * not known; @ret_error says what is the matter. kvmb_decide() gives the plan again.
 */
int kvmb_record_from_json(const char *line, struct kvmb_record **ret, char **ret_error);

/* ---- Engine ------------------------------------------------------------------------------ */

/* What became of one action. */
struct kvmb_result {
	struct kvmb_action action; /* without ranges */
	int error;                 /* 0 or a negative errno */
	enum kvmb_why why;         /* set where it was refused at the last moment, or ended early */
	uint64_t got_bytes;        /* what left the guest (or came back, DEFLATE) */
	int64_t net_bytes; /* host memory won: got less what swap in RAM or the store grew by */
	uint64_t duration_usec;
	char note[KVMB_TEXT_SIZE]; /* what was left and why, what ended it; or "" */
};

/* Why page-out of a guest goes where it does. */
enum kvmb_backend_basis {
	KVMB_BACKEND_CONFIGURED, /* its policy says so */
	KVMB_BACKEND_NO_SWAP,    /* auto: the host has no swap, and there is a store */
	KVMB_BACKEND_HAS_SWAP,   /* auto: the host has swap */
	KVMB_BACKEND_NO_STORE,   /* auto: the host has no swap, but there is no store either */
	KVMB_BACKEND_BASES,
};

/** kvmb_backend_basis_to_string() - "configured", "no-swap", "has-swap", "no-store" */
const char *kvmb_backend_basis_to_string(enum kvmb_backend_basis v);

/* What the engine knows of one guest besides its sample. */
struct kvmb_guest_status {
	const struct kvmb_guest_sample *sample;
	struct kvmb_policy policy; /* effective */
	/* the pattern that a value of source CLASS is from; they live until the next tick */
	const char *classes[KVMB_FIELDS];
	const char *policy_error; /* what is meant for it and does not count, and why; or "" */
	enum kvmb_why excluded;    /* why nothing is done to it, or KVMB_WHY_NONE */
	enum kvmb_why degraded;    /* KVMB_WHY_NO_EFFECT, _BALLOON_STUCK or _NONE */
	enum kvmb_backend backend; /* where page-out goes: SWAP or FAR */
	enum kvmb_backend_basis backend_basis;
	uint64_t target_bytes;     /* last balloon target of ours, or 0 */
	uint64_t taken_bytes;      /* totals since the state was made */
	uint64_t given_bytes;
	int64_t net_bytes;
	uint64_t n_actions;
	uint64_t refaults;         /* pages: of its scope, and those that its store gave back */
	uint64_t refaults_per_min; /* over the last minute or so */
	/* why its ages have no better source than sample->ages.source, "" for the best */
	const char *aging_reason;
	uint64_t cold_bytes; /* idle for ColdAge or longer; KVMB_UNKNOWN: no source told of late */
	/* what was idle for so long is paged out first, ColdAge at least; UINT64_MAX: nothing is */
	uint64_t cold_age_usec;
};

/* Guest-physical memory by age, in blocks; what kvm_swap(4) calls MAP. */
struct kvmb_map_extent {
	uint64_t gpa;
	size_t n_blocks;
	const uint8_t *ages; /* of each block: mean, in units; or KVMB_MAP_ABSENT, _NO_MEMORY */
};

#define KVMB_MAP_ABSENT 254    /* nothing resident */
#define KVMB_MAP_NO_MEMORY 255 /* the guest has no memory there */

struct kvmb_map {
	uint64_t block_bytes;
	uint64_t unit_usec; /* idle time of age 1 */
	size_t n_extents;   /* by gpa; several VMs of one process one after the other */
	struct kvmb_map_extent *extents;
};

/* What the advice on overcommit rests on, or why there is none. */
enum kvmb_advice_basis {
	KVMB_ADVICE_WORKING_SET, /* what guests use leaves room for so much */
	KVMB_ADVICE_SWAP,        /* more would, but memory and swap do not hold what they touch */
	KVMB_ADVICE_NO_GUESTS,
	KVMB_ADVICE_NO_AGES,     /* of more than half of what is promised, or not for long enough */
	KVMB_ADVICE_NO_FIGURES,  /* what the host itself uses is not known */
	KVMB_ADVICE_BASES,
};

/* Promised memory to what the host has for guests, in permyriad; UINT32_MAX: not known. */
struct kvmb_advice {
	uint32_t ratio_permyriad;      /* now */
	uint32_t advised_permyriad;    /* what the host could carry */
	uint32_t confidence_permyriad; /* of that: 0 none, 10000 full */
	enum kvmb_advice_basis basis;
};

/** kvmb_advice_basis_to_string() - "working-set", "swap", "no-guests", "no-ages", "no-figures" */
const char *kvmb_advice_basis_to_string(enum kvmb_advice_basis v);

/* How things are with KSM. */
enum kvmb_ksm_state {
	KVMB_KSM_UNAVAILABLE, /* the kernel has none, or what it costs is not known */
	KVMB_KSM_OFF,         /* by configuration, and nobody else runs it */
	KVMB_KSM_IDLE,        /* not needed */
	KVMB_KSM_PAUSED,      /* it was not worth its CPU time, or could not be set, of late */
	KVMB_KSM_RUNNING,     /* by us */
	KVMB_KSM_OTHERS,      /* somebody else runs it, or took it over: it is left alone */
	KVMB_KSM_STATES,
};

/** kvmb_ksm_state_to_string() - "unavailable", "off", "idle", "paused", "running", "others" */
const char *kvmb_ksm_state_to_string(enum kvmb_ksm_state v);

struct kvmb_host_status {
	const struct kvmb_sample *sample; /* newest, or NULL before the first tick */
	enum kvmb_level level;
	enum kvmb_mode mode;
	uint64_t need_bytes;
	uint64_t spare_bytes;
	uint64_t n_ticks;
	uint64_t taken_bytes;
	uint64_t given_bytes;
	int64_t net_bytes;
	uint64_t guaranteed_bytes; /* to all guests together, of each within its maximum */
	uint64_t n_triggers;    /* PSI triggers that fired, host's and guests' */
	int trigger_error;      /* -errno for which the host has none, or 0 */
	/* from the last trigger's wake-up to the end of the tick it caused */
	uint64_t reaction_usec;
	struct kvmb_advice advice;
	/* what is missing and why no guest gives it, as it was when all means ended; "" no alarm */
	const char *alarm;
	enum kvmb_ksm_state ksm;
	uint64_t ksm_saved_bytes; /* KVMB_UNKNOWN where KSM is unavailable */
	int ksm_error;            /* -errno of the last order, or 0 */
	const char *ksm_reason;   /* of the last order, "" none */
	bool dry_run;
	size_t n_skipped; /* guests not managed: name too long or not UTF-8, or too many guests */
	bool connected;           /* to libvirt */
	char error[KVMB_TEXT_SIZE]; /* why not, or why it tells no guests, as told by libvirt */
};

/**
 * kvmb_lift_limits() - put back each memory.high (KVMB_ACTION_HIGH) whose time is over
 *
 * For a process of its own: it returns when none is left, and meanwhile lifts at once what an
 * engine that died had set, and what one that hangs does not lift in time. Blocks.
 * Return: 0, or -errno.
 */
int kvmb_lift_limits(const char *root);

/* What to change of the policy in a guest's definition. */
struct kvmb_policy_change {
	struct kvmb_policy values; /* members in its `set` are written */
	uint32_t unset;            /* bit mask of kvmb_policy_field: these are taken away */
	uint64_t cookie;           /* the caller's, for the answer */
};

struct kvmb_persist {
	uint64_t cookie;
	int error;        /* 0, or -errno: -ENOTCONN, -ENOENT the guest is gone, -EINVAL, ... */
	const char *text; /* why, by libvirt */
};

struct kvmb_engine;

/*
 * Called from kvmb_engine_dispatch() and kvmb_engine_tick(), and before these return from
 * kvmb_engine_set_policy() (persist, guest_added, guest_changed) and kvmb_engine_release()
 * (result, of an action that could not even be begun); always in the caller's thread. All
 * optional.
 */
struct kvmb_engine_callbacks {
	/*
	 * The answer to each kvmb_engine_persist_policy() that returned 0. Where libvirt has done
	 * it, it comes when the guest's status has the new values, at the latest 5 s after.
	 */
	void (*persisted)(void *userdata, const struct kvmb_persist *answer);
	void (*result)(void *userdata, const struct kvmb_result *result);
	void (*guest_added)(void *userdata, const char *name);
	void (*guest_removed)(void *userdata, const char *name);
	/* policy, excluded, degraded, target */
	void (*guest_changed)(void *userdata, const char *name);
	void (*host_changed)(void *userdata);                    /* level, connected, error */
	/*
	 * The answer to each kvmb_engine_ask_map(). @map: until this returns; NULL on @error:
	 * -EOPNOTSUPP the guest's ages are not the module's, -ESRCH it is not aged (any more), or
	 * another. A guest that went before its answer came has none, only guest_removed.
	 */
	void (*guest_map)(void *userdata, const char *name, const struct kvmb_map *map, int error);
	/*
	 * A balloon is about to be changed, or a policy was: keep this state now, so that what was
	 * taken can be given back even if the caller dies next. Not called in a dry run.
	 * Return: 0, or -errno: nothing is taken by balloon this time; that is the actions' result.
	 */
	int (*persist)(void *userdata, const struct kvmb_state *state);
	/* A decision was made, nothing of it is done yet. @tick: a TICK, until this returns. */
	void (*decided)(void *userdata, const struct kvmb_record *tick);
};

struct kvmb_engine_params {
	const char *root;        /* every /proc, /sys and cgroup path is below it; NULL for "/" */
	const char *libvirt_uri; /* NULL for "qemu:///system" */
	const struct kvmb_config *config; /* copied */
	const struct kvmb_state *state;   /* copied; NULL for a new one */
	bool dry_run;            /* actions are recorded, not done */
	const struct kvmb_engine_callbacks *callbacks;
	void *userdata;
};

/**
 * kvmb_engine_new() - start the sources and actuators (threads of their own; never blocks on
 * libvirt)
 * Return: 0, -EOPNOTSUPP on a host without cgroup v2 memory control, or another -errno.
 */
int kvmb_engine_new(const struct kvmb_engine_params *params, struct kvmb_engine **ret);

/**
 * kvmb_engine_free() - stop the threads; cancels what is running, gives nothing back. NULL is
 * fine.
 */
struct kvmb_engine *kvmb_engine_free(struct kvmb_engine *e);

/** kvmb_engine_fd() - readable (POLLIN) when kvmb_engine_dispatch() has work */
int kvmb_engine_fd(struct kvmb_engine *e);

#define KVMB_DISPATCH_TICK 1 /* something happened that should not wait: call kvmb_engine_tick() */

/**
 * kvmb_engine_dispatch() - take in PSI triggers, finished actions and libvirt events; never blocks
 * Return: 0, KVMB_DISPATCH_TICK, or -errno.
 */
int kvmb_engine_dispatch(struct kvmb_engine *e, uint64_t now_ns);

/** kvmb_engine_tick() - one turn: sample, decide, issue. Never waits for libvirt or an action. */
int kvmb_engine_tick(struct kvmb_engine *e, uint64_t now_ns);

/** kvmb_engine_set_config() - takes a copy, used from the next tick on */
int kvmb_engine_set_config(struct kvmb_engine *e, const struct kvmb_config *c);

/**
 * kvmb_engine_set_policy() - change a guest's policy at run time (only members in p->set)
 * Return: 0, -ENOENT no such guest, -EINVAL the resulting policy contradicts itself.
 */
int kvmb_engine_set_policy(struct kvmb_engine *e, const char *name, const struct kvmb_policy *p,
			   char **ret_error);

/**
 * kvmb_engine_persist_policy() - change the policy in the guest's definition in libvirt
 *
 * The callback persisted has the answer; nobody waits for libvirt here. When the new metadata are
 * read, the values that are named give up what was set of them at run time: it would hide them.
 * Return: 0, -ENOENT no such guest, -EINVAL the resulting policy contradicts itself, -EBUSY too
 * many are under way, -EROFS a dry run changes nothing, -EPERM metadata do not count by the
 * configuration, -ENOMEM.
 */
int kvmb_engine_persist_policy(struct kvmb_engine *e, const char *name,
			       const struct kvmb_policy_change *change, char **ret_error);

/**
 * kvmb_engine_reclaim() - ask for bytes of one guest; the next tick acts within the gate's limits
 * Return: 0, -ENOENT no such guest, -EPERM the guest is excluded (@ret_why says by what),
 * -ERANGE less than 1 MiB, or more than the guest has.
 */
int kvmb_engine_reclaim(struct kvmb_engine *e, const char *name, uint64_t bytes,
			enum kvmb_why *ret_why);

struct kvmb_reserve_request {
	uint64_t bytes;
	uint64_t timeout_usec; /* it ends then, whoever asked may be dead */
	const char *name;      /* of the guest it is for; "": the next one that comes */
};

/**
 * kvmb_engine_reserve() - ask for room for a guest; the next tick begins to make it
 * @ret_most_bytes: set with -E2BIG only: the most that could be asked for now
 *
 * One for the same name takes the place of the earlier one.
 * Return: 0, -ERANGE less than 1 MiB, -EINVAL the timeout is out of bounds, -ENAMETOOLONG,
 * -EROFS nothing is taken from anybody: a dry run, or the host's mode; -ENOTCONN libvirt has not
 * told the guests, -ENOSPC there are KVMB_RESERVATIONS_MAX, -E2BIG more than this host could ever
 * have available, -ENOMEM.
 */
int kvmb_engine_reserve(struct kvmb_engine *e, const struct kvmb_reserve_request *request,
			uint64_t now_ns, uint32_t *ret_id, uint64_t *ret_most_bytes);
/** kvmb_engine_unreserve() - end a reservation; -ENOENT if there is none that has not ended */
int kvmb_engine_unreserve(struct kvmb_engine *e, uint32_t id);
/**
 * kvmb_engine_reservations() - number of them, oldest first; one that ended is there for a tick
 * @ret: valid until the next tick or request
 */
size_t kvmb_engine_reservations(struct kvmb_engine *e, const struct kvmb_reservation **ret);

/**
 * kvmb_engine_release() - begin to give everything back
 *
 * Balloons go to the size that each guest had before the agent's first order to it.
 * From then on ticks decide nothing. Call it again after each dispatch, until it returns 0 or the
 * caller's time is up. A guest counts until libvirt has taken the order; one that failed is given
 * again after the next tick.
 * Return: number of guests still to be given back; -EAGAIN while something is to be given back, but
 * libvirt does not tell the guests; or another -errno.
 */
int kvmb_engine_release(struct kvmb_engine *e);

void kvmb_engine_host_status(struct kvmb_engine *e, struct kvmb_host_status *ret);
/**
 * kvmb_engine_guest_status() - -ENOENT if there is none. @ret->sample lives until the next tick.
 */
int kvmb_engine_guest_status(struct kvmb_engine *e, const char *name,
			     struct kvmb_guest_status *ret);
/**
 * kvmb_engine_guests() - number of guests; kvmb_engine_guest_name(e, i) tells their names, ordered
 */
size_t kvmb_engine_guests(struct kvmb_engine *e);
const char *kvmb_engine_guest_name(struct kvmb_engine *e, size_t i);
/**
 * kvmb_engine_absent() - name of the @i-th configured guest that does not exist, or NULL
 * Ordered by name; changes with a tick or kvmb_engine_set_config() only.
 */
const char *kvmb_engine_absent(struct kvmb_engine *e, size_t i);
/**
 * kvmb_engine_explain() - plain sentences on what was, will be or was not done to a guest and why
 */
int kvmb_engine_explain(struct kvmb_engine *e, const char *name, char **ret);
/**
 * kvmb_engine_ask_map() - ask for the age map of a guest; the callback guest_map has the answer
 * Asking again before it came is answered by the same call.
 * Return: 0, -ENOENT no such guest, -EBUSY too many are asked for.
 */
int kvmb_engine_ask_map(struct kvmb_engine *e, const char *name);
/** kvmb_engine_state() - the state to keep; owned by the engine, valid until the next tick */
const struct kvmb_state *kvmb_engine_state(struct kvmb_engine *e);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
