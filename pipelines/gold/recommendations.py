"""One row per business date, person, model and rank: the goods that a model foresees for the person.

A daily snapshot, since what is due next ages with every day. Scores come from the champion of each model of
`MODELS`, trained on no later date than the one asked for; a model without a champion has no rows. What a model
gives somebody it does not know, it says in `model_version` and in the reason. Habits that are due come from
`gold.replenishment`, with the version that it names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.calc.triggers.kinds import RECOMMENDING
from pipelines.gold import product_days as gold_product_days
from pipelines.gold import recommendation_rows as rows
from pipelines.gold import replenishment as gold_replenishment
from pipelines.lakehouse.expectations import at_least, at_most, one_of
from pipelines.lakehouse.table import AS_OF, PERSON, Col, Snapshot, Table
from pipelines.lakehouse.types import DOUBLE, INT, STRING
from pipelines.models.als.champion import LoadedAls
from pipelines.models.als.score import recommend as by_als
from pipelines.models.chains.learned import Learned as Chains
from pipelines.models.chains.recommend import recommend as by_chains
from pipelines.models.kept import Loaded
from pipelines.models.new_arrivals.learned import Learned as NewArrivals
from pipelines.models.new_arrivals.recommend import recommend as by_new_arrivals
from pipelines.models.next_purchase.model import Ranker
from pipelines.models.next_purchase.score import recommend as by_next_purchase
from pipelines.models.related.champion import LoadedRelated
from pipelines.models.related.recommend import recommend as by_related
from pipelines.silver import customers as silver_customers
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver import products as silver_products

MODELS = ("als", "next_purchase", "related", "chains", "new_arrivals")

TABLE = Table(
    name="gold.recommendations",
    doc=__doc__,
    key=("as_of", "person_id", "model", "rank"),
    scope=("as_of",),
    columns=(
        AS_OF,
        PERSON,
        Col(
            "model",
            STRING,
            "`als`: goods not bought yet that suit the person's taste; `next_purchase`: goods of the next visit, "
            "bought before or not; `related`: goods that go with those of the last shopping day; `replenishment`: "
            "habits that are due; `chains`: what comes next after what the person bought; `new_arrivals`: new goods of "
            "the person's taste, and some by lot",
            nullable=False,
        ),
        Col("rank", INT, "1 is the model's best for this person; ties by product", nullable=False),
        Col("product_id", STRING, "The good; once for each model", nullable=False),
        Col("score", DOUBLE, "Larger is better; comparable within one person and model only", nullable=False),
        Col("reason", STRING, "What a customer would understand", nullable=False),
        Col(
            "model_version",
            STRING,
            "`als/3`; with a word behind it, such as `als/3 popular`, where the model fell back",
            nullable=False,
        ),
        Col(
            "propensity",
            DOUBLE,
            "Probability with which the good came to this rank, given those above it; null: the model draws no lots",
        ),
    ),
    inputs=(
        gold_product_days.TABLE,
        silver_person_identifiers.TABLE,
        silver_products.TABLE,
        silver_customers.TABLE,
        gold_replenishment.TABLE,
    ),
    models=MODELS,
    params=(
        "recommendations.per_person",
        "related.recent_days",
        "replenishment.due_within_days",
        "chains.within_days",
        "chains.least_chance",
        "new_arrivals.explore_share",
        "catalogue.never_offered",
    ),
    expect=(
        at_least("rank", 1),
        one_of("model", RECOMMENDING),
        at_least("propensity", 0),
        at_most("propensity", 1),
    ),
    write=Snapshot(),
)


def build(
    product_days: DataFrame,
    person_identifiers: DataFrame,
    products: DataFrame,
    customers: DataFrame,
    replenishment: DataFrame,
    *,
    as_of: date,
    als: LoadedAls | None,
    next_purchase: Loaded[Ranker] | None,
    related: LoadedRelated | None,
    chains: Loaded[Chains] | None,
    new_arrivals: Loaded[NewArrivals] | None,
    per_person: int,
    recent_days: int,
    due_within_days: int,
    within_days: int,
    least_chance: float,
    explore_share: float,
    never_offered: Sequence[str],
) -> DataFrame:
    """The rows of every model that has a champion, and the habits that are due.

    Args:
        product_days: Everybody's days.
        person_identifiers: Whose each identifier is.
        products: The whole catalogue: a good that it lacks is not offered.
        customers: The loyalty forms, which name children.
        replenishment: `gold.replenishment`; only its rows of `as_of` are looked at.
        as_of: What was bought until then counts as bought.
        als: The champion of `als`, or null.
        next_purchase: The champion of `next_purchase`, or null.
        related: The champion of `related`, or null.
        chains: The champion of `chains`, or null.
        new_arrivals: The champion of `new_arrivals`, or null.
        per_person: How many goods of each model at most.
        recent_days: Who did not shop in so many days gets no goods of `related`.
        due_within_days: Habits that may fall due up to so many days after `as_of` are due.
        within_days: What may come next within so many days, `chains` names.
        least_chance: With a smaller chance it names nothing.
        explore_share: Share of the slots of `new_arrivals` that are drawn by lot.
        never_offered: Departments whose goods are not recommended.
    """
    given = [rows.of_habits(replenishment, as_of, due_within_days, per_person)]

    def by(recommend: Callable[..., DataFrame], *frames: DataFrame, **of: object) -> DataFrame:
        bought = (product_days, person_identifiers, products, *frames)
        return recommend(*bought, as_of=as_of, per_person=per_person, never_offered=never_offered, **of)

    if als is not None:
        given.append(rows.of_als(by(by_als, als=als.factors), als.label))
    if next_purchase is not None:
        ranked = by(by_next_purchase, ranker=next_purchase.model)
        given.append(rows.of_next_purchase(ranked, next_purchase.label))
    if related is not None:
        together = by(by_related, model=related.model, recent_days=recent_days)
        given.append(rows.of_related(together, products, related.label))
    if chains is not None:
        told = {"learned": chains.model, "within_days": within_days, "least_chance": least_chance}
        given.append(rows.of_chains(by(by_chains, customers, **told), chains.label))
    if new_arrivals is not None:
        new = by(by_new_arrivals, learned=new_arrivals.model, explore_share=explore_share)
        given.append(rows.of_new_arrivals(new, products, new_arrivals.label))
    return reduce(DataFrame.unionByName, given).select(F.lit(as_of).alias("as_of"), *TABLE.names[1:])
