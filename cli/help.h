/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What --help and --version print. Both return an exit status. */
#ifndef CTL_HELP_H
#define CTL_HELP_H

int help_print(void);
int help_print_version(void);

#endif
