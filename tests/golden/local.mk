# SPDX-License-Identifier: GPL-2.0-or-later
# Golden scenarios: sample, configuration and state in, plan out.
check_PROGRAMS += %D%/test-golden
tests_golden_test_golden_SOURCES = %D%/test-golden.c
tests_golden_test_golden_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_golden_test_golden_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-golden

EXTRA_DIST += \
	%D%/a-full-swap-leaves-free-memory-only/plan.json \
	%D%/a-full-swap-leaves-free-memory-only/sample.json \
	%D%/a-full-swap-leaves-free-memory-only/kvm-balloond.conf \
	%D%/a-guest-that-runs-short-gets-its-balloon-back-in-an-emergency/plan.json \
	%D%/a-guest-that-runs-short-gets-its-balloon-back-in-an-emergency/sample.json \
	%D%/a-guest-that-runs-short-gets-its-balloon-back-in-an-emergency/kvm-balloond.conf \
	%D%/a-guest-that-runs-short-gets-its-balloon-back-in-an-emergency/state.json \
	%D%/a-host-hard-up-takes-from-every-class-at-once/plan.json \
	%D%/a-host-hard-up-takes-from-every-class-at-once/sample.json \
	%D%/a-host-hard-up-takes-from-every-class-at-once/kvm-balloond.conf \
	%D%/a-host-hard-up-takes-what-is-wanted-back-before-what-is-in-use/plan.json \
	%D%/a-host-hard-up-takes-what-is-wanted-back-before-what-is-in-use/sample.json \
	%D%/a-host-hard-up-takes-what-is-wanted-back-before-what-is-in-use/kvm-balloond.conf \
	%D%/a-host-hard-up-takes-what-is-wanted-back-before-what-is-in-use/state.json \
	%D%/a-host-without-swap-pages-out-to-stores/kvm-balloond.conf \
	%D%/a-host-without-swap-pages-out-to-stores/plan.json \
	%D%/a-host-without-swap-pages-out-to-stores/sample.json \
	%D%/a-relaxed-host-makes-room-for-a-guest-to-come/kvm-balloond.conf \
	%D%/a-relaxed-host-makes-room-for-a-guest-to-come/plan.json \
	%D%/a-relaxed-host-makes-room-for-a-guest-to-come/sample.json \
	%D%/a-relaxed-host-makes-room-for-a-guest-to-come/state.json \
	%D%/a-request-of-the-operator-is-served-in-steps/plan.json \
	%D%/a-request-of-the-operator-is-served-in-steps/sample.json \
	%D%/a-request-of-the-operator-is-served-in-steps/state.json \
	%D%/a-short-host-takes-free-memory-and-waits-for-more/plan.json \
	%D%/a-short-host-takes-free-memory-and-waits-for-more/sample.json \
	%D%/a-short-host-takes-free-memory-and-waits-for-more/kvm-balloond.conf \
	%D%/a-trigger-takes-free-memory-but-reclaims-nothing-while-memory-is-available/plan.json \
	%D%/a-trigger-takes-free-memory-but-reclaims-nothing-while-memory-is-available/sample.json \
	%D%/a-trigger-takes-free-memory-but-reclaims-nothing-while-memory-is-available/kvm-balloond.conf \
	%D%/after-a-restart-pauses-rates-and-runtime-policy-are-kept/plan.json \
	%D%/after-a-restart-pauses-rates-and-runtime-policy-are-kept/sample.json \
	%D%/after-a-restart-pauses-rates-and-runtime-policy-are-kept/state.json \
	%D%/an-observed-host-shows-what-would-be-done/plan.json \
	%D%/an-observed-host-shows-what-would-be-done/sample.json \
	%D%/an-observed-host-shows-what-would-be-done/kvm-balloond.conf \
	%D%/cold-memory-goes-first-where-it-is-known/plan.json \
	%D%/cold-memory-goes-first-where-it-is-known/sample.json \
	%D%/each-guest-has-the-policy-of-its-strongest-source/plan.json \
	%D%/each-guest-has-the-policy-of-its-strongest-source/sample.json \
	%D%/each-guest-has-the-policy-of-its-strongest-source/kvm-balloond.conf \
	%D%/cold-memory-goes-first-where-it-is-known/kvm-balloond.conf \
	%D%/guests-at-their-guarantee-are-left-alone-though-the-host-dies/plan.json \
	%D%/guests-at-their-guarantee-are-left-alone-though-the-host-dies/sample.json \
	%D%/guests-at-their-guarantee-are-left-alone-though-the-host-dies/kvm-balloond.conf \
	%D%/guests-that-must-not-be-touched-are-named-with-the-reason/plan.json \
	%D%/guests-that-must-not-be-touched-are-named-with-the-reason/sample.json \
	%D%/guests-that-must-not-be-touched-are-named-with-the-reason/kvm-balloond.conf \
	%D%/hostile-statistics-move-no-balloon/plan.json \
	%D%/hostile-statistics-move-no-balloon/sample.json \
	%D%/hostile-statistics-move-no-balloon/kvm-balloond.conf \
	%D%/idle-memory-gives-before-memory-in-use/plan.json \
	%D%/idle-memory-gives-before-memory-in-use/sample.json \
	%D%/idle-memory-gives-before-memory-in-use/kvm-balloond.conf \
	%D%/memory-that-a-guest-wants-back-is-not-cold/plan.json \
	%D%/memory-that-a-guest-wants-back-is-not-cold/sample.json \
	%D%/memory-that-a-guest-wants-back-is-not-cold/kvm-balloond.conf \
	%D%/memory-that-a-guest-wants-back-is-not-cold/state.json \
	%D%/proactive-guests-give-what-they-do-not-feel/plan.json \
	%D%/proactive-guests-give-what-they-do-not-feel/sample.json \
	%D%/proactive-guests-give-what-they-do-not-feel/kvm-balloond.conf \
	%D%/without-libvirt-guests-are-left-as-they-are/plan.json \
	%D%/without-libvirt-guests-are-left-as-they-are/sample.json \
	%D%/without-libvirt-guests-are-left-as-they-are/kvm-balloond.conf \
	%D%/a-short-host-waits-for-what-a-guest-reports/plan.json \
	%D%/a-short-host-waits-for-what-a-guest-reports/sample.json \
	%D%/a-short-host-waits-for-what-a-guest-reports/kvm-balloond.conf \
	%D%/a-host-hard-up-takes-caches-before-what-is-in-use/plan.json \
	%D%/a-host-hard-up-takes-caches-before-what-is-in-use/sample.json \
	%D%/a-host-hard-up-takes-caches-before-what-is-in-use/kvm-balloond.conf \
	%D%/in-an-emergency-one-guest-of-the-lowest-class-is-held/plan.json \
	%D%/in-an-emergency-one-guest-of-the-lowest-class-is-held/sample.json \
	%D%/in-an-emergency-one-guest-of-the-lowest-class-is-held/kvm-balloond.conf \
	%D%/a-host-hard-up-begins-to-merge-equal-pages/plan.json \
	%D%/a-host-hard-up-begins-to-merge-equal-pages/sample.json \
	%D%/a-host-hard-up-begins-to-merge-equal-pages/kvm-balloond.conf
