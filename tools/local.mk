# SPDX-License-Identifier: GPL-2.0-or-later
# What `make lint` needs to know of the build: the compiler's flags, for tools that parse C themselves.
LINTS += lint-flags
CLEANFILES += lint-flags
lint-flags: Makefile
	$(AM_V_GEN)echo '-I$(abs_top_builddir) -I$(abs_top_srcdir)/include -I$(abs_top_srcdir)/lib' \
		'-I$(abs_top_srcdir) -DHAVE_CONFIG_H $(subst \",",$(filter -D%,$(AM_CPPFLAGS))) -D_GNU_SOURCE -std=gnu11' \
		'$(LIBVIRT_CFLAGS) $(LIBCGROUP_CFLAGS) $(SYSTEMD_CFLAGS) $(JANSSON_CFLAGS)' \
		'$(INIH_CFLAGS) $(LIBXML_CFLAGS) $(SMARTCOLS_CFLAGS)' >$@

# Whole folders: they have no sources of the build. tools/check sees to it that the tarball has every file.
EXTRA_DIST += .ci .clang-format .clang-tidy .editorconfig COPYING COPYING.LESSER docs tools tests/demo tests/testbed
