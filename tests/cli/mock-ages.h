/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the mock answers to Histogram and Map: canned pictures, errors and lies, by machine. */
#ifndef MOCK_AGES_H
#define MOCK_AGES_H

#include <systemd/sd-bus.h>

int mock_histogram(sd_bus_message *m, const char *machine, sd_bus_error *error);
int mock_map(sd_bus_message *m, const char *machine, sd_bus_error *error);

/** mock_other_types() - a filter for the bus: answers that sd-bus itself would not let out */
int mock_other_types(sd_bus_message *m, void *userdata, sd_bus_error *error);

#endif
