"""Where an event of a visitor came from: the source, medium and campaign, by what the page tells.

The words are Google Analytics'. Tags in the link say it best; next a click's own parameter, such as `gclid`;
next the id of a link in a mail; last the page before, if it is another site's, which tells only where the
visit begins: a payment page that one comes back from is no source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import chain
from operator import or_

from pyspark.sql import Column
from pyspark.sql import functions as F

from pipelines.calc.channels import is_of

NOT_SET, MAIL, ORGANIC, REFERRAL = "(not set)", "email", "organic", "referral"
_HOST = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(?:www\.)?([^/:?#]+)"


def tagged(click_ids: Mapping[str, Sequence[str]]) -> Column:
    """What an event says of its source wherever in a visit it stands: tags, a click's parameter, a mail's link.

    Reads `utm_*`, `url` and `mail_link_id`. A struct of `source`, `medium` and `campaign`; null: nothing.
    """
    utm = [F.col(f"utm_{name}") for name in ("source", "medium", "campaign")]
    by_tag = _origin(F.coalesce(utm[0], F.lit(NOT_SET)), F.coalesce(utm[1], F.lit(NOT_SET)), utm[2])
    by_mail = _origin(F.lit(MAIL), F.lit(MAIL), utm[2])
    said = F.when(reduce(or_, (each.isNotNull() for each in utm)), by_tag)
    if click_ids:
        names = "|".join(click_ids)
        found = F.regexp_extract("url", rf"[?&]({names})=[^&#]", 1)
        kinds = F.create_map(
            *chain.from_iterable((F.lit(n), F.array(*map(F.lit, told))) for n, told in click_ids.items())
        )
        told = kinds[found]
        said = said.when(found != "", _origin(told[0], told[1], utm[2]))
    return said.when(F.col("mail_link_id").isNotNull(), by_mail)


def referred(sites: Mapping[str, Sequence[str]]) -> Column:
    """What the page before says, where it is another site's: a search site's is `organic`, any other `referral`.

    Reads `url` and `referrer`. A page of a sub-domain of the same site is the same site. Null: nothing.
    """
    here, before = _host("url"), _host("referrer")
    same = (
        (here == before)
        | here.endswith(F.concat(F.lit("."), before))
        | before.endswith(F.concat(F.lit("."), here))
    )
    medium = F.when(is_of(before, sites.get("search", ())), ORGANIC).otherwise(REFERRAL)
    return F.when(before.isNotNull() & ~F.coalesce(same, F.lit(False)), _origin(before, medium, F.lit(None)))


def _host(column: str) -> Column:
    host = F.lower(F.regexp_extract(column, _HOST, 1))
    return F.when(host != "", host)


def _origin(source: Column, medium: Column, campaign: Column) -> Column:
    return F.struct(source.alias("source"), medium.alias("medium"), campaign.cast("string").alias("campaign"))
