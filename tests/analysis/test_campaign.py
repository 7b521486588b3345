"""Node against Node and control: Holm, the generator's own stalls, the sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.campaign import analyze_campaign
from analysis.findings import (
    CampaignAnalysis,
    Detection,
    Latency,
    Limits,
    NodeResult,
    PeriodicStall,
    RunAnalysis,
    RunFacts,
    Verdict,
)
from analysis.run import measured_of
from analysis.verdict import notes_on
from tests.analysis.test_verdict import STALL

LATENCY = Latency(n=1480, p50_ms=3.0, p95_ms=5.0, p99_ms=9.0, max_ms=12.0)
QUIET = RunAnalysis(
    verdict=Verdict.PASS,
    requests=1480,
    first_start_ns=0,
    duration_s=300.0,
    latency=LATENCY,
    errors=0,
    error_rate=0.0,
    kept_share=0.5,
    periodic_stalls=(),
    periodicity_p_value=0.7,
    episodes=(),
    dropped_iterations=0,
    censored=0,
    power=0.99,
    needed_duration_s=240.0,
    rows=1480,
)


def node(name: str, *stalls: PeriodicStall, kind: str = "node") -> NodeResult:
    """A Node with these claims."""
    if not stalls:
        return NodeResult(name=name, kind=kind, analysis=QUIET)
    failed = replace(
        QUIET,
        verdict=Verdict.FAIL,
        reasons=("stalls",),
        periodic_stalls=stalls,
        periodicity_p_value=min(stall.p_value for stall in stalls),
    )
    return NodeResult(name=name, kind=kind, analysis=failed)


def analyzed(*nodes: NodeResult, control: NodeResult | None = None) -> CampaignAnalysis:
    """Analyze with the defaults."""
    return analyze_campaign(nodes, control, limits=Limits(), detection=Detection())


def test_sentence_names_the_node_and_its_numbers() -> None:
    """The sentence of a fail says who stalls, how, and who does not."""
    campaign = analyzed(node("node-1"), node("node-2", STALL), node("node-3"))
    assert campaign.verdict is Verdict.FAIL
    assert campaign.sentence == (
        "fail: node-2 stalls for 1.5 s every 12.0 s (6 of 6 cycles, p = 3e-09, phase waiting, "
        "n = 1,480 requests); node-1 and node-3 pass."
    )


def test_claim_too_weak_among_many_nodes_is_withdrawn() -> None:
    """A p-value of 0.004 is a claim alone, but not among five Nodes; its Node is then inconclusive."""
    weak = replace(STALL, p_value=0.004)
    assert analyzed(node("a", weak)).verdict is Verdict.FAIL
    campaign = analyzed(node("a", weak), *(node(name) for name in "bcde"))
    assert campaign.nodes[0].analysis.periodic_stalls == ()
    assert campaign.nodes[0].analysis.verdict is Verdict.INCONCLUSIVE
    assert campaign.verdict is Verdict.INCONCLUSIVE
    assert "not sure enough among 5 nodes" in campaign.notes[0]


def test_holm_steps_down() -> None:
    """A strong claim is taken out of the family before the next is judged."""
    middling = replace(STALL, p_value=0.0045)
    campaign = analyzed(node("a", STALL), node("b", STALL), node("c", middling))
    assert [bool(result.analysis.periodic_stalls) for result in campaign.nodes] == [True, True, True]


@pytest.mark.parametrize(
    ("control_stall", "said"),
    [
        (STALL, "the generator is the cause"),
        (replace(STALL, period_s=31.0), "the control fails by itself"),
        (replace(STALL, first_stall_ns=6_000_000_000), "the control fails by itself"),
    ],
)
def test_control_that_stalls_takes_the_blame(control_stall: PeriodicStall, said: str) -> None:
    """A control with the same stall, or one of its own, makes the verdict inconclusive and says so."""
    control = node("control", control_stall, kind="control")
    campaign = analyzed(node("node-1", STALL), node("node-2"), control=control)
    assert campaign.verdict is Verdict.INCONCLUSIVE
    assert said in campaign.sentence
    assert campaign.control is control


def test_small_stall_of_the_control_weakens_no_claim() -> None:
    """A control that stalls at the same times, but far less, explains nothing."""
    hiccup = replace(STALL, added_ms=20.0)
    control = NodeResult(name="control", kind="control", analysis=replace(QUIET, periodic_stalls=(hiccup,)))
    assert analyzed(node("node-1", STALL), control=control).verdict is Verdict.FAIL


def test_errors_are_not_the_generators() -> None:
    """A Node whose requests fail stays a fail although the control stalls."""
    broken = replace(QUIET, verdict=Verdict.FAIL, errors=700, error_rate=0.47, reasons=("700 failed",))
    campaign = analyzed(
        NodeResult(name="node-1", kind="node", analysis=broken),
        control=node("control", STALL, kind="control"),
    )
    assert campaign.verdict is Verdict.FAIL


def test_verdict_is_the_worst() -> None:
    """One inconclusive Node among passing ones makes the Campaign inconclusive, with its reason."""
    short = replace(QUIET, verdict=Verdict.INCONCLUSIVE, reasons=("too short: run 6 min longer",))
    campaign = analyzed(node("a"), NodeResult(name="b", kind="node", analysis=short))
    assert campaign.verdict is Verdict.INCONCLUSIVE
    assert campaign.sentence == "inconclusive: b: too short: run 6 min longer."


def test_all_quiet_passes_with_n() -> None:
    """Quiet Nodes pass, and the sentence says over how many requests."""
    campaign = analyzed(node("a"), node("b"), control=node("control", kind="control"))
    assert campaign.sentence == "pass: a and b show no stall (n = 2,960 requests)."


def test_no_node_is_inconclusive() -> None:
    """A Campaign without a Node says so."""
    assert analyzed().verdict is Verdict.INCONCLUSIVE


def test_a_run_unfit_to_pass_stays_so_when_its_claim_is_withdrawn() -> None:
    """A Run that failed is not passed by losing a claim to the correction over Nodes."""
    weak = node("node-1", replace(STALL, p_value=0.004))
    facts = RunFacts(unfit="the run failed: k6 was ended")
    unfit = replace(weak, analysis=replace(weak.analysis, facts=facts))
    campaign = analyze_campaign(
        [unfit, *(node(f"node-{i}") for i in range(2, 9))], None, limits=Limits(), detection=Detection()
    )
    assert campaign.nodes[0].analysis.periodic_stalls == ()
    assert campaign.nodes[0].analysis.verdict is Verdict.INCONCLUSIVE
    assert facts.unfit in campaign.nodes[0].analysis.reasons


def test_a_failure_says_who_passed_and_who_is_unsure() -> None:
    """Beside a failed Node the sentence tells those that passed from those that are inconclusive."""
    unsure = replace(
        node("node-3"), analysis=replace(QUIET, verdict=Verdict.INCONCLUSIVE, reasons=("short",))
    )
    campaign = analyze_campaign(
        [node("node-1", STALL), node("node-2"), unsure], None, limits=Limits(), detection=Detection()
    )
    assert campaign.sentence.endswith("; node-2 passes, node-3 is inconclusive.")


def test_two_failures_are_one_list() -> None:
    """What failed stands before the one semicolon, what did not behind it."""
    sentence = analyzed(node("node-1", STALL), node("node-2", STALL), node("node-3")).sentence
    did, _, others = sentence.partition("; ")
    assert did.startswith("fail: node-1 stalls for 1.5 s")
    assert " and node-2 stalls for 1.5 s" in did
    assert others == "node-3 passes."


def test_a_small_claim_that_is_withdrawn_leaves_no_note() -> None:
    """What is not claimed among several Nodes is not noted as a small stall either; other notes stay."""
    weak = node("node-1", replace(STALL, p_value=0.004, added_ms=50.0))
    measured = measured_of(weak.analysis, weak.analysis.periodic_stalls)
    small = notes_on(Verdict.PASS, measured, RunFacts(), Limits())
    noted = replace(weak.analysis, verdict=Verdict.PASS, reasons=(), notes=(*small, "3 of 9: refused"))
    found = analyzed(replace(weak, analysis=noted), *(node(f"node-{i}") for i in range(2, 9))).nodes[0]
    assert "below the limit" in small[0]
    assert found.analysis.notes == ("3 of 9: refused",)
    assert found.analysis.verdict is Verdict.INCONCLUSIVE


def test_losses_of_a_withdrawn_fail_are_said_once() -> None:
    """Beside a fail they were notes; without it they are the reasons."""
    weak = node("node-1", replace(STALL, p_value=0.004))
    facts = RunFacts(censored=3)
    lost = "3 requests were still in flight at the end, and left no row"
    failed = replace(weak.analysis, facts=facts, notes=(lost,))
    found = analyzed(replace(weak, analysis=failed), *(node(f"node-{i}") for i in range(2, 9))).nodes[0]
    assert lost in found.analysis.reasons
    assert found.analysis.notes == ()
