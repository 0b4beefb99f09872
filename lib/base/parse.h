/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Texts to numbers. Everything is strict: the whole text must be the value, without blanks, signs
 * or anything after it; -EINVAL for what is no such value, -ERANGE for what does not fit.
 */
#ifndef KVMB_BASE_PARSE_H
#define KVMB_BASE_PARSE_H

#include <kvmballoon.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int kvmb_parse_u64(const char *text, uint64_t *ret);
int kvmb_parse_u64_n(const char *text, size_t len, uint64_t *ret);

/**
 * kvmb_parse_decimal() - fixed point: "12.345" with @digits 2 is 1234 (further digits are cut)
 * Used for PSI averages: "0.37" of 100 with 2 digits is permyriad.
 */
int kvmb_parse_decimal(const char *text, size_t len, unsigned int digits, uint64_t *ret);

/** kvmb_parse_permyriad() - "15%", "0.25%"; -EINVAL finer than 0.01 %, -ERANGE above 100 % */
int kvmb_parse_permyriad(const char *text, uint32_t *ret);

/** kvmb_parse_ppm() - "0.2%" is 2000; -EINVAL finer than 0.0001 %, -ERANGE above 100 % */
int kvmb_parse_ppm(const char *text, uint32_t *ret);

/** kvmb_parse_usec() - "2s", "100ms", "1h", "500us", "1min 30s"; a number alone is seconds */
int kvmb_parse_usec(const char *text, uint64_t *ret);

#define KVMB_BYTES_TEXT_SIZE 24

/** kvmb_format_bytes() - exact, as it is read: "512M", "1000"; "max" for UINT64_MAX */
void kvmb_format_bytes(char *dst, size_t size, uint64_t bytes);

/**
 * kvmb_next_line() - walk over the lines of a text
 * @cursor: begins at the text, ends as NULL
 * @ret_len: length without the newline
 * Return: the line (not NUL-terminated), or NULL after the last. A final newline starts no line.
 */
const char *kvmb_next_line(const char **cursor, size_t *ret_len);

/** kvmb_next_word() - the same over words separated by blanks and tabs within [*cursor, end) */
const char *kvmb_next_word(const char **cursor, const char *end, size_t *ret_len);

/* A "Key: 123 kB" (meminfo) or "key 123" (vmstat, memory.stat, memory.events) line. */
struct kvmb_pair {
	const char *key; /* not NUL-terminated, without the colon */
	size_t key_len;
	uint64_t value; /* times 1024 where the unit is kB */
};

/** kvmb_next_pair() - next line of that form; others are passed over. False after the last. */
bool kvmb_next_pair(const char **cursor, struct kvmb_pair *ret);

bool kvmb_pair_is(const struct kvmb_pair *pair, const char *key);

/* One wanted key of such a file and the uint64_t member of a struct that takes its value. */
struct kvmb_pair_field {
	const char *key;
	size_t offset;
};

/**
 * kvmb_parse_pairs() - fill the uint64_t members named by a table
 * @n: at most 64
 * Return: bit mask of the fields found (bit i: fields[i]). The first of equal keys counts.
 */
uint64_t kvmb_parse_pairs(const char *text, const struct kvmb_pair_field *fields, size_t n,
			  void *out);

#endif
