# SPDX-License-Identifier: GPL-2.0-or-later
include %D%/unit/local-base.mk
include %D%/unit/local-policy.mk
include %D%/unit/local-source.mk
include %D%/unit/local-engine.mk
include %D%/fuzz/local.mk
include %D%/golden/local.mk
include %D%/bus/local.mk
include %D%/cli/local.mk
include %D%/sim/local.mk
include %D%/guest/local.mk
include %D%/bench/local.mk
include %D%/testbed/local.mk
include %D%/kmod/local.mk
