// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PID 1 of the test guest: runs the worker as a child, says so when the guest's OOM killer took
 * it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "facts.h"
#include "worker.h"

#define RANDOM_PERCENT_DEFAULT 50 /* compresses about two to one, as typical server memory does */

struct options {
	uint64_t seed;
	unsigned int random_percent;
	bool stdio;
};

static int serve(const struct options *o)
{
	static struct worker w; /* too large for the stack; there is one worker in a process */
	int r;

	if (o->stdio)
		port_open_stdio(&w.port);
	else if ((r = port_open(&w.port)) < 0)
		return r;
	r = arena_init(&w.arena, o->seed, o->random_percent);
	if (r < 0)
		return r;
	load_meter_reset(&w.load.window, now_ns());
	load_meter_reset(&w.load.total, now_ns());
	return worker_run(&w);
}

/* The worker is what the OOM killer must take, and PID 1 what is left to tell. */
static void offer_to_oom_killer(void)
{
	const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1000", 4) != 4)
		perror("oom_score_adj");
	close(fd);
}

static void tell_death(struct port *port, const char *id, int signal)
{
	struct facts f = { 0 };
	struct reply r;

	(void)facts_read(&f);
	reply_begin(&r, id, 0);
	reply_add(&r, "\"error\":\"the worker is dead, all its data is lost\",\"signal\":%d,",
		  signal);
	reply_add(&r, "\"oom_kills\":%llu,", (unsigned long long)f.oom_kills);
	reply_send(&r, port);
}

static void answer_dead(struct port *port, const char *line, int signal)
{
	char id[REPLY_ID_MAX] = "";

	if (sscanf(line, " @%31[A-Za-z0-9-]", id) == 1 || line[0] != '\0')
		tell_death(port, id, signal);
}

/*
 * After the worker's death every command gets the cause; only `quit` still works. Whoever waits
 * for a
 * reply of the worker's is told by the id "died".
 */
static void mourn(int status)
{
	const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	struct port port;
	char *line;
	int r;

	fprintf(stderr, "kvmb-workload: the worker died of signal %d, exit status %d\n", signal,
		WIFEXITED(status) ? WEXITSTATUS(status) : 0);
	while ((r = port_open(&port)) < 0) {
		fprintf(stderr, "kvmb-workload: port: %s\n", strerror(-r));
		sleep(1);
	}
	tell_death(&port, "died", signal);
	for (;;) {
		if (port_read_line(&port, UINT64_MAX, &line) <= 0)
			continue;
		answer_dead(&port, line, signal);
		if (strstr(line, "quit"))
			return;
	}
}

static int run_worker(const struct options *o)
{
	const int r = serve(o);

	if (r < 0)
		fprintf(stderr, "kvmb-workload: %s\n", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* PID 1 inherits orphans; only the worker's end counts. */
static int wait_for(pid_t child)
{
	int status = 0;
	pid_t pid;

	do
		pid = wait(&status);
	while (pid != child && (pid > 0 || errno == EINTR));
	return status;
}

static void supervise(const struct options *o)
{
	const pid_t child = fork();
	int status;

	if (child == 0) {
		offer_to_oom_killer();
		_exit(run_worker(o));
	}
	status = wait_for(child);
	if (status != 0)
		mourn(status);
	/* On the console, so that a guest that went by itself is told from one that was sent. */
	fprintf(stderr, "kvmb-workload: powering off as told\n");
	sync();
	reboot(RB_POWER_OFF);
}

static int parse_options(int argc, char **argv, struct options *ret)
{
	int opt;

	*ret = (struct options){ .seed = 1, .random_percent = RANDOM_PERCENT_DEFAULT };
	while ((opt = getopt(argc, argv, "s:r:i")) != -1) {
		if (opt == 's')
			ret->seed = strtoull(optarg, NULL, 0);
		else if (opt == 'r')
			ret->random_percent = (unsigned int)strtoul(optarg, NULL, 10);
		else if (opt == 'i')
			ret->stdio = true;
		else
			return -EINVAL;
	}
	return ret->random_percent > 100 || optind < argc ? -EINVAL : 0;
}

int main(int argc, char **argv)
{
	struct options o;

	if (parse_options(argc, argv, &o) < 0) {
		fprintf(stderr, "usage: %s [-s SEED] [-r RANDOM_PERCENT] [-i]\n"
				"  -i  take commands from stdin, for trying out\n", argv[0]);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	if (getpid() != 1)
		return run_worker(&o);
	supervise(&o);
	return EXIT_FAILURE;
}
