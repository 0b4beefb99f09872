# SPDX-License-Identifier: GPL-2.0-or-later
"""What the demo prints of far memory, and what must be true of it."""

from tables import UNKNOWN, cell, faults_of_replay, kills, outcome, table

OUT_ROUNDING = 0.5    # percent: figures of host and agent are not of the same moment
# Of what the stores say they won the host must have so much, for the rest of it changes as well.
WON_PART_MIN = 0.75
WON_MORE_MIB = 64


def idle(result):
    """Name and figures of those that idle."""
    return [(name, result["guests"][name]) for name in result["idle"]]


def of(row, key, moment="out"):
    """A figure of a store, 0 where there is none."""
    value = cell(row, moment, key)
    return 0 if value == UNKNOWN else value


def takes(row):
    """MiB that the host gives for what is out."""
    return of(row, "pool") + of(row, "metadata")


def won(row):
    """MiB that the host has more by the store."""
    return of(row, "out") - takes(row)


def part(row):
    """Percent of what the guest holds that is out."""
    held = of(row, "held")
    return 100 * of(row, "out") / held if held else 0


def usec(row, key):
    """A time in microseconds: the bound of a bucket."""
    nsec = cell(row, "home", key)
    return UNKNOWN if nsec == UNKNOWN else f"{nsec / 1000:.0f}"


def ratio(row):
    """How many times smaller it is, all that it takes included."""
    return f"{of(row, 'out') / takes(row):.2f}" if takes(row) else UNKNOWN


def grown(result, name):
    """MiB that a guest holds more than before."""
    row = result["guests"][name]
    return of(row, "held") - of(row, "held", "before")


def host_has_more(result):
    """MiB, by the host's own count: what is available, and what the new guest has got meanwhile."""
    host = result["host"]
    return (host["out"]["available"] - host["before"]["available"] +
            grown(result, result["new"]))


def stores_won(result):
    """MiB, by what the stores themselves say."""
    return sum(won(row) for row in result["guests"].values())


def others_won(result):
    """MiB that the idle guests hold less: balloons took it, or it was the cache of a file."""
    return -sum(grown(result, name) for name in result["idle"])


def far_tables(result):
    """All that is printed of it."""
    host = result["host"]
    swap = host["at_boot"]["swap_total"]
    print(f"\nFar memory: {len(result['idle'])} idle guests on a host of "
          f"{host['at_boot']['total']} MiB with Linux {result['kernel']} and "
          f"{f'{swap} MiB of' if swap else 'no'} swap (MiB)\n")
    table(["guest", "held", "out", "of held", "compressed", "host gives", "ratio", "won"],
          [[name, of(row, "held"), f"{of(row, 'out'):.0f}", f"{part(row):.0f} %",
            f"{of(row, 'stored'):.0f}", f"{takes(row):.0f}", ratio(row), f"{won(row):.0f}"]
           for name, row in idle(result)])
    print("\n  held: all of the guest's memory and of its QEMU's, what is out as well\n"
          "  host gives: what the compressed pages occupy, and what is remembered of each page\n"
          "  ratio: out to what the host gives; one half of each page's content is random\n")
    table(["guest", "pages back", "half in, us", "99 % in, us", "damaged", "outcome"],
          [[name, cell(row, "home", "faults"), usec(row, "p50_ns"), usec(row, "p99_ns"),
            cell(row, "home", "damaged"), outcome(row)] for name, row in result["guests"].items()])
    print("\n  half in, 99 % in: what a touch waits for its page in the kernel, at most "
          "(powers of two)")
    host_won(result)


def host_won(result):
    """The host's own count beside that of the stores."""
    host, new = result["host"], result["new"]
    print(f"\n  The host had {host['before']['available']} MiB available. {new} has grown by "
          f"{grown(result, new)} MiB since, and {host['out']['available']} MiB are available:\n"
          f"  by the host's count {host_has_more(result)} MiB were won, balloons and caches among "
          f"them; by that of the stores {stores_won(result):.0f} MiB.\n"
          f"  OOM kills: {kills(result)}. Replay of all decisions: {result['replay']['summary']}")


def faults_of_store(name, row, wanted):
    """What must be true of a guest that idles."""
    backend = cell(row, "out", "backend"), cell(row, "out", "reason")
    if backend != ("far", "no-swap"):
        yield f"{name}: its memory goes to {backend[0]}, because of {backend[1]}"
    if part(row) < wanted - OUT_ROUNDING:
        yield f"{name}: {part(row):.0f} % of its memory went out, not {wanted} %"
    if not of(row, "encrypted"):
        yield f"{name}: what is out is not encrypted"
    if won(row) <= 0:
        yield f"{name}: {won(row):.0f} MiB were won by what is out"
    if not of(row, "faults", "home") or UNKNOWN in (usec(row, "p50_ns"), usec(row, "p99_ns")):
        yield f"{name}: nothing came home, or nobody knows how long that took"
    if cell(row, "home", "damaged") != 0:
        yield f"{name}: {cell(row, 'home', 'damaged')} pages were damaged"


def faults_of_guest(row):
    """What must not happen to any guest."""
    if row["lost"] or not row["verified"]:
        yield outcome(row)
    elif row["guest_oom_kills"]:
        yield f"{row['guest_oom_kills']} OOM kills inside the guest"


def faults_of_count(result):
    """What the stores won must be there, and what is there must be theirs or the others'."""
    told, has = stores_won(result), host_has_more(result)
    if has < WON_PART_MIN * told:
        yield f"the stores won {told:.0f} MiB by their own count, but the host {has} MiB"
    if has > told + others_won(result) + WON_MORE_MIB:
        yield f"the host won {has} MiB, more than the {told:.0f} MiB of the stores explain"


def faults_of_far(result):
    """Everything of far memory that makes the demo fail."""
    guests = result["guests"]
    if result["host"]["at_boot"]["swap_total"]:
        yield "the host that was to have no swap has some"
    for name, row in guests.items():
        yield from (f"{name}: {fault}" for fault in faults_of_guest(row))
    for name, row in idle(result):
        if not row["lost"]:
            yield from faults_of_store(name, row, result["part"])
    if kills(result):
        yield f"{kills(result)} OOM kills on the host without swap"
    if not any(row["lost"] for row in guests.values()):
        yield from faults_of_count(result)
    yield from faults_of_replay(result)
