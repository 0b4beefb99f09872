/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KVMS_DEV_H
#define _KVMS_DEV_H

int kvms_dev_init(void);
void kvms_dev_exit(void);

#endif
