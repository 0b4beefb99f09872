/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command channel: lines in, JSON lines out, over a virtio-serial port (or stdin for trying
 * out).
 */
#ifndef KVMB_GUEST_PORT_H
#define KVMB_GUEST_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PORT_NAME     "org.kvmb.workload.0"
#define PORT_LINE_MAX 512

/**
 * struct port - an open channel
 * @in:   descriptor read from
 * @out:  descriptor written to (the same one for a real port)
 * @ends: whether the input can end (stdin); a port is only left by its clients, and others come
 * @used: bytes in @line
 * @line: what has come of the current line
 */
struct port {
	int in;
	int out;
	bool ends;
	size_t used;
	char line[PORT_LINE_MAX];
};

/** port_open() - find the virtio port by its name and open it; Return: 0 or -errno */
int port_open(struct port *p);

/** port_open_stdio() - talk over stdin and stdout instead */
void port_open_stdio(struct port *p);

/**
 * port_read_line() - wait for the next command
 * @timeout_ns: how long at most, UINT64_MAX for ever
 * @ret:        the line without its newline, NUL-terminated; valid until the next call
 * Return: 1 with a line, 0 when none came in time, -EPIPE at the end of stdin, or another -errno.
 */
int port_read_line(struct port *p, uint64_t timeout_ns, char **ret);

/** port_write() - send @text whole; given up after some seconds when the host does not read */
void port_write(struct port *p, const char *text, size_t len);

#endif
