# SPDX-License-Identifier: GPL-2.0-or-later
"""What the demo's reports share: results, their figures, tables."""

import json

UNKNOWN = "-"


def load(folder, case):
    """The result of one run."""
    return json.loads((folder / case / "result.json").read_text())


def cell(row, moment, key):
    """A guest's figure at a moment, '-' where it is gone."""
    figures = row.get(moment)
    value = figures.get(key) if figures else None
    return UNKNOWN if value is None else value


def outcome(row):
    """What became of a guest."""
    if row["lost"]:
        return "LOST: " + row["lost"]
    return f"{row['want']} MiB verified" if row["verified"] else "BAD CONTENT"


def table(header, rows):
    """Right-aligned columns, the first and the last one left-aligned."""
    rows = [[str(c) for c in r] for r in [header, *rows]]
    widths = [max(len(r[i]) for r in rows) for i in range(len(header))]
    for number, row in enumerate(rows):
        cells = [c.rjust(w) for c, w in zip(row, widths)]
        cells[0], cells[-1] = row[0].ljust(widths[0]), row[-1]
        print("  " + "  ".join(cells).rstrip())
        if number == 0:
            print("  " + "-" * (sum(widths) + 2 * len(widths) - 2))


def kills(result):
    """OOM kills on the host during the load."""
    return result["host"]["end"]["oom_kills"] - result["host"]["at_boot"]["oom_kills"]


def faults_of_replay(result):
    """The recorded decisions must be those that the shipped policy comes to again."""
    replay = result["replay"]
    if replay["status"]:
        yield f"replay of the agent's decisions: {replay['fault'] or replay['summary']}"
    elif replay["summary"].startswith("0 ticks"):
        yield "nothing of the agent's decisions was recorded"
