// SPDX-License-Identifier: GPL-2.0-or-later
/* PSI: averages by a table, triggers on the kernel's real files, the thread that waits for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/num.h"
#include "base/pressure.h"
#include "source/psi-watch.h"
#include "source/psi.h"
#include "tree.h"

static void test_averages_are_permyriad(void **state)
{
	struct kvmb_psi p;

	const char *text = "some avg10=0.37 avg60=12.05 avg300=1.00 total=123456789\n"
			   "full avg10=100.00 avg60=0.01 avg300=0.00 total=42\n";

	assert_int_equal(kvmb_parse_psi(text, &p), 0);
	assert_int_equal(p.some_avg10_permyriad, 37);
	assert_int_equal(p.some_avg60_permyriad, 1205);
	assert_int_equal(p.some_total_usec, 123456789);
	assert_int_equal(p.full_avg10_permyriad, 10000);
	assert_int_equal(p.full_avg60_permyriad, 1);
	assert_int_equal(p.full_total_usec, 42);
}

static void test_oddities_of_psi_text(void **state)
{
	struct kvmb_psi p;

	/* without full; an average rounded to above one whole; unknown words and lines */
	assert_int_equal(kvmb_parse_psi("some avg10=100.01 avg60=1.00 avg900=5.00 total=9\n"
					"irq avg10=3.00\n", &p), 0);
	assert_int_equal(p.some_avg10_permyriad, 10000);
	assert_int_equal(p.full_avg10_permyriad, 0);
	assert_int_equal(p.full_total_usec, 0);
}

static void test_psi_faults_leave_the_output_alone(void **state)
{
	static const char *const faults[] = {
		"",
		"some\n",
		"full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
		"some avg10=0.00 avg60=0.00 avg300=0.00\n",
		"some avg10=x avg60=0.00 avg300=0.00 total=0\n",
		"some avg10=0.00 avg60=0.00 total=-1\n",
		"some avg10=0.00 avg60=0.00 total=99999999999999999999\n",
		"some avg10=0.00 avg60=0.00 total=0\nfull avg10=0.00\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct kvmb_psi p, before;

		memset(&p, 0x5a, sizeof(p));
		before = p;
		if (kvmb_parse_psi(faults[i], &p) != -EBADMSG)
			fail_msg("taken for good: %s", faults[i]);
		assert_memory_equal(&p, &before, sizeof(p));
	}
}

static void test_a_copy_of_a_machine_is_not_written_to(void **state)
{
	const char *text = "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
	struct kvmb_root root = KVMB_ROOT_INIT;
	char *tree = tree_new(), *after;

	tree_write(tree, "proc/pressure/memory", text);
	assert_int_equal(kvmb_root_open(tree, &root), 0);
	assert_int_equal(kvmb_psi_trigger_open(root.proc_fd, "pressure/memory", 100000, 1000000),
			 -EOPNOTSUPP);
	after = tree_read(tree, "proc/pressure/memory");
	assert_string_equal(after, text);
	free(after);
	assert_int_equal(kvmb_psi_trigger_open(root.proc_fd, "pressure/none", 1, 2), -ENOENT);
	kvmb_root_close(&root);
	tree_free(tree);
}

static void test_impossible_triggers_are_refused(void **state)
{
	assert_int_equal(kvmb_psi_trigger_open(AT_FDCWD, "/proc/pressure/memory", 0, 1000000),
			 -EINVAL);
	assert_int_equal(kvmb_psi_trigger_open(AT_FDCWD, "/proc/pressure/memory", 3, 2), -EINVAL);
}

/* Opens a trigger on the real kernel, or skips with the reason. */
static int real_trigger(uint64_t stall_usec, uint64_t window_usec)
{
	int fd = kvmb_psi_trigger_open(AT_FDCWD, "/proc/pressure/memory", stall_usec, window_usec);

	if (fd == -ENOENT || fd == -EOPNOTSUPP)
		SKIP_TEST("this kernel has no PSI");
	if (fd == -EPERM || fd == -EACCES)
		SKIP_TEST("PSI triggers need CAP_SYS_RESOURCE here");
	return fd;
}

static void test_a_trigger_on_the_real_kernel(void **state)
{
	/* Without CAP_SYS_RESOURCE (6.5 and newer) windows are multiples of 2 s. */
	int fd = real_trigger(200000, 2000000);
	struct pollfd p = { .events = POLLPRI };

	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	p.fd = fd;
	/* It may have fired (other work runs on this machine), but it must not be in error. */
	assert_true(poll(&p, 1, 0) >= 0);
	assert_int_equal(p.revents & (POLLERR | POLLNVAL), 0);
	close(fd);
	/* the kernel wants windows of 0.5 to 10 s */
	assert_int_equal(real_trigger(100, 1000), -EINVAL);
}

/* ---- The thread that waits for triggers ------------------------------------------------------ */

/* Urgent data of a TCP connection is POLLPRI as well, and needs no kernel with PSI. */
struct fake {
	int64_t id;
	int peer_fd;
	int own_fd; /* a copy of what the watch has */
};

static void fake_begin(struct kvmb_psi_watch *w, struct fake *f)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	f->peer_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(f->peer_fd, (struct sockaddr *)&a, sizeof(a)), 0);
	fd = accept(listener, NULL, NULL);
	assert_true(fd >= 0);
	close(listener);
	f->own_fd = dup(fd);
	f->id = kvmb_psi_watch_add(w, fd);
	assert_true(f->id > 0);
}

static void fake_end(struct fake *f)
{
	close(f->peer_fd);
	close(f->own_fd);
}

static bool readable(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

/* Fires, and stops firing once that was noted. */
static void fake_fire(struct kvmb_psi_watch *w, struct fake *f)
{
	char byte = '!';

	assert_int_equal(send(f->peer_fd, &byte, 1, MSG_OOB), 1);
	WAIT_FOR(kvmb_psi_watch_take(w, f->id));
	assert_true(readable(kvmb_psi_watch_fd(w), WAIT_DEADLINE_MS));
	assert_int_equal(recv(f->own_fd, &byte, 1, MSG_OOB), 1);
}

static void test_triggers_are_told_apart(void **state)
{
	struct kvmb_psi_watch *w;
	struct fake a, b;

	assert_int_equal(kvmb_psi_watch_new(&w), 0);
	fake_begin(w, &a);
	fake_begin(w, &b);
	assert_true(a.id != b.id);
	assert_false(readable(kvmb_psi_watch_fd(w), 0));
	fake_fire(w, &b);
	assert_false(kvmb_psi_watch_take(w, a.id));
	fake_fire(w, &a);
	assert_false(kvmb_psi_watch_take(w, 0));
	assert_false(kvmb_psi_watch_take(w, b.id + 1));
	fake_end(&a);
	fake_end(&b);
	kvmb_psi_watch_free(w);
}

static void test_a_removed_trigger_is_silent(void **state)
{
	struct kvmb_psi_watch *w;
	struct fake f[5];
	size_t n_fds = count_fds();
	char byte = '!';

	assert_int_equal(kvmb_psi_watch_new(&w), 0);
	for (size_t i = 0; i < ARRAY_SIZE(f); i++)
		fake_begin(w, &f[i]);
	kvmb_psi_watch_remove(w, f[1].id);
	kvmb_psi_watch_remove(w, f[3].id);
	kvmb_psi_watch_remove(w, f[3].id);
	kvmb_psi_watch_remove(w, 0);
	fake_fire(w, &f[4]);
	WAIT_FOR((kvmb_psi_watch_clear(w), !readable(kvmb_psi_watch_fd(w), 20)));
	assert_false(readable(kvmb_psi_watch_fd(w), 0));
	/* closed: only our copy of it is left, so nobody waits for it */
	close(f[1].own_fd);
	(void)send(f[1].peer_fd, &byte, 1, MSG_OOB | MSG_NOSIGNAL);
	fake_fire(w, &f[0]);
	assert_false(kvmb_psi_watch_take(w, f[1].id));
	f[1].own_fd = -1;
	for (size_t i = 0; i < ARRAY_SIZE(f); i++)
		fake_end(&f[i]);
	kvmb_psi_watch_free(w);
	assert_int_equal(count_fds(), n_fds);
}

static void test_no_descriptor_no_trigger(void **state)
{
	struct kvmb_psi_watch *w;
	int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);

	assert_int_equal(kvmb_psi_watch_new(&w), 0);
	assert_int_equal(kvmb_psi_watch_add(w, -1), -EBADF);
	assert_int_equal(kvmb_psi_watch_add(w, file), -EPERM); /* cannot be polled */
	assert_int_equal(fcntl(file, F_GETFD), -1); /* closed all the same */
	kvmb_psi_watch_free(w);
}

static void *spin(void *userdata)
{
	atomic_bool *stop = userdata;

	while (!atomic_load(stop))
		;
	return NULL;
}

/*
 * The daemon's loop has the engine's descriptor in its own epoll set, and that one has ours: an
 * event must get through both. CPU pressure can be had by anybody, and triggers are the same code.
 */
static void test_an_event_gets_through_two_loops(void **state)
{
	int fd = kvmb_psi_trigger_open(AT_FDCWD, "/proc/pressure/cpu", 1000, 2000000);
	struct epoll_event event = { .events = EPOLLIN };
	int inner = epoll_create1(EPOLL_CLOEXEC), outer = epoll_create1(EPOLL_CLOEXEC);
	pthread_t threads[64];
	size_t n = (size_t)sysconf(_SC_NPROCESSORS_ONLN) + 1;
	struct kvmb_psi_watch *w;
	atomic_bool stop;
	int64_t id;

	if (fd < 0)
		SKIP_TEST("this kernel has no PSI triggers for us");
	if (n > ARRAY_SIZE(threads))
		SKIP_TEST("too many CPUs to make them all busy");
	assert_int_equal(kvmb_psi_watch_new(&w), 0);
	id = kvmb_psi_watch_add(w, fd);
	assert_true(id > 0);
	assert_int_equal(epoll_ctl(inner, EPOLL_CTL_ADD, kvmb_psi_watch_fd(w), &event), 0);
	assert_int_equal(epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event), 0);
	atomic_init(&stop, false);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, spin, &stop), 0);
	assert_int_equal(epoll_wait(outer, &event, 1, WAIT_DEADLINE_MS), 1);
	assert_int_equal(epoll_wait(inner, &event, 1, 0), 1);
	assert_true(kvmb_psi_watch_take(w, id));
	atomic_store(&stop, true);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	close(inner);
	close(outer);
	kvmb_psi_watch_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_averages_are_permyriad),
		cmocka_unit_test(test_oddities_of_psi_text),
		cmocka_unit_test(test_psi_faults_leave_the_output_alone),
		cmocka_unit_test(test_a_copy_of_a_machine_is_not_written_to),
		cmocka_unit_test(test_impossible_triggers_are_refused),
		cmocka_unit_test(test_a_trigger_on_the_real_kernel),
		cmocka_unit_test(test_triggers_are_told_apart),
		cmocka_unit_test(test_a_removed_trigger_is_silent),
		cmocka_unit_test(test_no_descriptor_no_trigger),
		cmocka_unit_test(test_an_event_gets_through_two_loops),
	};

	return cmocka_run_group_tests_name("psi", tests, NULL, NULL);
}
