/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of lru_gen. */
#include "source/lru-gen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/parse.h"
#include "base/str.h"

#define WORDS_MAX 8

struct words {
	size_t n;
	struct {
		const char *text;
		size_t len;
	} word[WORDS_MAX];
};

static void split(const char *line, size_t len, struct words *ret)
{
	const char *cursor = line, *end = line + len;

	ret->n = 0;
	while (ret->n < WORDS_MAX &&
	       (ret->word[ret->n].text = kvmb_next_word(&cursor, end, &ret->word[ret->n].len)))
		ret->n++;
}

static bool word_is(const struct words *w, size_t i, const char *text)
{
	return i < w->n && w->word[i].len == strlen(text) &&
	       memcmp(w->word[i].text, text, w->word[i].len) == 0;
}

static int number(const struct words *w, size_t i, uint64_t *ret)
{
	if (i >= w->n || kvmb_parse_u64_n(w->word[i].text, w->word[i].len, ret) < 0)
		return -EBADMSG;
	return 0;
}

/* The group itself, or one below. The path is the rest of the line: it may have blanks. */
static bool is_below(const char *path, size_t len, const char *cgroup)
{
	size_t n = strlen(cgroup);

	return len > n && path[0] == '/' && memcmp(path + 1, cgroup, n) == 0 &&
	       (len == n + 1 || path[n + 1] == '/');
}

/* "memcg ID PATH" */
static int parse_memcg(const char *line, size_t len, const struct words *w, const char *cgroup,
		       uint64_t *ret_memcg)
{
	const char *path = w->n > 2 ? w->word[2].text : line + len;

	if (number(w, 1, ret_memcg) < 0)
		return -EBADMSG;
	return is_below(path, (size_t)(line + len - path), cgroup);
}

/* " SEQ AGE_MS ANON FILE"; oldest first */
static int parse_gen(const struct words *w, struct kvmb_lruvec *v)
{
	struct kvmb_lru_gen g;
	uint64_t msec, anon, file;

	if (w->n != 4 || v->n == KVMB_LRU_GENS_MAX || number(w, 0, &g.seq) < 0 ||
	    number(w, 1, &msec) < 0 || number(w, 2, &anon) < 0 || number(w, 3, &file) < 0)
		return -EBADMSG;
	if (v->n && g.seq <= v->gens[v->n - 1].seq)
		return -EBADMSG;
	g.age_usec = u64_mul_sat(msec, USEC_PER_MSEC);
	g.pages = u64_add_sat(anon, file);
	v->gens[v->n++] = g;
	return 0;
}

struct parser {
	const char *cgroup;
	bool in_group; /* lines are of a group that is asked for */
	uint64_t memcg;
	struct kvmb_lruvec *vecs;
	size_t n;
};

static int parse_line(struct parser *p, const char *line, size_t len)
{
	struct words w;
	int r;

	split(line, len, &w);
	if (word_is(&w, 0, "memcg")) {
		r = parse_memcg(line, len, &w, p->cgroup, &p->memcg);
		p->in_group = r > 0;
		/* what follows is of its first node */
		return r < 0 ? r : 0;
	}
	if (!p->in_group)
		return 0;
	if (word_is(&w, 0, "node")) {
		uint64_t node;

		if (number(&w, 1, &node) < 0)
			return -EBADMSG;
		if (kvmb_grow(&p->vecs, p->n, sizeof(*p->vecs)) < 0)
			return -ENOMEM;
		p->vecs[p->n++] = (struct kvmb_lruvec){ .memcg = p->memcg, .node = node };
		return 0;
	}
	if (!p->n || p->vecs[p->n - 1].memcg != p->memcg)
		return -EBADMSG;
	return parse_gen(&w, &p->vecs[p->n - 1]);
}

int kvmb_parse_lru_gen(const char *text, const char *cgroup, struct kvmb_lruvec **ret,
		       size_t *ret_n)
{
	struct parser p = { .cgroup = cgroup };
	const char *line;
	size_t len;
	int r = 0;

	while (r >= 0 && (line = kvmb_next_line(&text, &len)))
		r = parse_line(&p, line, len);
	if (r >= 0 && !p.n)
		r = -ENOENT;
	if (r < 0) {
		free(p.vecs);
		return r;
	}
	*ret = p.vecs;
	*ret_n = p.n;
	return 0;
}

/* The last line of each generation: counts, each with its letter; "x" where there is none. */
bool kvmb_lru_gen_sees_guests(const char *text)
{
	bool sees = false;
	const char *line;
	size_t len;

	while ((line = kvmb_next_line(&text, &len))) {
		struct words w;

		split(line, len, &w);
		if (word_is(&w, 0, "memcg") || word_is(&w, 0, "node"))
			continue;
		for (size_t i = 0; i < w.n; i++) {
			char letter = w.word[i].text[w.word[i].len - 1];

			if (letter == 'O' || letter == 'o')
				return false;
			sees |= letter == 'Y' || letter == 'y';
		}
	}
	return sees;
}

uint64_t kvmb_lru_gen_idle_usec(const struct kvmb_lruvec *v, size_t i)
{
	return i + 1 < v->n ? v->gens[i + 1].age_usec : 0;
}
