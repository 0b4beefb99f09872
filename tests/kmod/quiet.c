// SPDX-License-Identifier: GPL-2.0-or-later
#include "quiet.h"

#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "module.h"
#include "tap.h"

static int log_fd = -1;

void quiet_begin(void)
{
	log_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log_fd < 0 || lseek(log_fd, 0, SEEK_END) < 0)
		err(2, "/dev/kmsg");
}

void quiet_end(const char *what)
{
	char line[8192];
	unsigned int lines = 0;
	ssize_t n;

	while ((n = read(log_fd, line, sizeof(line) - 1)) > 0) {
		line[n] = 0;
		note("logged: %.*s", (int)strcspn(line, "\n"), line);
		lines++;
	}
	ok(!lines, "%s: the kernel has logged nothing (%u lines)", what, lines);
	close(log_fd);
}

struct state state_read(int fd)
{
	return (struct state){ stats(fd), params(fd), *histogram(fd) };
}

bool state_is(int fd, const struct state *was)
{
	const struct state now = state_read(fd);

	return !memcmp(&now, was, sizeof(now));
}
