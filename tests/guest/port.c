// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens the virtio-serial port and moves lines through it. */
#define _GNU_SOURCE /* ppoll() */
#include "port.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PORT_CLASS   "/sys/class/virtio-ports"
/* how often to try again to send while nobody seems to be connected */
#define RETRY_NS     20000000u
/* look for a client at least so often, should a signal be missed */
#define CLIENT_NS    1000000000u
#define WRITE_TRY_MS 5000      /* longer than a busy host needs to take a line */

static bool port_has_name(const char *device)
{
	char path[300], name[64];
	FILE *f;
	bool same;

	snprintf(path, sizeof(path), PORT_CLASS "/%.200s/name", device);
	f = fopen(path, "re");
	if (!f)
		return false;
	same = fgets(name, sizeof(name), f) && !strncmp(name, PORT_NAME "\n", sizeof(name));
	fclose(f);
	return same;
}

static int open_device(const char *device)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "/dev/%.200s", device);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/*
 * A port without a client polls as readable and hung up, and reads as ended, again and again:
 * without this every idle guest would keep a processor busy. SIGIO tells when a client or data
 * comes; it stays pending, so none is missed between a read and the wait.
 */
static int announce_clients(int fd)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || fcntl(fd, F_SETOWN, getpid()) < 0 ||
	    fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK | O_ASYNC) < 0)
		return -errno;
	return 0;
}

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / 1000000000u),
				  .tv_nsec = (long)(ns % 1000000000u) };
}

static void wait_client(uint64_t timeout_ns)
{
	const struct timespec t = to_timespec(timeout_ns < CLIENT_NS ? timeout_ns : CLIENT_NS);
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	(void)sigtimedwait(&set, NULL, &t);
}

int port_open(struct port *p)
{
	DIR *dir = opendir(PORT_CLASS);
	struct dirent *entry;
	int fd = -ENODEV, r;

	if (!dir)
		return -errno;
	while (fd == -ENODEV && (entry = readdir(dir)))
		if (port_has_name(entry->d_name))
			fd = open_device(entry->d_name);
	closedir(dir);
	r = fd < 0 ? fd : announce_clients(fd);
	if (r < 0)
		return r;
	*p = (struct port){ .in = fd, .out = fd };
	return 0;
}

void port_open_stdio(struct port *p)
{
	*p = (struct port){ .in = STDIN_FILENO, .out = STDOUT_FILENO, .ends = true };
}

static bool line_complete(struct port *p)
{
	char *end = memchr(p->line, '\n', p->used);

	if (!end)
		return false;
	*end = '\0';
	return true;
}

static int wait_readable(struct port *p, uint64_t timeout_ns)
{
	struct pollfd pfd = { .fd = p->in, .events = POLLIN };
	struct timespec t = to_timespec(timeout_ns);
	int r = ppoll(&pfd, 1, timeout_ns == UINT64_MAX ? NULL : &t, NULL);

	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	if (r > 0 && !(pfd.revents & POLLIN))
		return -EPIPE;
	return r;
}

/*
 * One byte at a time keeps the next command in the kernel: no second buffer, and commands are
 * rare.
 */
int port_read_line(struct port *p, uint64_t timeout_ns, char **ret)
{
	int r = wait_readable(p, timeout_ns);

	while (r > 0) {
		const ssize_t n = read(p->in, p->line + p->used, 1);

		if (n == 0 && p->ends)
			return -EPIPE;
		if (n == 0) {
			wait_client(timeout_ns);
			return 0;
		}
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		p->used++;
		if (line_complete(p)) {
			p->used = 0;
			*ret = p->line;
			return 1;
		}
		if (p->used == sizeof(p->line))
			p->used = 0; /* a line this long is no command: drop it */
	}
	return r;
}

/*
 * A command can overtake the message that its sender has connected: the port then polls as hung
 * up for
 * a moment, although somebody waits for the reply.
 */
static void wait_writable(struct port *p)
{
	struct pollfd pfd = { .fd = p->out, .events = POLLOUT };
	const struct timespec t = to_timespec(RETRY_NS);

	if (poll(&pfd, 1, RETRY_NS / 1000000) > 0 && (pfd.revents & POLLHUP))
		nanosleep(&t, NULL);
}

void port_write(struct port *p, const char *text, size_t len)
{
	for (unsigned int tries = WRITE_TRY_MS / (RETRY_NS / 1000000); len > 0 && tries > 0;) {
		const ssize_t n = write(p->out, text, len);

		if (n > 0) {
			text += n;
			len -= (size_t)n;
		} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
			return;
		} else {
			wait_writable(p);
			tries--;
		}
	}
}
