/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where records of limits are, below the root. kvm-balloond-lift.path names the folder too. */
#ifndef KVMB_ACTUATOR_LIMIT_PATH_H
#define KVMB_ACTUATOR_LIMIT_PATH_H

#define KVMB_LIMIT_FOLDER "run/kvm-balloond/limits"
#define KVMB_LIMIT_NEW "run/kvm-balloond/new-limit"
#define KVMB_LIMIT_LOCK "run/kvm-balloond/watched"

#endif
