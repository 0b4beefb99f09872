// SPDX-License-Identifier: GPL-2.0-or-later
/* Draws a map of memory as SVG: a path for each class of age, the time, and a legend. */
#include "map.h"

#include <errno.h>
#include <inttypes.h>

#include "ages.h"
#include "figure.h"
#include "raster.h"
#include "text.h"
#include "util.h"

/* In pixels. The picture's width is divided by any number of columns without a rest. */
#define PICTURE_WIDTH 768U
#define LEFT 88U
#define TOP 64U
#define MARGIN 16U
#define LINE 20U
#define LEGEND_COLUMNS 5U
#define COLUMNS_MIN 16U
#define ROWS_MAX 128U

/* From hot to cold, told apart with any eyes by how dark they are from the middle on. */
static const char *const fills[RASTER_CLASSES + 1] = {
	"#c1121f", "#e2522b", "#f08a24", "#f4b63f", "#e3d36a", "#9cc17c",
	"#4fa58f", "#2b7cae", "#25408f", "#e4e4e4", /* the last: not resident */
};
#define CLASS_ABSENT RASTER_CLASSES
#define CLASSES (RASTER_CLASSES + 1)

static unsigned int class_of(uint8_t cell)
{
	if (cell == KVMB_MAP_NO_MEMORY)
		return CLASSES;
	return cell == KVMB_MAP_ABSENT ? CLASS_ABSENT : raster_class(cell);
}

/* Controls are printable text by now: XML could not have them even as references. */
static void put_text(FILE *f, const char *text)
{
	_cleanup_free_ char *safe = text_escape(text, "");

	for (const char *c = safe ?: ""; *c; c++)
		switch (*c) {
		case '&':
			fputs("&amp;", f);
			break;
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		default:
			fputc(*c, f);
		}
}

/* Neighbours of one class are one rectangle of its path. */
static void draw_class(FILE *f, const struct raster *r, unsigned int class)
{
	unsigned int side = PICTURE_WIDTH / r->columns;

	fprintf(f, "<path fill=\"%s\" d=\"", fills[class]);
	for (size_t y = 0; y < r->n_rows; y++) {
		const uint8_t *cells = raster_row(r, y);

		for (unsigned int x = 0, n = 0; x < r->columns; x += n ?: 1, n = 0) {
			while (x + n < r->columns && class_of(cells[x + n]) == class)
				n++;
			if (n)
				fprintf(f, "M%u %zuh%uv%uh-%uz", LEFT + x * side, TOP + y * side,
					n * side, side, n * side);
		}
	}
	fputs("\"/>\n", f);
}

static void draw_labels(FILE *f, const struct raster *r)
{
	size_t side = PICTURE_WIDTH / r->columns, every = (LINE + side - 1) / side;

	fputs("<g text-anchor=\"end\">\n", f);
	for (size_t y = 0; y < r->n_rows; y += every)
		fprintf(f, "<text x=\"%u\" y=\"%zu\">%s</text>\n", LEFT - 8, TOP + y * side + 12,
			raster_label(r->gpas[y]).text);
	fputs("</g>\n", f);
}

/* "under 5 s", "5 s", "2.5 s", ... "640 s or longer": always seconds, so that they compare. */
static void put_ages(FILE *f, uint64_t unit_usec, unsigned int class)
{
	uint64_t usec = ages_times(unit_usec, raster_class_begin(class ?: 1));

	fprintf(f, "%s%" PRIu64, class ? "" : "under ", usec / 1000000);
	if (usec % 1000000 >= 100000)
		fprintf(f, ".%" PRIu64, usec % 1000000 / 100000);
	fprintf(f, " s%s", class == RASTER_CLASSES - 1 ? " or longer" : "");
}

static void draw_legend(FILE *f, uint64_t unit_usec, size_t top)
{
	for (unsigned int i = 0; i < CLASSES; i++) {
		unsigned int x = LEFT + i % LEGEND_COLUMNS * (PICTURE_WIDTH / LEGEND_COLUMNS);
		size_t y = top + i / LEGEND_COLUMNS * LINE;

		fprintf(f, "<rect x=\"%u\" y=\"%zu\" width=\"12\" height=\"12\" fill=\"%s\"/>"
			"<text x=\"%u\" y=\"%zu\">", x, y, fills[i], x + 18, y + 11);
		if (i == CLASS_ABSENT)
			fputs("not resident", f);
		else
			put_ages(f, unit_usec, i);
		fputs("</text>\n", f);
	}
}

static void draw_title(FILE *f, const char *machine, const struct raster *r, const char *when)
{
	fputs("<title>", f);
	put_text(f, machine);
	fputs(": memory by age, ", f);
	put_text(f, when);
	fprintf(f, "</title>\n<text x=\"%u\" y=\"28\" font-size=\"18\">", LEFT);
	put_text(f, machine);
	fprintf(f, ": memory by age</text>\n<text x=\"%u\" y=\"50\">", LEFT);
	put_text(f, when);
	fprintf(f, ": %s of memory, by the address in the machine; a cell is %s</text>\n",
		figure_size(r->memory_bytes).text, figure_size(r->cell_bytes).text);
}

/* As many columns as make the picture about as high as wide. */
static unsigned int columns_for(const struct kvmb_map *map)
{
	unsigned int columns = COLUMNS_MIN;
	uint64_t n = 0;

	for (size_t i = 0; i < map->n_extents; i++)
		n += map->extents[i].n_blocks;
	while (columns < RASTER_COLUMNS_MAX && (uint64_t)columns * columns < n)
		columns *= 2;
	return columns;
}

int map_draw_svg(FILE *f, const char *machine, const struct kvmb_map *map, const char *when)
{
	_cleanup_(raster_clear) struct raster r = { .gpas = NULL };
	int error = raster_new(map, columns_for(map), ROWS_MAX, &r);
	unsigned int width = LEFT + PICTURE_WIDTH + MARGIN;
	size_t bottom, height;

	if (error < 0)
		return error;
	bottom = TOP + r.n_rows * (PICTURE_WIDTH / r.columns);
	height = bottom + MARGIN + 2 * LINE + MARGIN;
	fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%zu\" "
		"viewBox=\"0 0 %u %zu\" font-family=\"sans-serif\" font-size=\"13\">\n",
		width, height, width, height);
	fputs("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n", f);
	draw_title(f, machine, &r, when);
	fputs("<g shape-rendering=\"crispEdges\">\n", f);
	for (unsigned int i = 0; i < CLASSES; i++)
		draw_class(f, &r, i);
	fputs("</g>\n", f);
	draw_labels(f, &r);
	draw_legend(f, map->unit_usec, bottom + MARGIN);
	fputs("</svg>\n", f);
	return ferror(f) ? -EIO : 0;
}
