// SPDX-License-Identifier: GPL-2.0-or-later
/* Draws ratio against risk as SVG: parts from one in a million to all, by decades. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/util.h"
#include "report.h"

/* In pixels. */
#define LEFT 88U
#define TOP 56U
#define WIDTH 640U
#define DECADE 56U
#define DECADES 6U
#define BOTTOM (TOP + DECADES * DECADE)
#define PICTURE_WIDTH (LEFT + WIDTH + 32U)
#define PICTURE_HEIGHT (BOTTOM + 88U)

struct curve {
	const char *name, *colour;
	uint64_t (*ppm)(const struct fleet_report *r);
};

static uint64_t violated(const struct fleet_report *r)
{
	return report_ppm(r->totals.n_violations, r->totals.n_vm_steps);
}

static uint64_t over(const struct fleet_report *r)
{
	return report_ppm(r->totals.n_oom_steps, r->totals.n_steps);
}

static const struct curve curves[] = {
	{ "machines' steps in which a demand was not met", "#2b7cae", violated },
	{ "hosts' steps with a demand above RAM and swap", "#c1121f", over },
};

/* Thousandths of the decimal logarithm; between whole digits a straight line. 0 is as 1. */
static unsigned int milli_log10(uint64_t v)
{
	static const unsigned int digits[] = { 0,   301, 477, 602, 699,
					       778, 845, 903, 954, 1000 };
	unsigned int decades = 0;
	uint64_t unit = 1;

	while (v / unit >= 10) {
		unit *= 10;
		decades++;
	}
	if (!v)
		return 0;
	return decades * 1000 + digits[v / unit - 1] +
	       (unsigned int)((digits[v / unit] - digits[v / unit - 1]) * (v % unit) / unit);
}

static unsigned int y_of(uint64_t ppm)
{
	return BOTTOM - milli_log10(ppm) * DECADE / 1000;
}

static unsigned int x_of(uint32_t percent, uint32_t first, uint32_t last)
{
	return last > first ? LEFT + WIDTH * (percent - first) / (last - first) : LEFT + WIDTH / 2;
}

static int compare_ratios(const void *a, const void *b)
{
	const struct fleet_report *x = a, *y = b;

	return (x->ratio_percent > y->ratio_percent) - (x->ratio_percent < y->ratio_percent);
}

static void draw_axes(FILE *f, const struct fleet_report *r, size_t n)
{
	static const char *const labels[DECADES + 1] = { "0.0001 %", "0.001 %", "0.01 %", "0.1 %",
							 "1 %", "10 %", "100 %" };
	uint32_t last = r[n - 1].ratio_percent;

	fputs("<g stroke=\"#d8d8d8\" text-anchor=\"end\">\n", f);
	for (unsigned int i = 0; i <= DECADES; i++)
		fprintf(f, "<path d=\"M%u %uh%u\"/>"
			"<text stroke=\"none\" x=\"%u\" y=\"%u\">%s</text>\n",
			LEFT, BOTTOM - i * DECADE, WIDTH, LEFT - 8, BOTTOM - i * DECADE + 4,
			labels[i]);
	fputs("</g>\n<g text-anchor=\"middle\">\n", f);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "<text x=\"%u\" y=\"%u\">%u.%02u</text>\n",
			x_of(r[i].ratio_percent, r[0].ratio_percent, last), BOTTOM + 20,
			r[i].ratio_percent / 100, r[i].ratio_percent % 100);
	fprintf(f, "<text x=\"%u\" y=\"%u\">provisioned memory to a host's</text>\n</g>\n",
		LEFT + WIDTH / 2, BOTTOM + 40);
}

static void draw_curve(FILE *f, const struct curve *c, const struct fleet_report *r, size_t n)
{
	fprintf(f, "<g fill=\"%s\"><path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" d=\"",
		c->colour, c->colour);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%c%u %u", i ? 'L' : 'M',
			x_of(r[i].ratio_percent, r[0].ratio_percent, r[n - 1].ratio_percent),
			y_of(c->ppm(&r[i])));
	fputs("\"/>\n", f);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "<circle cx=\"%u\" cy=\"%u\" r=\"3\"/>\n",
			x_of(r[i].ratio_percent, r[0].ratio_percent, r[n - 1].ratio_percent),
			y_of(c->ppm(&r[i])));
	fputs("</g>\n", f);
}

static void draw_legend(FILE *f, const struct fleet_report *r)
{
	fprintf(f, "<text x=\"%u\" y=\"24\" font-size=\"18\">Overcommit ratio and risk</text>\n"
		"<text x=\"%u\" y=\"44\">%zu machines, %" PRIu64 " steps of them; "
		"the lowest line is one in a million or none</text>\n",
		LEFT, LEFT, r->n_vms, r->totals.n_vm_steps);
	for (unsigned int i = 0; i < ARRAY_SIZE(curves); i++)
		fprintf(f, "<rect x=\"%u\" y=\"%u\" width=\"12\" height=\"12\" fill=\"%s\"/>"
			"<text x=\"%u\" y=\"%u\">%s</text>\n",
			LEFT + i * WIDTH / 2, BOTTOM + 60, curves[i].colour,
			LEFT + i * WIDTH / 2 + 18, BOTTOM + 71, curves[i].name);
}

int report_svg(const struct fleet_report *reports, size_t n, FILE *f)
{
	_cleanup_free_ struct fleet_report *r = calloc(n, sizeof(*r));

	if (!r)
		return -ENOMEM;
	memcpy(r, reports, n * sizeof(*r));
	qsort(r, n, sizeof(*r), compare_ratios);
	fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
		"viewBox=\"0 0 %u %u\" font-family=\"sans-serif\" font-size=\"13\">\n"
		"<title>Overcommit ratio and risk</title>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
		PICTURE_WIDTH, PICTURE_HEIGHT, PICTURE_WIDTH, PICTURE_HEIGHT);
	draw_axes(f, r, n);
	for (size_t i = 0; i < ARRAY_SIZE(curves); i++)
		draw_curve(f, &curves[i], r, n);
	draw_legend(f, r);
	fputs("</svg>\n", f);
	return ferror(f) ? -EIO : 0;
}
