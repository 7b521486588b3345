"""InfluxDB as a Campaign will use it: reached, its version, the bucket, a point there and back, its clock."""

from __future__ import annotations

import time
from dataclasses import dataclass
from secrets import token_hex

from orchestrator.model import InfluxSettings
from orchestrator.preflight.check import Check, State
from orchestrator.stores.influxdb.client import Bucket, Health, InfluxClient
from orchestrator.stores.influxdb.failures import InfluxError

NAME = "influxdb"
BUCKET, POINT, CLOCK = f"{NAME} bucket", f"{NAME} point", f"{NAME} clock"
MEASUREMENT = "stallwatch_check"
MAX_AHEAD_S = 5.0
ANSWER_S = 10.0
DAY_S = 86_400
OTHERS = {
    "1": "works: writing, counting and reading requests and verdicts (influxdb.bucket is the database,"
    " the token is user:password); does not: making buckets, deleting (the point of this check stays)",
    "3": "works: writing, counting and reading requests and verdicts (influxdb.bucket is the database);"
    " does not: making databases, deleting (the point of this check stays), Flux in dashboards",
}
"""What versions that are not 2 do of what stallwatch asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """Whether a missing bucket is to be made, and for how long it then keeps points."""

    wanted: bool
    retention_days: int


def check_influxdb(settings: InfluxSettings, fix: Fix) -> list[Check]:
    """Test one after the other what sending needs; what a failed test stands in front of is not tested."""
    checks: list[Check] = []
    with InfluxClient(settings, answer_s=ANSWER_S) as client:
        try:
            health = client.health()
            checks.append(_version(settings, health))
            if _major(health) == "2":
                checks.append(_bucket(client, fix))
            if all(check.state is not State.FAILED for check in checks):
                checks.append(_point(client, deletes=_major(health) == "2"))
        except InfluxError as error:
            checks.append(Check(name=NAME, state=State.FAILED, text=error.message, hint=error.hint))
            return checks
    return [*checks, *_clock(health)]


def _major(health: Health) -> str:
    return health.version.partition(".")[0]


def _version(settings: InfluxSettings, health: Health) -> Check:
    text = f"{settings.url} is InfluxDB {health.version or 'of an unknown version'}"
    figures = {"version": health.version}
    if health.status == "fail":
        hint = "its own log says more"
        return Check(name=NAME, state=State.FAILED, text=f"{text}, and not well", hint=hint, figures=figures)
    if _major(health) == "2":
        return Check(name=NAME, state=State.OK, text=text, figures=figures)
    hint = OTHERS.get(_major(health), "made for InfluxDB 2: the tests below say what works")
    return Check(name=NAME, state=State.WARNING, text=text, hint=hint, figures=figures)


def _bucket(client: InfluxClient, fix: Fix) -> Check:
    settings = client.settings
    client.org_id()  # raises: an org that is wrong would look like a bucket that is missing
    where = f"{settings.org}/{settings.bucket}"
    bucket = client.find_bucket()
    made = bucket is None and fix.wanted
    if made:
        bucket = client.create_bucket(retention_s=fix.retention_days * DAY_S)
    if bucket is None:
        hint = (
            f"`stallwatch check --fix` makes it, to keep points for {fix.retention_days} days"
            " (influxdb.retention_days)"
        )
        return Check(name=BUCKET, state=State.FAILED, text=f"there is no bucket {where}", hint=hint)
    text = f"{where} {'was made and ' if made else ''}keeps points {_kept(bucket)}"
    return Check(name=BUCKET, state=State.OK, text=text, figures={"retention_s": bucket.retention_s})


def _kept(bucket: Bucket) -> str:
    days = bucket.retention_s / DAY_S
    return f"for {days:g} day{'' if days == 1 else 's'}" if bucket.retention_s else "for ever"


def _point(client: InfluxClient, *, deletes: bool) -> Check:
    """Write a point of a measurement of its own, read it back, and take it away."""
    mark, at_ns = token_hex(8), time.time_ns()
    try:
        client.write(f"{MEASUREMENT},check={mark} at_ns={at_ns}i {at_ns}\n".encode())
        query = f'SELECT "at_ns" FROM "{MEASUREMENT}" WHERE "check" = \'{mark}\''  # noqa: S608 # hex digits
        found = [row["at_ns"] for row in client.ask(query)]
        if deletes:
            client.delete(f'_measurement="{MEASUREMENT}" AND check="{mark}"')
    except InfluxError as error:
        return Check(name=POINT, state=State.FAILED, text=error.message, hint=error.hint)
    if found != [at_ns]:
        text = f"a point was written, but reading it gave {len(found)} points"
        return Check(name=POINT, state=State.FAILED, text=text, hint="may the token read the bucket?")
    gone = ", read back and deleted" if deletes else " and read back"
    return Check(name=POINT, state=State.OK, text=f"one was written{gone}")


def _clock(health: Health) -> list[Check]:
    ahead_s = health.clock_ahead_s
    if ahead_s is None:
        return []
    figures = {"clock_ahead_s": ahead_s}
    if abs(ahead_s) <= MAX_AHEAD_S:
        text = f"within {MAX_AHEAD_S:g} s of ours"
        return [Check(name=CLOCK, state=State.OK, text=text, figures=figures)]
    text = f"{abs(ahead_s):,.0f} s {'ahead of' if ahead_s > 0 else 'behind'} ours"
    hint = "points carry our time: dashboards of the last minutes and retention go by the server's; use NTP"
    return [Check(name=CLOCK, state=State.WARNING, text=text, hint=hint, figures=figures)]
