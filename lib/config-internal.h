/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between the parts of the configuration: what is being loaded, and where each value was written.
 */
#ifndef KVMB_CONFIG_INTERNAL_H
#define KVMB_CONFIG_INTERNAL_H

#include "configuration.h"

#define KVMB_CONFIG_FILE_MAX ((size_t)16 << 20)  /* bytes; 16384 guests need about 2 MiB */
#define KVMB_CONFIG_DROPINS_MAX ((size_t)1024)
#define KVMB_CONFIG_SECTIONS_MAX ((size_t)4 * KVMB_GUESTS_MAX)

enum kvmb_host_field {
	KVMB_HOST_MODE,
	KVMB_HOST_KSM,
	KVMB_HOST_METADATA,
	KVMB_HOST_INTERVAL,
	KVMB_HOST_ELEVATED_AVAILABLE,
	KVMB_HOST_HARD_AVAILABLE,
	KVMB_HOST_EMERGENCY_AVAILABLE,
	KVMB_HOST_HYSTERESIS,
	KVMB_HOST_PRESSURE_SOME,
	KVMB_HOST_PRESSURE_FULL,
	KVMB_HOST_GUEST_PRESSURE_SOME,
	KVMB_HOST_TRIGGER_STALL,
	KVMB_HOST_TRIGGER_WINDOW,
	KVMB_HOST_SWAP_RESERVE,
	KVMB_HOST_STEP,
	KVMB_HOST_GUEST_RATE,
	KVMB_HOST_HOST_RATE,
	KVMB_HOST_GUEST_HEADROOM,
	KVMB_HOST_GUEST_HEADROOM_RATIO,
	KVMB_HOST_STALE,
	KVMB_HOST_AGING_INTERVAL,
	KVMB_HOST_COLD_AGE,
	KVMB_HOST_SWAP_WRITE_LIMIT,
	KVMB_HOST_SWAP_LATENCY_LIMIT,
	KVMB_HOST_FIELDS,
};

/* Where a value was written; the later of two is the one with the greater order. */
struct kvmb_origin {
	unsigned int file; /* index in files[]; meaningless where order is 0 */
	unsigned int line;
	unsigned int order; /* 0: never written */
};

/* One [Guest NAME] section; those of one name are merged when all files are read. */
struct kvmb_guest_section {
	struct kvmb_config_guest guest;
	struct kvmb_origin origin[KVMB_FIELDS];
	size_t order;
};

/* One [Class PATTERN] section. */
struct kvmb_class_section {
	struct kvmb_config_class class;
	struct kvmb_origin origin[KVMB_FIELDS];
};

struct kvmb_config_loader {
	struct kvmb_host_config host;
	struct kvmb_policy defaults;
	struct kvmb_origin host_origin[KVMB_HOST_FIELDS];
	struct kvmb_origin defaults_origin[KVMB_FIELDS];
	struct kvmb_guest_section *sections;
	size_t n_sections;
	struct kvmb_class_section *classes; /* in the order of the text */
	size_t n_classes;
	char **files;
	size_t n_files;
	unsigned int order;
};

/** kvmb_host_builtin() - the built-in values of section [Host] */
void kvmb_host_builtin(struct kvmb_host_config *ret);

/** kvmb_host_set() - one Key=Value of [Host]; field number, -ENOENT, or -EINVAL with a text */
int kvmb_host_set(struct kvmb_host_config *h, const char *key, const char *value,
		  char **ret_error);

/** kvmb_name_valid() - is it shown on terminals and D-Bus, and can a guest of libvirt have it? */
bool kvmb_name_valid(const char *name);

/**
 * kvmb_class_begin() - a section of that pattern
 * Return: 0, -ENOMEM, or -EINVAL with @ret_what: what is wrong and what is allowed.
 */
int kvmb_class_begin(struct kvmb_config_loader *l, const char *pattern, const char **ret_what);

/** kvmb_class_finish() - hand the classes out */
int kvmb_class_finish(const struct kvmb_config_loader *l, struct kvmb_config *c);

/** kvmb_class_add() - lay a class over @p, unless the two contradict each other: -EINVAL */
int kvmb_class_add(const struct kvmb_config_class *class, struct kvmb_policy *p, char **ret_error);

void kvmb_config_loader_init(struct kvmb_config_loader *l);
void kvmb_config_loader_done(struct kvmb_config_loader *l);

/**
 * kvmb_config_parse() - take in one file
 * @text: of @len bytes, and NUL-terminated
 * @name: of the file, for messages
 * Return: 0, -EBADMSG with "file:line: what, what is allowed", or -ENOMEM.
 */
int kvmb_config_parse(struct kvmb_config_loader *l, const char *name, const char *text, size_t len,
		      char **ret_error);

/** kvmb_config_finish() - merge, check what only the whole can tell, hand out the result */
int kvmb_config_finish(struct kvmb_config_loader *l, struct kvmb_config **ret, char **ret_error);

/** kvmb_config_check() - contradictions between keys; -EBADMSG with the line of one of them */
int kvmb_config_check(const struct kvmb_config_loader *l, char **ret_error);

#endif
