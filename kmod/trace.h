/* SPDX-License-Identifier: GPL-2.0-only */
/* Trace events, kvm_swap(4). All name the guest as sysfs does: PID-ID. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvm_swap

#if !defined(_KVMS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KVMS_TRACE_H

#include <linux/tracepoint.h>

#include "age.h"
#include "kvm_swap.h"

DECLARE_EVENT_CLASS(kvm_swap_guest,
	TP_PROTO(const struct kvms_vm *vm),
	TP_ARGS(vm),
	TP_STRUCT__entry(
		__field(pid_t, pid)
		__field(u64, id)
		__field(unsigned int, users)
	),
	TP_fast_assign(
		__entry->pid = vm->pid;
		__entry->id = vm->id;
		__entry->users = kref_read(&vm->ref);
	),
	TP_printk("guest=%d-%llu users=%u", __entry->pid, __entry->id, __entry->users)
);

/* The one that comes is counted. */
DEFINE_EVENT(kvm_swap_guest, kvm_swap_attach,
	TP_PROTO(const struct kvms_vm *vm),
	TP_ARGS(vm)
);

/* The one that goes is still counted. */
DEFINE_EVENT(kvm_swap_guest, kvm_swap_detach,
	TP_PROTO(const struct kvms_vm *vm),
	TP_ARGS(vm)
);

DEFINE_EVENT(kvm_swap_guest, kvm_swap_gone,
	TP_PROTO(const struct kvms_vm *vm),
	TP_ARGS(vm)
);

/* A stretch of a pass has ended; cursor 0: and so has the pass. */
TRACE_EVENT(kvm_swap_age,
	TP_PROTO(const struct kvms_vm *vm, const struct kvms_pass *pass),
	TP_ARGS(vm, pass),
	TP_STRUCT__entry(
		__field(pid_t, pid)
		__field(u64, id)
		__field(unsigned long, cursor)
		__field(u64, pages)
		__field(u64, young)
		__field(u64, calls)
		__field(u64, raced)
		__field(u64, usec)
	),
	TP_fast_assign(
		__entry->pid = vm->pid;
		__entry->id = vm->id;
		__entry->cursor = pass->cursor;
		__entry->pages = pass->pages;
		__entry->young = pass->young;
		__entry->calls = pass->calls;
		__entry->raced = pass->raced;
		__entry->usec = pass->usec;
	),
	TP_printk("guest=%d-%llu cursor=%#lx pages=%llu young=%llu calls=%llu raced=%llu usec=%llu",
		  __entry->pid, __entry->id, __entry->cursor, __entry->pages, __entry->young,
		  __entry->calls, __entry->raced, __entry->usec)
);

DECLARE_EVENT_CLASS(kvm_swap_span,
	TP_PROTO(const struct kvms_vm *vm, unsigned long start, unsigned long end),
	TP_ARGS(vm, start, end),
	TP_STRUCT__entry(
		__field(pid_t, pid)
		__field(u64, id)
		__field(unsigned long, start)
		__field(unsigned long, end)
	),
	TP_fast_assign(
		__entry->pid = vm->pid;
		__entry->id = vm->id;
		__entry->start = start;
		__entry->end = end;
	),
	TP_printk("guest=%d-%llu start=%#lx end=%#lx",
		  __entry->pid, __entry->id, __entry->start, __entry->end)
);

/* An invalidation that met guest memory; all of its range. */
DEFINE_EVENT(kvm_swap_span, kvm_swap_invalidate,
	TP_PROTO(const struct kvms_vm *vm, unsigned long start, unsigned long end),
	TP_ARGS(vm, start, end)
);

/* A block whose answers an invalidation crossed: it is asked again, or left to the next pass. */
DEFINE_EVENT(kvm_swap_span, kvm_swap_raced,
	TP_PROTO(const struct kvms_vm *vm, unsigned long start, unsigned long end),
	TP_ARGS(vm, start, end)
);

TRACE_EVENT(kvm_swap_cold,
	TP_PROTO(const struct kvms_vm *vm, const struct kvm_swap_cold *cold),
	TP_ARGS(vm, cold),
	TP_STRUCT__entry(
		__field(pid_t, pid)
		__field(u64, id)
		__field(u32, min_age)
		__field(u32, count)
		__field(u64, bytes)
	),
	TP_fast_assign(
		u32 i;

		__entry->pid = vm->pid;
		__entry->id = vm->id;
		__entry->min_age = cold->min_age;
		__entry->count = cold->count;
		__entry->bytes = 0;
		for (i = 0; i < cold->count; i++)
			__entry->bytes += cold->ranges[i].bytes;
	),
	TP_printk("guest=%d-%llu min_age=%u count=%u bytes=%llu",
		  __entry->pid, __entry->id, __entry->min_age, __entry->count, __entry->bytes)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
