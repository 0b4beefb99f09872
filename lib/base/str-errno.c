// SPDX-License-Identifier: LGPL-2.1-or-later
/* Apart from the other strings: the words of an errno are the locale's, and policy is pure. */
#include <string.h>

#include "base/str.h"

int kvmb_str_errno(char *dst, size_t size, int error, const char *what)
{
	kvmb_str_format(dst, size, "%s: %s", what, strerrordesc_np(-error));
	return error;
}
