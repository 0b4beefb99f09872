/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan for people. */
#ifndef CTL_PLAN_H
#define CTL_PLAN_H

#include <kvmballoon.h>

#include "ctl.h"

int plan_print(const struct ctl *ctl, const struct kvmb_plan *p);

#endif
