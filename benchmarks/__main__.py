"""Run the benchmarks that are named, or all: ``python -m benchmarks [NAME...]``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def main() -> int:
    """Run one after the other; the worst exit code counts."""
    known = sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))
    named = sys.argv[1:] or known
    if unknown := [name for name in named if name not in known]:
        print(f"there is no benchmark {unknown[0]!r}; known: {', '.join(known)}", file=sys.stderr)
        return 2
    return max(int(importlib.import_module(f"benchmarks.{name}").main()) for name in named)


if __name__ == "__main__":
    sys.exit(main())
