// SPDX-License-Identifier: GPL-2.0-or-later
/* Records that are of another size than the call's, or not where they should be. */
#include <err.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "module.h"
#include "quiet.h"
#include "subjects.h"
#include "tap.h"

#define PAGES (2 * BLOCK_PAGES)
#define AREA  (4 * PAGE) /* more than any record */

static const struct call {
	const char *name;
	unsigned int cmd;
	bool on_device;
} calls[] = {
	{ "info", KVM_SWAP_INFO, true },    { "attach", KVM_SWAP_ATTACH, true },
	{ "age", KVM_SWAP_AGE, false },     { "histogram", KVM_SWAP_HISTOGRAM, false },
	{ "cold", KVM_SWAP_COLD, false },   { "map", KVM_SWAP_MAP, false },
	{ "stats", KVM_SWAP_STATS, false }, { "params", KVM_SWAP_PARAMS, false },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct world {
	struct vm vm;
	int guest;
	uint8_t *area;  /* readable and writable, and behind it nothing */
	uint8_t *fixed; /* readable only */
};

static void fill(const struct world *w, unsigned int cmd, uint8_t *at)
{
	struct kvm_swap_attach attach = { .vm_fd = w->vm.fd };
	struct kvm_swap_cold cold = { .min_age = 1 };
	struct kvm_swap_params p = params(w->guest);

	memset(at, 0, _IOC_SIZE(cmd));
	p.flags = KVM_SWAP_PARAMS_SET;
	p.passes_per_age = 7;
	if (cmd == KVM_SWAP_ATTACH)
		memcpy(at, &attach, sizeof(attach));
	if (cmd == KVM_SWAP_COLD)
		memcpy(at, &cold, offsetof(struct kvm_swap_cold, ranges));
	if (cmd == KVM_SWAP_PARAMS)
		memcpy(at, &p, sizeof(p));
}

/* 0 or errno; what attach returns is closed. */
static int call(const struct world *w, const struct call *c, unsigned int cmd, const void *at)
{
	int r = ioctl(c->on_device ? device_fd() : w->guest, cmd, at);

	if (r > 0)
		close(r);
	return r < 0 ? errno : 0;
}

/* The number says another size or another direction than the call's. */
static void other_numbers(const struct world *w, const struct call *c)
{
	unsigned int dir = _IOC_DIR(c->cmd), nr = _IOC_NR(c->cmd), size = _IOC_SIZE(c->cmd);
	const unsigned int others[] = {
		_IOC(dir, KVM_SWAP_IOC, nr, size - 8),
		_IOC(dir, KVM_SWAP_IOC, nr, size + 8),
		_IOC(dir, KVM_SWAP_IOC, nr, size - 1),
		_IOC(dir, KVM_SWAP_IOC, nr, 0),
		_IOC(dir, KVM_SWAP_IOC, nr, (1 << _IOC_SIZEBITS) - 1),
		_IOC(dir ^ _IOC_WRITE, KVM_SWAP_IOC, nr, size),
		_IOC(dir, KVM_SWAP_IOC + 1, nr, size),
		_IOC(dir, KVM_SWAP_IOC, nr + 0x40, size),
	};
	const struct state was = state_read(w->guest);
	unsigned int accepted = 0;

	fill(w, c->cmd, w->area);
	for (size_t i = 0; i < COUNT(others); i++)
		accepted += call(w, c, others[i], w->area) != ENOTTY;
	ok(!accepted && state_is(w->guest, &was),
	   "%s: too short, too long, another number: ENOTTY (%u)", c->name, accepted);
}

static void wrong_descriptor(const struct world *w, const struct call *c)
{
	const struct call other = { c->name, c->cmd, !c->on_device };

	fill(w, c->cmd, w->area);
	ok(call(w, &other, c->cmd, w->area) == ENOTTY, "%s: on the %s: ENOTTY", c->name,
	   c->on_device ? "guest" : "device");
}

/* Nowhere, in the kernel, in part behind the end of what is mapped. */
static void unmapped(const struct world *w, const struct call *c)
{
	size_t size = _IOC_SIZE(c->cmd);
	void *const at[] = {
		NULL,
		w->area + AREA,
		w->area + AREA - size / 2,
		w->area + AREA - size + 1,
		(void *)0xffff888000001000,
		(void *)0x8000000000000000,
		(void *)-8,
		(void *)-PAGE,
	};
	const struct state was = state_read(w->guest);
	unsigned int accepted = 0;
	uint8_t record[AREA];

	fill(w, c->cmd, record);
	memcpy(w->area + AREA - size / 2, record, size / 2);
	for (size_t i = 0; i < COUNT(at); i++)
		accepted += call(w, c, c->cmd, at[i]) != EFAULT;
	memcpy(w->area + AREA - size + 1, record, size - 1);
	accepted += call(w, c, c->cmd, w->area + AREA - size + 1) != EFAULT;
	ok(!accepted && state_is(w->guest, &was),
	   "%s: no memory for the record: EFAULT, no effect (%u)", c->name, accepted);
}

static void read_only(const struct world *w, const struct call *c)
{
	const bool only_read = _IOC_DIR(c->cmd) == _IOC_WRITE;
	const struct state was = state_read(w->guest);
	int got;

	if (mprotect(w->fixed, AREA, PROT_READ | PROT_WRITE))
		err(2, "mprotect");
	fill(w, c->cmd, w->fixed);
	if (mprotect(w->fixed, AREA, PROT_READ))
		err(2, "mprotect");
	got = call(w, c, c->cmd, w->fixed);
	ok(got == (only_read ? 0 : EFAULT) && state_is(w->guest, &was),
	   "%s: a record that cannot be written: %s, no effect (%d)", c->name,
	   only_read ? "it is only read" : "EFAULT", got);
}

/* A record may be at any address. */
static void misaligned(const struct world *w, const struct call *c)
{
	size_t size = _IOC_SIZE(c->cmd);
	unsigned int refused = 0;

	for (size_t i = 1; i < 8; i++) {
		fill(w, c->cmd, w->area + i);
		refused += call(w, c, c->cmd, w->area + i) != 0;
	}
	fill(w, c->cmd, w->area + AREA - size);
	refused += call(w, c, c->cmd, w->area + AREA - size) != 0;
	fill(w, c->cmd, w->area + 2 * PAGE - size / 2);
	refused += call(w, c, c->cmd, w->area + 2 * PAGE - size / 2) != 0;
	ok(!refused, "%s: at odd addresses, at the end, across pages: works (%u)", c->name,
	   refused);
}

/* A call that fails leaves the caller's record as it was. */
static void failed_call(const struct world *w)
{
	struct kvm_swap_age age = { .cursor = 1, .pages = 12, .usec = 34 }, was = age;
	struct kvm_swap_map map = { .gpa = 1, .count = 56 };

	ok(ioctl(w->guest, KVM_SWAP_AGE, &age) < 0 && !memcmp(&age, &was, sizeof(age)),
	   "age: a call that fails does not write");
	ok(ioctl(w->guest, KVM_SWAP_MAP, &map) < 0 && map.count == 56, "map: nor this one");
	ok(ioctl(w->guest, 0x1234) < 0 && errno == ENOTTY, "a number of nobody's: ENOTTY");
}

static void world_new(struct world *w)
{
	vm_new(&w->vm, PAGES, VM_SMALL);
	w->guest = must_attach(&w->vm);
	vm_touch(&w->vm, 0, PAGES, 1);
	passes(w->guest, 4);
	w->area = vm_map(BLOCK, VM_SMALL);
	if (munmap(w->area + AREA, BLOCK - AREA))
		err(2, "munmap");
	w->fixed = vm_map(BLOCK, VM_SMALL);
}

void test_buffers(void)
{
	struct world w;

	world_new(&w);
	quiet_begin();
	for (size_t i = 0; i < COUNT(calls); i++) {
		other_numbers(&w, &calls[i]);
		wrong_descriptor(&w, &calls[i]);
		unmapped(&w, &calls[i]);
		read_only(&w, &calls[i]);
		misaligned(&w, &calls[i]);
	}
	failed_call(&w);
	quiet_end("wrong buffers");
	munmap(w.area, AREA);
	munmap(w.fixed, BLOCK);
	close(w.guest);
	vm_free(&w.vm);
}
