// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes a temporary file and gives it its name when it is complete. */
#include "save.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

/* The file behind links, so that it is replaced, not the link; itself if it is not there yet. */
static int resolve(const char *path, char **ret)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		if (errno != ENOENT)
			return -errno;
		*ret = strdup(path);
		return *ret ? 0 : -ENOMEM;
	}
	/* A device or a pipe must not be replaced by a file. */
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*ret = realpath(path, NULL);
	return *ret ? 0 : -errno;
}

/* With the rights that a plain new file would have. */
static int write_all(int fd, const char *text, size_t n)
{
	mode_t mask = umask(0);

	(void)umask(mask);
	while (n > 0) {
		ssize_t written = write(fd, text, n);

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0) {
			text += written;
			n -= (size_t)written;
		}
	}
	return fchmod(fd, 0666 & ~mask) < 0 ? -errno : 0;
}

static int write_temporary(int fd, const char *text, size_t n)
{
	int r = write_all(fd, text, n);

	/* Before it has its name: after a crash there must not be an empty file instead. */
	if (r >= 0 && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && r >= 0)
		r = -errno;
	return r;
}

int save_file(const char *path, const char *text, size_t n)
{
	_cleanup_free_ char *target = NULL, *temporary = NULL;
	int r = resolve(path, &target), fd;

	if (r < 0)
		return r;
	if (asprintf(&temporary, "%s.XXXXXX", target) < 0) {
		temporary = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = write_temporary(fd, text, n);
	if (r >= 0 && rename(temporary, target) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(temporary);
	return r;
}
