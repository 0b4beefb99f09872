/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Replaces a file as a whole: written beside it, made durable, then renamed over it.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/str.h"

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static int fill(int fd, const char *text, unsigned int mode)
{
	int r = write_all(fd, text, strlen(text));

	if (r < 0)
		return r;
	if (fchmod(fd, (mode_t)mode) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

/* The rename itself is durable only once the folder is. */
static int sync_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *parent = slash ? strndup(path, (size_t)(slash - path) + 1) :
					      strdup(".");
	_cleanup_close_ int fd = -1;

	if (!parent)
		return -ENOMEM;
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* some file systems cannot sync a folder, and then do not need it */
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

int kvmb_write_atomic(const char *path, const char *text, unsigned int mode)
{
	_cleanup_free_ char *temporary = NULL;
	_cleanup_close_ int fd = -1;
	int r = kvmb_asprintf(&temporary, "%s.XXXXXX", path);

	if (r < 0)
		return r;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fill(fd, text, mode);
	if (r >= 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlink(temporary);
		return r;
	}
	return sync_parent(path);
}
