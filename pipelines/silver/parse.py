"""From records to typed columns: the one place where a landing file's text becomes values.

Each scalar is cast from text; a cast that fails refuses the record with WRONG_TYPE. Spark's own casts are too
kind for a till: they take `yesterday` for a timestamp, `2017` for a date, and round half a cent away without
a word. So shapes are checked before the cast.
"""

from __future__ import annotations

from functools import partial

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import (
    DataType,
    DateType,
    DecimalType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from pipelines.lakehouse.reasons import Reason
from pipelines.lakehouse.refusal import BATCH, ITEM, REASONS, RECORD, Objection, reasons
from pipelines.landing.contract import Field, Source
from pipelines.landing.sealing import INVALID

PARSED = "_parsed"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_CLOCK = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?"
_INSTANT = rf"^{_CLOCK}(Z|[+-]\d{{2}}:\d{{2}})$"
_SEALED = "sealed_record"  # what framing leaves of a record that it could not read but had to seal
_CARRIED = ("arrived_at", "file", "position", BATCH, "content_hash")


def parse(records: DataFrame, source: Source) -> DataFrame:
    """One row per record: its typed top-level fields, lists of objects still as text, and the reasons against
    it.

    A field that may be `local` has a second column, `<name>_local`: the clock as text where it came without an
    offset, for `placed` to put into a zone; the field itself is then null.

    A contact has a second column, `<name>_malformed`: the token of what was written there and is none; the field itself
    is then null.

    Args:
        records: Rows in the shape of bronze.
        source: Whose fields to read; fields that the contract does not name are left alone.

    Returns:
        The source's fields, `arrived_at`, `file`, `position`, `batch`, `content_hash` (xxhash64 of the
        payload), and `_reasons`, `_record`, `_item` (0: the record as a whole), `_parsed` (whether it is one
        JSON object at all).
    """
    text = F.col("payload").try_cast("string")  # null with Sail where it is no UTF-8
    proper = F.col("payload").isNull() | F.is_valid_utf8(text)  # of null, which Sail holds for invalid
    shape = StructType([*source.read_schema.fields, StructField(_SEALED, StringType())])
    wrapped = StructType([StructField("_object", shape)])
    # As a member of an object, since Spark reads the first JSON value of a text and ignores what follows it; and
    # counted in brackets, since a member may be followed by more of them.
    body = F.from_json(F.concat(F.lit('{"_object":'), text, F.lit("}")), wrapped)
    alone = F.json_array_length(F.concat(F.lit("["), text, F.lit("]"))) == 1
    read = records.select(
        *_CARRIED[:-1],
        F.xxhash64("payload").alias("content_hash"),
        "fault",
        F.when(proper, text).otherwise(F.decode("payload", "ISO-8859-1")).alias(RECORD),
        proper.alias("_utf8"),
        F.coalesce(alone, F.lit(False)).alias("_alone"),
        body.alias("_body"),
    ).select("*", "_body.*")
    whole = F.col("_alone") & F.col("_object").isNotNull() & F.col("_utf8")
    usable = whole & F.col(f"_object.{_SEALED}").isNull()
    values = [_value(F.col(f"_object.{f.name}"), f).alias(f.name) for f in source.fields]
    values += [
        _clock(_given(F.col(f"_object.{f.name}"))).alias(f"{f.name}_local") for f in source.fields if f.local
    ]
    values += [
        F.when(_malformed(raw := F.col(f"_object.{f.name}")), raw).alias(f"{f.name}_malformed")
        for f in source.fields
        if f.contact
    ]
    against_fields = [
        reason for f in source.fields for reason in _against(F.col(f"_object.{f.name}"), f, _no_list(f))
    ]
    against_record = [
        Objection(F.col("fault").isNotNull(), Reason.FILE_REFUSED, "file"),
        Objection(~F.col("_utf8"), Reason.BAD_ENCODING, "record"),
        Objection(F.col("fault").isNull() & F.col("_utf8") & ~usable, Reason.NOT_JSON, "record"),
    ]
    return read.select(
        *_CARRIED,
        *values,
        F.when(usable, reasons(against_fields)).otherwise(reasons(against_record)).alias(REASONS),
        RECORD,
        F.lit(0).alias(ITEM),
        F.coalesce(usable, F.lit(False)).alias(PARSED),
    )


def explode_items(parsed: DataFrame, field: Field) -> DataFrame:
    """One row per object of a list: the parent's columns, the object's typed fields, `_item` (from 1), and
    the reasons against it.

    `_reasons` and `_record` are the object's own; the parent's reasons are given as `_parent_reasons`.
    """
    names = {item.name for item in field.many}
    carried = [c for c in parsed.columns if c not in {REASONS, RECORD, ITEM, field.name} | names]
    each = parsed.select(
        *carried, F.col(REASONS).alias("_parent_reasons"), F.posexplode(field.name).alias("_at", "_each")
    )
    against = [r for f in field.many for r in _against(F.col(f"_each.{f.name}"), f, F.lit(False))]
    return each.select(
        *carried,
        "_parent_reasons",
        (F.col("_at") + 1).alias(ITEM),
        *(_value(F.col(f"_each.{f.name}"), f).alias(f.name) for f in field.many),
        reasons(against).alias(REASONS),
        F.col("_each").alias(RECORD),
    )


def typed(field: Field) -> Column:
    """A list of objects as they come from `parse`, each with its fields typed; null where it is missing."""
    return F.transform(
        field.name, lambda each: F.struct(*(_value(each[f.name], f).alias(f.name) for f in field.many))
    )


def listed(field: Field) -> Column:
    """The values of a list's objects that have one field, typed; null where the list is missing."""
    (only,) = field.many
    return F.transform(field.name, lambda each: _value(each[only.name], only))


def against_items(field: Field) -> list[Objection]:
    """What speaks against a record of which any object of a list is wrong, for a list that stays in its row."""

    def holds(inner: Field, number: int, each: Column) -> Column:
        return _against(each[inner.name], inner, F.lit(False))[number].condition

    return [
        Objection(
            F.exists(field.name, partial(holds, inner, number)),
            objection.reason,
            f"{field.name}.{inner.name}",
        )
        for inner in field.many
        for number, objection in enumerate(_against(F.lit(None).cast("string"), inner, F.lit(False)))
    ]


def placed(name: str, *zones: Column) -> Column:
    """The instant of a `local` field: as it came with its offset, else its clock in the first zone that is known.

    An hour that a change of clocks skips counts as the one after it, one that comes twice as its first.
    """
    clock = F.col(f"{name}_local")
    return F.coalesce(
        F.col(name), *(F.concat(clock, F.lit(" "), zone).try_cast(TimestampType()) for zone in zones)
    )


def _clock(text: Column) -> Column:
    """The text of a clock without an offset, where it is one, with its seconds."""
    is_clock = text.rlike(f"^{_CLOCK}$") & text.try_cast(TimestampType()).isNotNull()
    return F.when(is_clock, F.regexp_replace(text, r"([T ]\d{2}:\d{2})$", "$1:00"))


def _no_list(field: Field) -> Column:
    """Whether the record has something else where a list belongs; engines read it as null, and not all say so.

    To look a value up costs a parse, so it is looked up only where the text has one that begins as no list does.
    """
    begun = F.col(RECORD).rlike(rf'"{field.name}"\s*:\s*[^\s\[n]')
    return (
        F.when(begun, F.get_json_object(RECORD, f"$.{field.name}")).isNotNull()
        if field.many
        else F.lit(False)
    )


def _value(raw: Column, field: Field) -> Column:
    if field.many:
        return raw
    if field.contact:
        return F.when(~_malformed(raw), raw)
    return _cast(_given(raw), field.type)


def _malformed(contact: Column) -> Column:
    return contact.startswith(INVALID)


def _given(raw: Column) -> Column:
    bare = F.trim(raw)
    return F.when(F.octet_length(bare) > 0, bare)  # to compare texts costs Sail three times as much


def _cast(text: Column, kind: DataType) -> Column:
    if isinstance(kind, StringType):
        return text
    if isinstance(kind, DateType):
        return F.when(text.rlike(_DATE), text.try_cast(kind))
    if isinstance(kind, TimestampType):
        return F.when(text.rlike(_INSTANT), text.try_cast(kind))
    return text.try_cast(kind)


def _against(raw: Column, field: Field, no_list: Column) -> list[Objection]:
    if field.many:
        wrong = raw.isNull() & no_list
        missing = raw.isNull() & ~no_list
        found = [Objection(wrong, Reason.WRONG_TYPE, field.name)]
        return [*found, Objection(missing, Reason.MISSING_VALUE, field.name)] if field.required else found
    given = _given(raw)
    found = []
    if field.required:
        found.append(Objection(given.isNull(), Reason.MISSING_VALUE, field.name))
    if not isinstance(field.type, StringType):
        value = _cast(given, field.type)
        clock = _clock(given) if field.local else F.lit(None)
        found.append(
            Objection(given.isNotNull() & value.isNull() & clock.isNull(), Reason.WRONG_TYPE, field.name)
        )
        if isinstance(field.type, DecimalType):
            exact = given.try_cast(DecimalType(38, 18))
            found.append(Objection(value != exact, Reason.TOO_PRECISE, field.name))
    return found
