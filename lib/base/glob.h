/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names by pattern, as in a shell: '*', '?', sets such as [a-z] or [!0-9], and '\' before what
 * stands for itself.
 *
 * Not fnmatch(3), whose answer depends on the locale of the process: the same decision has to come
 * out of the daemon and of a replay of it. Both texts are UTF-8, '?' is one character, and sets go
 * by code points.
 */
#ifndef KVMB_BASE_GLOB_H
#define KVMB_BASE_GLOB_H

#include <stdbool.h>

/** kvmb_glob_fault() - what is wrong with @pattern and what is allowed; NULL: nothing */
const char *kvmb_glob_fault(const char *pattern);

/**
 * kvmb_glob_match() - does the whole of @text match? @pattern is one without fault
 * Time is bounded by the product of both lengths.
 */
bool kvmb_glob_match(const char *pattern, const char *text);

#endif
