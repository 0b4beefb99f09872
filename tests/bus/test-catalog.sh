#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The message catalogue explains the ids that the daemon sends, all of them and no other, and journalctl
# can read it.
# shellcheck source=tests/bus/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

catalog=$top_srcdir/data/kvm-balloond.catalog
sent=$(grep -oE '"[0-9a-f]{32}"' "$top_srcdir/daemon/journal.c" | tr -d '"' | sort)
explained=$(sed -nE 's/^-- ([0-9a-f]{32})$/\1/p' "$catalog" | sort)
is "every id that is sent is explained, and no other" "$explained" "$sent"
is "no id is there twice" "$(uniq -d <<<"$explained")" ''
fields=$(grep -oE '@[A-Z_]+@' "$catalog" | tr -d @ | sort -u)
for field in $fields; do
	grep -q "\"$field=" "$top_srcdir/daemon/journal.c" || echo "$field"
done >"$work/unknown"
is "every field that it uses is sent" "$(<"$work/unknown")" ''
mkdir -p "$work/root/usr/lib/systemd/catalog" "$work/root/var/lib/systemd/catalog"
cp "$catalog" "$work/root/usr/lib/systemd/catalog/"
journalctl --update-catalog --root="$work/root" 2>"$work/err" || fail "journalctl reads it" "$(<"$work/err")"
is "journalctl reads all of it" "$(journalctl --list-catalog --root="$work/root" | wc -l)" "$(wc -l <<<"$sent")"
finish
