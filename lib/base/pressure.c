/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PSI averages: the text of a memory.pressure file as numbers. */
#include "base/pressure.h"

#include <errno.h>
#include <string.h>

#include "base/fs.h"
#include "base/num.h"
#include "base/parse.h"
#include "base/str.h"

struct psi_line {
	uint64_t avg10;
	uint64_t avg60;
	uint64_t total;
};

/* "name=value" with @name; the value's place, or NULL where this word is another one. */
static const char *word_value(const char *word, size_t len, const char *name, size_t *ret_len)
{
	size_t n = strlen(name);

	if (len <= n || strncmp(word, name, n) != 0 || word[n] != '=')
		return NULL;
	*ret_len = len - n - 1;
	return word + n + 1;
}

static int parse_average(const char *value, size_t len, uint64_t *ret)
{
	uint64_t v;
	int r = kvmb_parse_decimal(value, len, 2, &v);

	if (r < 0)
		return -EBADMSG;
	/* The kernel's fixed-point average may round to a hair above 100. */
	*ret = u64_min(v, PERMYRIAD);
	return 0;
}

static int parse_word(const char *word, size_t len, struct psi_line *line, unsigned int *seen)
{
	const char *v;
	size_t n;

	if ((v = word_value(word, len, "avg10", &n))) {
		*seen |= 1;
		return parse_average(v, n, &line->avg10);
	}
	if ((v = word_value(word, len, "avg60", &n))) {
		*seen |= 2;
		return parse_average(v, n, &line->avg60);
	}
	if ((v = word_value(word, len, "total", &n))) {
		*seen |= 4;
		return kvmb_parse_u64_n(v, n, &line->total) < 0 ? -EBADMSG : 0;
	}
	return 0;
}

/* The words after "some" or "full": all three figures must be there, others may be. */
static int parse_line(const char *cursor, const char *end, struct psi_line *ret)
{
	unsigned int seen = 0;
	const char *word;
	size_t len;
	int r = 0;

	while (r == 0 && (word = kvmb_next_word(&cursor, end, &len)))
		r = parse_word(word, len, ret, &seen);
	if (r < 0)
		return r;
	return seen == 7 ? 0 : -EBADMSG;
}

int kvmb_parse_psi(const char *text, struct kvmb_psi *ret)
{
	struct psi_line some = { 0 }, full = { 0 };
	const char *cursor = text, *line;
	bool have_some = false;
	size_t len;
	int r = 0;

	while (r == 0 && (line = kvmb_next_line(&cursor, &len))) {
		if (len > 5 && strncmp(line, "some ", 5) == 0) {
			have_some = true;
			r = parse_line(line + 5, line + len, &some);
		} else if (len > 5 && strncmp(line, "full ", 5) == 0) {
			r = parse_line(line + 5, line + len, &full);
		}
	}
	if (r < 0 || !have_some)
		return -EBADMSG;
	*ret = (struct kvmb_psi){
		.some_avg10_permyriad = (uint32_t)some.avg10,
		.some_avg60_permyriad = (uint32_t)some.avg60,
		.full_avg10_permyriad = (uint32_t)full.avg10,
		.full_avg60_permyriad = (uint32_t)full.avg60,
		.some_total_usec = some.total,
		.full_total_usec = full.total,
	};
	return 0;
}

int kvmb_psi_read_at(int dirfd, const char *path, struct kvmb_psi *ret)
{
	char text[512]; /* two lines of at most 90 bytes */
	int r = kvmb_read_at(dirfd, path, text, sizeof(text), NULL);

	return r < 0 ? r : kvmb_parse_psi(text, ret);
}
