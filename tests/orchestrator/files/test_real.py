"""Files that the real k6 writes, in each of its forms: all of them tell the same requests."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.requests import NS_PER_S
from orchestrator.files.reading import FileTable, read_file
from tests.orchestrator.k6.servers import serving
from tests.orchestrator.preflight.nodes import closed_port

SCRIPT = """
import http from 'k6/http';
import exec from 'k6/execution';
import { check, group } from 'k6';
import { Trend } from 'k6/metrics';
const own = new Trend('own_trend');
const once = { executor: 'per-vu-iterations', vus: 1, iterations: 20 };
export const options = {
  scenarios: { one: Object.assign({ exec: 'one' }, once), many: Object.assign({ exec: 'many' }, once) },
  tags: { team: 'a,"b"' },
};
export function one() {
  exec.vu.metrics.metadata.serial = `one${exec.scenario.iterationInTest}`;
  http.get(`${__ENV.URL}/item/${__ITER}?q=1`);
}
export function many() {
  group('a "group",\\nhttp_reqs,1', () => {
    const params = { tags: { endpoint: 'root', odd: 'two\\nlines' } };
    check(http.get(`${__ENV.URL}/`, params), { ok: (r) => r.status === 200 });
  });
  own.add(-1.5);
  http.get(__ENV.CLOSED, { tags: { name: 'closed' }, responseCallback: null });
}
"""
FORMS = {
    "nanoseconds": ("ns.csv", "csv=fileName=ns.csv,timeFormat=unix_nano"),
    "seconds": ("s.csv", "csv=s.csv"),
    "milliseconds": ("ms.csv", "csv=fileName=ms.csv,timeFormat=unix_milli"),
    "rfc": ("rfc.csv", "csv=fileName=rfc.csv,timeFormat=rfc3339_nano"),
    "packed": ("ns.csv.gz", "csv=fileName=ns.csv.gz,timeFormat=unix_nano"),
    "json": ("k6.json", "json=k6.json"),
    "json-packed": ("k6.json.gz", "json=k6.json.gz"),
}
REQUESTS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What one run of k6 wrote, as read."""

    tables: dict[str, FileTable]
    folder: Path

    def frame(self, form: str) -> pd.DataFrame:
        """Return the requests of one form, texts as plain objects."""
        frame = self.tables[form].frame
        return frame.astype(dict.fromkeys(frame.select_dtypes("category"), object))


@pytest.fixture(scope="module")
def written(k6_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Run k6 once with all outputs side by side, default system tags."""
    folder = tmp_path_factory.mktemp("written")
    (folder / "script.js").write_text(SCRIPT)
    outputs = [part for _, output in FORMS.values() for part in ("-o", output)]
    with serving() as server, closed_port() as closed:
        environ = os.environ | {
            "URL": f"http://127.0.0.1:{server.port}",
            "CLOSED": f"http://127.0.0.1:{closed}/",
            "TZ": "Asia/Kolkata",
            "K6_NO_USAGE_REPORT": "true",
        }
        command = [str(k6_binary), "run", "--quiet", "--address", "", *outputs, "script.js"]
        subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True, timeout=60)
    tables = {form: read_file(str(folder / name)) for form, (name, _) in FORMS.items()}
    return Written(tables=tables, folder=folder)


def test_each_form_holds_every_request(written: Written) -> None:
    """Nothing is lost, and nothing is said of anything lost."""
    for name, table in written.tables.items():
        assert (len(table.frame), table.facts.unreadable, table.notes) == (REQUESTS, 0, ()), name


@pytest.mark.parametrize("form", ["rfc", "packed", "json", "json-packed"])
def test_exact_forms_are_the_same_to_the_nanosecond(written: Written, form: str) -> None:
    """CSV and JSON, packed or not, numbers or dates in another time zone: the same table."""
    pd.testing.assert_frame_equal(written.frame(form), written.frame("nanoseconds"))


@pytest.mark.parametrize(("form", "unit_ns"), [("seconds", NS_PER_S), ("milliseconds", 1_000_000)])
def test_coarse_stamps_lose_only_what_they_cut_off(written: Written, form: str, unit_ns: int) -> None:
    """Ends are cut to the unit and made distinct by nanoseconds; all else is the same."""
    coarse, exact = written.frame(form), written.frame("nanoseconds")
    assert (coarse["end_ns"] // unit_ns == exact["end_ns"] // unit_ns).all()
    assert coarse["end_ns"].is_unique
    assert (coarse["end_ns"] % unit_ns < REQUESTS).all()
    pd.testing.assert_frame_equal(coarse.drop(columns="end_ns"), exact.drop(columns="end_ns"))


def test_what_k6s_own_tags_tell(written: Written) -> None:
    """Status, error codes, endpoints and phases of k6's default system tags are understood."""
    frame = written.frame("seconds")
    kinds = frame.groupby("endpoint")["status"].agg(["count", "max"])
    items, root, closed = (
        frame[frame["endpoint"].str.contains(name)] for name in ("item/{id}$", "root", "closed")
    )
    assert kinds["count"].tolist() == [20, 20, 20], kinds
    assert set(items["status"]) == set(root["status"]) == {200}
    assert set(closed["error_code"]) == {1212}
    assert set(closed["status"]) == {0}
    assert closed["failed"].all()
    assert closed["total_ns"].isna().all()
    assert set(frame["scenario"]) == {"one", "many"}


def test_bytes_received_are_joined_where_an_iteration_is_one_request(written: Written) -> None:
    """By the serial that the script sets; what k6 counted is all there. Others have none."""
    frame = written.frame("nanoseconds")
    one = frame["scenario"] == "one"
    counted = 0.0
    for line in (written.folder / "k6.json").read_text().splitlines():
        sample = json.loads(line)
        if sample["metric"] == "data_received" and sample["type"] == "Point":
            counted += sample["data"]["value"] * (sample["data"]["tags"].get("scenario") == "one")
    assert frame.loc[one, "received_bytes"].sum() == counted > 0
    assert np.isnan(frame.loc[~one, "received_bytes"]).all()
