// SPDX-License-Identifier: GPL-2.0-or-later
/* The main loop: one thread that takes turns between commands, hot set and long work. */
#include "worker.h"

static int step_job(struct worker *w)
{
	const bool kept = w->load.hot.kept && w->job.kind == JOB_FILL;
	int r = 0;

	if (job_step(&w->job, &w->arena) && !kept)
		r = hotset_rebuild(&w->load.hot, &w->arena);
	if (!w->job.running) {
		w->job.ended_ns = now_ns();
		worker_job_done(w);
	}
	return r;
}

int worker_run(struct worker *w)
{
	while (!w->quit) {
		uint64_t idle_ns = load_run(&w->load, &w->arena, now_ns());
		char *line;
		int r = 0;

		if (w->job.running) {
			r = step_job(w);
			idle_ns = 0;
		}
		if (r >= 0)
			r = port_read_line(&w->port, idle_ns, &line);
		if (r < 0)
			return r;
		if (r > 0)
			worker_command(w, line);
	}
	return 0;
}
