/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What memory is full of that is paged out: it decides how long that takes and what it gains. */
#ifndef KVMB_BENCH_CONTENT_H
#define KVMB_BENCH_CONTENT_H

#include <stddef.h>
#include <stdint.h>

enum content { CONTENT_ZERO, CONTENT_TEXT, CONTENT_RANDOM, CONTENT_MIXED };

extern const char *const content_names[];

/** content_fill() - @n_pages of @content, a multiple of 4; the first byte of each is 0 */
void content_fill(uint8_t *to, size_t n_pages, enum content content);

/** content_of() - what page @i of it is: ZERO, TEXT or RANDOM */
enum content content_of(enum content content, size_t i);

#endif
