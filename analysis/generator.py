"""Errors that the load generator makes itself, when it is short of something: no Node is to blame."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd

# As k6 1.1 and 2.2 word EMFILE, ENFILE, EADDRNOTAVAIL (no local port is free) and ENOBUFS. The whole text has
# to fit: what a server says may not excuse it.
_OWN_FAULT = re.compile(
    r"dial: unknown errno \d+ error with msg "
    r"`(too many open files(?: in system)?|cannot assign requested address|no buffer space available)`"
)


def own_fault(error: str) -> str:
    """Return what the generator was short of, where that is the error; else nothing."""
    found = _OWN_FAULT.fullmatch(error)
    return found[1] if found else ""


def own_faults(requests: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Tell which requests failed before they left the generator.

    Parameters
    ----------
    requests
        A request table of n rows.

    Returns
    -------
    bool array of shape (n,).
    """
    errors = requests["error"].astype("category")
    own = [error for error in errors.cat.categories if own_fault(str(error))]
    return np.asarray(requests["failed"].to_numpy(dtype=bool) & errors.isin(own).to_numpy())
