# SPDX-License-Identifier: GPL-2.0-or-later
include_HEADERS += %D%/kvmballoon.h %D%/uapi/kvm_swap.h
