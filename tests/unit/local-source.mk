# SPDX-License-Identifier: GPL-2.0-or-later
# Sources, actuators and the worker thread.
tests_tree = %D%/tree.c %D%/tree.h
tests_act = %D%/act.c %D%/act.h $(tests_tree)

check_PROGRAMS += %D%/test-worker
TESTS += %D%/test-worker
tests_unit_test_worker_SOURCES = %D%/test-worker.c $(tests_tree)
tests_unit_test_worker_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_worker_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)

check_PROGRAMS += %D%/test-ages
TESTS += %D%/test-ages
tests_unit_test_ages_SOURCES = %D%/test-ages.c %D%/ages-world.h $(tests_tree)
tests_unit_test_ages_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ages_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=kvmb_now_ns
tests_unit_test_ages_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)

check_PROGRAMS += %D%/test-age-stores
TESTS += %D%/test-age-stores
tests_unit_test_age_stores_SOURCES = %D%/test-age-stores.c %D%/ages-world.h $(tests_tree)
tests_unit_test_age_stores_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_age_stores_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=kvmb_now_ns
tests_unit_test_age_stores_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)

check_PROGRAMS += %D%/test-host
TESTS += %D%/test-host
tests_unit_test_host_SOURCES = %D%/test-host.c $(tests_tree)
tests_unit_test_host_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_host_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)

check_PROGRAMS += %D%/test-psi
TESTS += %D%/test-psi
tests_unit_test_psi_SOURCES = %D%/test-psi.c $(tests_tree)
tests_unit_test_psi_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_psi_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)

check_PROGRAMS += %D%/test-guest-cgroup
TESTS += %D%/test-guest-cgroup
tests_unit_test_guest_cgroup_SOURCES = %D%/test-guest-cgroup.c $(tests_tree)
tests_unit_test_guest_cgroup_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_guest_cgroup_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=kvmb_psi_trigger_open \
	-Wl,--wrap=kvmb_now_ns
tests_unit_test_guest_cgroup_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)

check_PROGRAMS += %D%/test-libvirt
TESTS += %D%/test-libvirt
tests_unit_test_libvirt_SOURCES = %D%/test-libvirt.c $(tests_tree)
tests_unit_test_libvirt_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) $(LIBVIRT_CFLAGS)
tests_unit_test_libvirt_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=virConnectGetAllDomainStats \
	-Wl,--wrap=virDomainListGetStats -Wl,--wrap=virDomainSetMemoryStatsPeriod
tests_unit_test_libvirt_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS) $(LIBVIRT_LIBS)

check_PROGRAMS += %D%/test-libvirt-guest
TESTS += %D%/test-libvirt-guest
tests_unit_test_libvirt_guest_SOURCES = %D%/test-libvirt-guest.c $(tests_tree)
tests_unit_test_libvirt_guest_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) $(LIBVIRT_CFLAGS)
tests_unit_test_libvirt_guest_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=virDomainSetMemoryStatsPeriod
tests_unit_test_libvirt_guest_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS) $(LIBVIRT_LIBS)

check_PROGRAMS += %D%/test-actuator
TESTS += %D%/test-actuator
tests_unit_test_actuator_SOURCES = %D%/test-actuator.c $(tests_act)
tests_unit_test_actuator_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) $(LIBVIRT_CFLAGS)
tests_unit_test_actuator_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=kvmb_cgroup_write \
	-Wl,--wrap=virConnectIsAlive -Wl,--wrap=virDomainSetMemoryFlags
tests_unit_test_actuator_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS) $(LIBVIRT_LIBS)

check_PROGRAMS += %D%/test-pageout
TESTS += %D%/test-pageout
tests_unit_test_pageout_SOURCES = %D%/test-pageout.c $(tests_act)
tests_unit_test_pageout_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_pageout_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)

check_PROGRAMS += %D%/test-pageout-far
TESTS += %D%/test-pageout-far
tests_unit_test_pageout_far_SOURCES = %D%/test-pageout-far.c $(tests_act)
tests_unit_test_pageout_far_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_pageout_far_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)

check_PROGRAMS += %D%/test-store-module
TESTS += %D%/test-store-module
tests_unit_test_store_module_SOURCES = %D%/test-store-module.c
tests_unit_test_store_module_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_module_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=ioctl
tests_unit_test_store_module_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)

check_PROGRAMS += %D%/test-age-damon
TESTS += %D%/test-age-damon
tests_unit_test_age_damon_SOURCES = %D%/test-age-damon.c %D%/fake-damon.c %D%/fake-damon.h \
	$(tests_tree)
tests_unit_test_age_damon_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_age_damon_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=kvmb_write_at
tests_unit_test_age_damon_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)

check_PROGRAMS += %D%/test-age-mglru
TESTS += %D%/test-age-mglru
tests_unit_test_age_mglru_SOURCES = %D%/test-age-mglru.c $(tests_tree)
tests_unit_test_age_mglru_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_age_mglru_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=kvmb_write_at \
	-Wl,--wrap=kvmb_now_ns -Wl,--wrap=openat
tests_unit_test_age_mglru_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)

check_PROGRAMS += %D%/test-guest-memory
TESTS += %D%/test-guest-memory
tests_unit_test_guest_memory_SOURCES = %D%/test-guest-memory.c $(tests_tree)
tests_unit_test_guest_memory_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_guest_memory_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)

check_PROGRAMS += %D%/test-backing
TESTS += %D%/test-backing
tests_unit_test_backing_SOURCES = %D%/test-backing.c $(tests_tree)
tests_unit_test_backing_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) $(LIBVIRT_CFLAGS)
tests_unit_test_backing_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=virDomainGetXMLDesc \
	-Wl,--wrap=virDomainGetJobStats -Wl,--wrap=virDomainRef -Wl,--wrap=virDomainFree
tests_unit_test_backing_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS) $(LIBVIRT_LIBS)

check_PROGRAMS += %D%/test-limit
TESTS += %D%/test-limit
tests_unit_test_limit_SOURCES = %D%/test-limit.c $(tests_act)
tests_unit_test_limit_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_limit_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=kvmb_cgroup_write
tests_unit_test_limit_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)

check_PROGRAMS += %D%/test-metadata
TESTS += %D%/test-metadata
tests_unit_test_metadata_SOURCES = %D%/test-metadata.c
tests_unit_test_metadata_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) $(LIBXML_CFLAGS)
tests_unit_test_metadata_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS) $(LIBXML_LIBS)

check_PROGRAMS += %D%/test-persist
TESTS += %D%/test-persist
tests_unit_test_persist_SOURCES = %D%/test-persist.c $(tests_tree)
tests_unit_test_persist_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) $(LIBVIRT_CFLAGS)
tests_unit_test_persist_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=kvmb_metadata_format
tests_unit_test_persist_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS) $(LIBVIRT_LIBS)

check_PROGRAMS += %D%/test-ksm-host
TESTS += %D%/test-ksm-host
tests_unit_test_ksm_host_SOURCES = %D%/test-ksm-host.c $(tests_tree)
tests_unit_test_ksm_host_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ksm_host_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=kvmb_write_at
tests_unit_test_ksm_host_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
