"""From landing files to the day's list, as a good data engineer would write it with DuckDB, scipy and `implicit`.

One script, one database file, no history: receipts parsed, typed and each taken once; goods bought by card and day;
the shop's figures by day; each card's totals and RFM scores; implicit ALS with what was bought struck out; goods that
go with those of the last shopping day; and the list of the day's receipts with both as its blocks. Both models are
held against the last four weeks first, as they would be before anybody ships them.

What it leaves out is named on the page: the records as received, reasons of what is refused, identity by evidence
(a card is a person here), sessions, journeys, interests, segments, the other five models, gates and consent, releases.

It knows nothing of tillpost but the landing files and the values that it is given, so it runs where neither is
installed: `benchmarks.main_job` makes its environment.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from benchmarks.peers import main_queries as queries
from benchmarks.peers.main_models import Ranking, Scores, best_of, coded, fitted, ndcg, ones, related_goods

SAMPLE = 20_000
"""Of people or of receipts, which the last weeks are foreseen for."""


class Job:
    """The script's steps on one database.

    Args:
        landing: The folder of the landing files.
        day: The business date.
        out: The folder that gets the database and the list; it is there.
        of: `zone`, `memory`, `never_offered`, `per_person`, `slots`, `recent_days`, `holdout_days` and the parameters
            of `als` and `related`.
    """

    def __init__(self, landing: Path, day: date, out: Path, of: dict[str, Any]) -> None:
        self.day, self.out, self.of = day, out, of
        never = ", ".join("'" + name.replace("'", "''") + "'" for name in of["never_offered"]) or "''"
        self.words = {
            "landing": landing, "day": day, "out": out, "zone": of["zone"], "slots": of["slots"],
            "never_offered": never, "since": day - timedelta(of["recent_days"]),
        }  # fmt: skip
        self.engine = duckdb.connect(out / "main.duckdb", config={"memory_limit": of["memory"]})

    def steps(self) -> dict[str, Callable[[], object]]:
        """By name, in order."""
        names = ("receipts", "lines", "products", "product_days", "customers", "kpi_daily")
        built = {name: partial(self._done, getattr(queries, name.upper())) for name in names}
        return {
            **built,
            "als_holdout": self.als_holdout,
            "als": self.als,
            "related_holdout": self.related_holdout,
            "related": self.related,
            "send_list": partial(self._done, queries.LIST),
        }

    def _done(self, statement: str) -> None:
        self.engine.execute(statement.format(**self.words))

    def als_holdout(self) -> str:
        """nDCG@10 of goods bought for the first time in the last weeks, by a fit on what came before."""
        split = self.day - timedelta(self.of["holdout_days"])
        cards, goods, strengths = self._strengths(split)
        of_all = {"after": "0001-01-01", "until": split}
        before = self._cells(queries.BOUGHT.format(**of_all), cards, goods)
        after = self._cells(queries.BOUGHT.format(after=split, until=self.day), cards, goods)
        new = csr_matrix(after - after.multiply(before))
        new.eliminate_zeros()
        asked = np.flatnonzero(new.getnnz(axis=1))[:SAMPLE]
        best, _ = fitted(strengths, self.of["als"]).recommend(
            asked, before[asked], N=10, filter_already_liked_items=True
        )
        return f"{ndcg(best.astype(np.int64), new[asked]):.4f} of {len(asked)}"

    def als(self) -> None:
        """The goods not bought yet that suit each card's taste."""
        cards, goods, strengths = self._strengths(self.day)
        bought = self._cells(queries.BOUGHT.format(after="0001-01-01", until=self.day), cards, goods)
        best, score = fitted(strengths, self.of["als"]).recommend(
            np.arange(len(cards)), bought, N=self.of["per_person"], filter_already_liked_items=True
        )
        self._ranked("als", cards, goods, best.astype(np.int64), score.astype(np.float64))

    def related_holdout(self) -> str:
        """Of receipts of the last weeks, the share whose good that was left out is among the ten best."""
        held = self.engine.sql(queries.HELD).to_arrow_table()
        split = pa.scalar(self.day - timedelta(self.of["holdout_days"]))
        (_, receipt), (goods, good) = coded(held["receipt_id"]), coded(held["product_id"])
        later = pc.greater(held["day"], split).to_numpy()
        _, before = np.unique(receipt[~later], return_inverse=True)
        _, after = np.unique(receipt[later], return_inverse=True)
        scores = related_goods(ones(before, good[~later], len(goods)), self.of["related"])
        receipts = ones(after, good[later], len(goods))
        wide = np.flatnonzero(receipts.getnnz(axis=1) > 1)
        asked = receipts[np.random.default_rng(7).permutation(wide)[:SAMPLE]]
        drawn = asked.indices[asked.indptr[:-1]]
        asked.data[asked.indptr[:-1]] = 0
        asked.eliminate_zeros()
        best, _ = best_of(scores, asked, 10)
        return f"{(best == drawn[:, np.newaxis]).any(axis=1).mean():.4f} of {len(drawn)}"

    def related(self) -> None:
        """The goods that go with those of each card's last shopping day, if it was of late."""
        held = self.engine.sql(queries.HELD).to_arrow_table()
        (_, receipt), (goods, good) = coded(held["receipt_id"]), coded(held["product_id"])
        scores = related_goods(ones(receipt, good, len(goods)), self.of["related"])
        last = self.engine.sql(queries.LAST_DAY.format(**self.words)).to_arrow_table()
        cards, card = coded(last["loyalty_card"])
        _, place = coded(last["product_id"], goods)
        baskets = ones(card[place >= 0], place[place >= 0], len(goods), len(cards))
        best, score = best_of(scores, baskets, self.of["per_person"])
        self._ranked("related", cards, goods, best, score)

    def _strengths(self, until: date) -> tuple[Any, Any, csr_matrix]:
        asked = {name: self.of["als"][name] for name in ("half_life_days", "min_item_buyers")}
        found = self.engine.sql(queries.STRENGTHS.format(until=until, **asked)).to_arrow_table()
        (cards, card), (goods, good) = coded(found["loyalty_card"]), coded(found["product_id"])
        return (
            cards,
            goods,
            csr_matrix((found["strength"].to_numpy(), (card, good)), shape=(len(cards), len(goods))),
        )

    def _cells(self, query: str, cards: Any, goods: Any) -> csr_matrix:
        found = self.engine.sql(query).to_arrow_table()
        (_, card), (_, good) = coded(found["loyalty_card"], cards), coded(found["product_id"], goods)
        known = (card >= 0) & (good >= 0)
        return ones(card[known], good[known], len(goods), len(cards))

    def _ranked(self, name: str, cards: Any, goods: Any, best: Ranking, score: Scores) -> None:
        row, place = np.nonzero(best >= 0)
        ranked = pa.table(
            {
                "loyalty_card": cards.take(pa.array(row)),
                "rank": pa.array(place + 1, pa.int32()),
                "product_id": goods.take(pa.array(best[row, place])),
                "score": score[row, place],
            }
        )
        self.engine.register("ranked", ranked)
        self.engine.execute(f"CREATE TABLE {name} AS SELECT * FROM ranked")


def main(landing: str, day: str, out: str, values: str) -> None:
    """Do all of it; tells the seconds of each step, and what the models are worth."""
    job = Job(Path(landing), date.fromisoformat(day), Path(out), json.loads(values))
    for name, step in job.steps().items():
        started = time.monotonic()
        said = step()
        told = f" {said}" if isinstance(said, str) else ""
        print(f"{name} {time.monotonic() - started:.2f}{told}", flush=True)
    job.engine.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
