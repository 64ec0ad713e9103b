"""Google Analytics' default channel group, as `conf/channels.yaml` has it."""

from __future__ import annotations

import doctest

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines.calc import channels
from pipelines.settings import load

CASES = [
    ("direct", "(none)", None, "Direct"),
    ("direct", "email", None, "Email"),
    ("google", "cpc", "Cross-Network 2024", "Cross-network"),
    ("www.ozon.ru", "cpc", None, "Paid Shopping"),
    ("newsletter", "paid", "spring shop", "Paid Shopping"),
    ("newsletter", "paid", "workshop", "Paid Other"),
    ("google", "cpc", None, "Paid Search"),
    ("GOOGLE", "CPC", None, "Paid Search"),
    ("m.facebook.com", "paid-social", None, "Paid Social"),
    ("youtube", "cpv", None, "Paid Video"),
    ("youtube", "cpm", None, "Paid Video"),
    ("somewhere", "banner", None, "Display"),
    ("somewhere", "retargeting", None, "Paid Other"),
    ("somewhere", "cpm", None, "Display"),
    ("amazon.co.uk", "referral", None, "Organic Shopping"),
    ("t.co", "referral", None, "Organic Social"),
    ("partner.example", "social", None, "Organic Social"),
    ("youtu.be", "referral", None, "Organic Video"),
    ("partner.example", "video", None, "Organic Video"),
    ("uk.search.yahoo.com", "referral", None, "Organic Search"),
    ("partner.example", "organic", None, "Organic Search"),
    ("e-mail", "x", None, "Email"),
    ("x", "E Mail", None, "Email"),
    ("x", "affiliate", None, "Affiliates"),
    ("blog.example", "referral", None, "Referral"),
    ("mail.google.com", "referral", None, "Referral"),
    ("podcast", "audio", None, "Audio"),
    ("sms", "x", None, "SMS"),
    ("x", "sms", None, "SMS"),
    ("x", "web push", None, "Mobile Push"),
    ("firebase", "x", None, "Mobile Push"),
    ("(not set)", "(not set)", None, "Unassigned"),
]


@pytest.mark.spark
def test_the_first_rule_that_fits_gives_the_channel(spark: SparkSession) -> None:
    settings = load().channels
    frame = spark.createDataFrame(CASES, "source string, medium string, campaign string, wanted string")
    channel = channels.channel_of(
        F.col("source"), F.col("medium"), F.col("campaign"), settings.rules, settings.sites
    )
    found = frame.select("source", "medium", "campaign", "wanted", channel.alias("channel")).collect()
    assert [row for row in found if row["channel"] != row["wanted"]] == []
    named = {rule.channel for rule in settings.rules} | {channels.UNASSIGNED}
    assert {row["channel"] for row in found} == named


def test_the_examples_in_docstrings_hold() -> None:
    outcome = doctest.testmod(channels)
    assert outcome.attempted
    assert not outcome.failed
