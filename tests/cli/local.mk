# SPDX-License-Identifier: GPL-2.0-or-later
cli_test_scripts = \
	%D%/test-completion.sh \
	%D%/test-daemon.sh \
	%D%/test-hang.sh \
	%D%/test-hook.sh \
	%D%/test-man.sh \
	%D%/test-map.sh \
	%D%/test-monitor.sh \
	%D%/test-offline.sh \
	%D%/test-top.sh \
	%D%/test-verbs.sh
dist_check_SCRIPTS += $(cli_test_scripts)
TESTS += $(cli_test_scripts) %D%/test-raster %D%/test-text
EXTRA_DIST += %D%/lib.sh %D%/sample.json %D%/golden

check_PROGRAMS += %D%/mock-balloond %D%/on-screen %D%/test-raster %D%/test-text
tests_cli_mock_balloond_SOURCES = %D%/mock-balloond.c %D%/mock-ages.c %D%/mock-ages.h
tests_cli_mock_balloond_CPPFLAGS = $(AM_CPPFLAGS) $(SYSTEMD_CFLAGS)
tests_cli_mock_balloond_LDADD = $(SYSTEMD_LIBS)

tests_cli_on_screen_SOURCES = %D%/on-screen.c %D%/screen.c %D%/screen.h

tests_cli_test_raster_SOURCES = %D%/test-raster.c
tests_cli_test_raster_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/cli $(SYSTEMD_CFLAGS) $(CMOCKA_CFLAGS)
tests_cli_test_raster_LDADD = libctl.la libkvmballoon.la $(CMOCKA_LIBS)

tests_cli_test_text_SOURCES = %D%/test-text.c
tests_cli_test_text_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/cli $(SYSTEMD_CFLAGS) $(CMOCKA_CFLAGS)
tests_cli_test_text_LDADD = libctl.la libkvmballoon.la $(CMOCKA_LIBS)
