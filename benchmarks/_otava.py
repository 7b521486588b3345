"""What Apache Otava's engine says of series, night by night; runs in an environment of its own.

Otava pins numpy 2.2.0 and scipy below 1.17. Standard input holds ``{"series": [[...]], "options": {...}}``;
standard output gets, by series, the change points that each night shows: ``[[night, [index, ...]], ...]``.
"""

from __future__ import annotations

import json
import sys

from otava.analysis import compute_change_points

FIRST_NIGHT = 9
WINDOW = 50
LOOKS_BACK = 75
"""Its windows are of 50 nights, and two of them overlap."""


def by_night(values: list[float], options: dict[str, float]) -> list[tuple[int, list[tuple[int, bool]]]]:
    """Return each night's change points: index, and whether the level rose."""
    seen = []
    for night in range(FIRST_NIGHT, len(values)):
        first = max(0, night + 1 - LOOKS_BACK)
        points, _ = compute_change_points(
            values[first : night + 1],
            window_len=WINDOW,
            max_pvalue=options["max_pvalue"],
            min_magnitude=options["min_magnitude"],
        )
        at = [(first + int(point.index), bool(point.stats.mean_2 > point.stats.mean_1)) for point in points]
        if at:
            seen.append((night, at))
    return seen


def main() -> None:
    """Answer for every series."""
    asked = json.load(sys.stdin)
    json.dump([by_night(values, asked["options"]) for values in asked["series"]], sys.stdout)


if __name__ == "__main__":
    main()
