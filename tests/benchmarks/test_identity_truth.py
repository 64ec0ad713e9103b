"""The benchmark's scale: pairs counted by hand, and evidence that is what it says."""

from __future__ import annotations

import math

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.identity_truth import scores, simulate
from benchmarks.page import identity_section


def test_pairs_are_counted() -> None:
    """Owner 1 has c1, l1, p; owner 2 has c2, p. Found: {c1, l1}, {c2, p, e}, where e is nobody's."""
    owners = {"loyalty_card:1": 1, "login:1": 1, "loyalty_card:2": 2}
    nodes = [*owners, "phone:1", "phone:1"]
    truth = pa.table({"node": nodes, "owner": [*owners.values(), 1, 2]})
    persons = {"loyalty_card:1": "a", "login:1": "a", "loyalty_card:2": "b", "phone:1": "b", "email:1": "b"}
    found = pa.table({"node": list(persons), "person_id": list(persons.values())})
    scored = {kind: (precision, recall) for kind, precision, recall in scores(truth, found)}
    # Right: c1-l1, c2-p. Told: those, c2-e and p-e. True: c1-l1, c1-p, l1-p, c2-p.
    assert scored["all"] == (2 / 4, 2 / 4)
    assert scored["phone"] == (1 / 2, 1 / 3)
    assert scored["login"] == (1.0, 1 / 2)
    assert scored["email"] == (0.0, 1.0)


def test_the_evidence_leads_astray_as_planned() -> None:
    known = simulate(8_000, seed=1)
    assert math.isclose(known.edges.num_rows, 8_000, rel_tol=0.15)
    phones = known.owners.filter(pc.starts_with(known.owners["node"], "phone:"))
    assert len(phones) > len(phones["node"].unique()), "some phones have two owners"
    assert pc.sum(pc.equal(known.edges["right_value"], "00000000")).as_py() > 0
    assert pc.sum(pc.starts_with(known.edges["left_value"], "kiosk")).as_py() > 0
    assert simulate(8_000, seed=1).edges.equals(known.edges)


def test_a_goal_that_is_missed_is_said() -> None:
    run = {
        "edges": 10,
        "new": 1,
        "seconds": 300.0,
        "day_seconds": 3.0,
        "day_touched": 4,
        "scipy_seconds": 0.1,
    }
    run |= {"peak_bytes": 1 << 30, "scores": [["all", 0.999, 0.9]]}
    peer = {"nodes": 9, "clusters": 2, "seconds": 0.1}
    result = {"runs": {"10": run}, "exponent": 1.0, "day_growth": 1.0, "splink": peer}
    text = "\n".join(identity_section(result))
    assert text.count("**missed**") == 2
    assert "| pairwise recall | 0.9 | at least 0.95 | **missed** |" in text
