# SPDX-License-Identifier: GPL-2.0-or-later
include_HEADERS += %D%/kvmballoon.h
