"""The settings: typed, frozen, and parsed once, before Spark starts.

Sources, the later ones winning: `conf/base.yaml` with the files of `BESIDE` and `identity.yaml` beside it, the
environment's file (`--conf conf/cluster.yaml`), environment variables (`TILLPOST__LAKE__ROOT=...`), and
`--set lake.root=...`. An unknown key in any of them is refused with the nearest known one. Code takes values, never
this object: the jobs unpack it.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from pipelines.calc.attribution.names import RULE_NAMES
from pipelines.calc.channels import ChannelRule, check_rules
from pipelines.calc.interests import LEVELS, PRICE_BAND, ActionWeight, AttributeRule, ascending, each_once
from pipelines.calc.links import is_web_address
from pipelines.calc.loyalty import Programme
from pipelines.calc.segments.definitions import Segment, each_named_once, expanded
from pipelines.calc.segments.mentions import check_kinds
from pipelines.calc.triggers.definitions import (
    Cap,
    Channel,
    Pause,
    QuietHours,
    Trigger,
    can_be_live,
    in_known_segments,
    told_apart,
)
from pipelines.errors import SettingsError
from pipelines.identity.rules import Rules, parse

ENV_PREFIX = "TILLPOST__"
BESIDE = ("channels.yaml", "interests.yaml", "loyalty.yaml")
"""Files beside `base.yaml` that hold the tables of a section of their own."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name} is not an IANA time zone, such as Europe/Paris") from error
    return name


Share = Annotated[float, Field(ge=0, le=1)]


class PlaceSettings(_Section):
    """A folder, as a local path or a URI that Spark and pyarrow both reach."""

    root: str


class LandingSettings(PlaceSettings):
    """Where the drops arrive, how much is taken at once, and for how many days a landed file with contacts is kept
    (null: for ever), and, by source, its records with what is made of them.
    """

    batch_bytes: PositiveInt
    retention_days: PositiveInt | None
    records_days: dict[str, PositiveInt]


class VaultSettings(_Section):
    """The secret key that hashes and seals contacts."""

    key_file: str
    allow_generated_key: bool


class BusinessSettings(_Section):
    """What a business day, its close and its money are."""

    time_zone: Annotated[str, AfterValidator(_known_zone)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    close_hour: Annotated[int, Field(ge=0, le=23)]
    first_day: date
    default_region: Annotated[str, Field(pattern="^[A-Z]{2}$")]


class SparkSettings(_Section):
    """The session. `master` is null on a cluster, where spark-submit decides."""

    engine: Literal["spark", "sail"]
    master: str | None
    driver_memory: Annotated[str, Field(pattern=r"^\d+[mg]$")]
    shuffle_partitions: PositiveInt
    conf: dict[str, str]


class TrackingSettings(_Section):
    """The MLflow store."""

    uri: str
    artifacts: str
    experiment: str


class IdentitySettings(_Section):
    """The order in which a fact's identifiers are preferred as its anchor, and who is one person by which rules."""

    rules: Annotated[Rules, BeforeValidator(parse)]
    anchors: tuple[
        Literal[
            "loyalty_card",
            "login",
            "phone",
            "email",
            "payment_token",
            "mail_link_id",
            "sms_link_id",
            "push_token",
            "device_id",
            "cookie",
        ],
        ...,
    ]


class SessionSettings(_Section):
    """When a visit ends, and when it counts as engaged."""

    timeout_minutes: Annotated[int, Field(ge=1, le=720)]
    engaged_seconds: PositiveInt


class MachineSettings(_Section):
    """When clicks on a message are those of a mail scanner."""

    scan_links: Annotated[int, Field(ge=2)]
    scan_seconds: PositiveInt
    view_seconds: PositiveInt


class ChannelSettings(_Section):
    """Which channel a session came by: an ordered rule table, the first rule that fits. See `conf/channels.yaml`."""

    sites: dict[str, tuple[str, ...]]
    click_ids: dict[str, tuple[str, str]]
    rules: tuple[ChannelRule, ...]

    @model_validator(mode="after")
    def _rules_can_be_told_apart(self) -> ChannelSettings:
        check_rules(self.rules, self.sites)
        return self


class CatalogueSettings(_Section):
    """Departments whose goods are never offered, though they are counted."""

    never_offered: tuple[str, ...]


class InterestSettings(_Section):
    """What an act says of an interest and how fast that fades, and what goods stand for beside their category.

    See `conf/interests.yaml`.
    """

    actions: Annotated[tuple[ActionWeight, ...], AfterValidator(each_once)]
    price_bands: Annotated[tuple[float, ...], Field(min_length=1), AfterValidator(ascending)]
    attributes: tuple[AttributeRule, ...]
    considered_days: Annotated[int, Field(ge=2)]
    replenishing_days: Annotated[int, Field(ge=2)]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of interest that profiles have."""
        return (*LEVELS, PRICE_BAND, *dict.fromkeys(rule.attribute for rule in self.attributes))


class LoyaltySettings(Programme):
    """The rules by which points are earned, spent and taken back. See `conf/loyalty.yaml`."""


class SegmentSettings(_Section):
    """Segments of people by conditions over gold. See `conf/segments/` and `docs/segments.md`."""

    defined: Annotated[tuple[Segment, ...], Field(min_length=1), AfterValidator(each_named_once)]


class TriggerSettings(_Section):
    """What raises a message, for whom, and what it holds. See `conf/triggers/` and `docs/triggers.md`.

    Those of `live` are answered by continuous mode, minutes after the receipt.
    """

    defined: Annotated[tuple[Trigger, ...], Field(min_length=1), AfterValidator(told_apart)]
    live: tuple[str, ...]

    @property
    def raised(self) -> tuple[str, ...]:
        """The triggers that a day's run asks for candidates: all of them."""
        return tuple(trigger.name for trigger in self.defined)


def _with_overall(caps: dict[str, Cap]) -> dict[str, Cap]:
    if "overall" not in caps:
        raise ValueError("`overall` is missing: how many messages of any kind one person gets")
    return caps


class DecisionSettings(_Section):
    """What is asked of every message before it goes, whatever raised it."""

    salt: Annotated[str, Field(min_length=1)]
    tacit_consent: dict[Channel, tuple[Literal["mailed", "token"], ...]]
    quiet: QuietHours
    caps: Annotated[dict[Channel | Literal["overall"], Cap], AfterValidator(_with_overall)]
    pause: Pause
    cost_days: PositiveInt


class ReplenishmentSettings(_Section):
    """When a habit counts as one, when it is due, and the time split of its model."""

    min_purchase_days: Annotated[int, Field(ge=2)]
    min_span_days: PositiveInt
    due_within_days: PositiveInt
    holdout_days: Annotated[int, Field(ge=14)]


class JourneySettings(_Section):
    """How far before a purchase its journey reaches, and a visit counts as research for it."""

    lookback_days: PositiveInt
    ropo_days: PositiveInt


class LifecycleSettings(_Section):
    """What a rhythm is, and when somebody is new, on time, at risk or lapsed by it."""

    new_days: PositiveInt
    min_purchase_days: Annotated[int, Field(ge=2)]
    usual_interval_days: PositiveInt
    tolerance: Share
    at_risk_after: Annotated[float, Field(gt=1)]
    lapsed_after: Annotated[float, Field(gt=1)]

    @model_validator(mode="after")
    def _at_risk_comes_before_lapsed(self) -> LifecycleSettings:
        if self.at_risk_after >= self.lapsed_after:
            raise ValueError("at_risk_after must be below lapsed_after, or nobody is ever at risk")
        return self


class LifetimeSettings(_Section):
    """How many people with two purchase days BG/NBD and Gamma-Gamma ask for."""

    min_repeat_buyers: PositiveInt


class ReachSettings(_Section):
    """What a message costs by channel; the cheapest channel of a person goes by it."""

    message_costs: dict[Channel, Annotated[Decimal, Field(ge=0)]]


class AlsSettings(_Section):
    """Implicit ALS: the model's own parameters, the time split and the gate."""

    rank: PositiveInt
    iterations: PositiveInt
    reg_param: Annotated[float, Field(gt=0)]
    alpha: Annotated[float, Field(gt=0)]
    half_life_days: PositiveInt
    min_item_buyers: PositiveInt
    driver_rows: NonNegativeInt
    holdout_days: PositiveInt
    seed: int
    gate_min_gain: float


class NextPurchaseSettings(_Section):
    """The ranker of the next visit's goods: what it learns from, its trees and the time split."""

    look_back: tuple[PositiveInt, ...]
    trees: PositiveInt
    leaves: Annotated[int, Field(ge=2)]
    learning_rate: Annotated[float, Field(gt=0, le=1)]
    min_leaf: PositiveInt
    failures: Annotated[float, Field(gt=0, le=1)]
    seed: int
    holdout_days: PositiveInt


class RelatedSettings(_Section):
    """Goods that go together: how pairs are counted and scored, and whose last shopping day is answered."""

    alpha: Annotated[float, Field(ge=0, le=2)]
    beta: Annotated[float, Field(ge=0, le=2)]
    neighbours: PositiveInt
    min_support: PositiveInt
    max_goods: Annotated[int, Field(ge=2)]
    max_share: Annotated[float, Field(gt=0, le=1)]
    window_days: PositiveInt
    driver_rows: PositiveInt
    holdout_days: PositiveInt
    recent_days: PositiveInt


class ChainSettings(_Section):
    """What comes next after what: what counts as a transition, the time split, and what is named to whom."""

    min_support: PositiveInt
    min_share: Annotated[float, Field(ge=0.5, lt=1)]
    max_false: Annotated[float, Field(gt=0, lt=1)]
    max_delay_days: PositiveInt
    max_age_days: PositiveInt
    burn_in_days: NonNegativeInt
    holdout_days: PositiveInt
    within_days: PositiveInt
    least_chance: Annotated[float, Field(ge=0, le=1)]


class NewArrivalSettings(_Section):
    """New goods by taste: what is new, how fast tastes fade, the time split, and what is left to lot."""

    window_days: PositiveInt
    half_life_days: PositiveInt
    seed: int
    holdout_days: PositiveInt
    explore_share: Annotated[float, Field(ge=0, le=1)]


class FirstVisitSettings(_Section):
    """What an interest shown in a visit leads to: how far back is counted, how much is kept, and the time split."""

    window_days: Annotated[int, Field(gt=0, le=120)]
    per_context: PositiveInt
    max_goods: Annotated[int, Field(ge=2)]
    min_seen: PositiveInt
    driver_rows: PositiveInt
    holdout_days: Annotated[int, Field(gt=0, le=60)]


class RecommendationSettings(_Section):
    """How many recommendations a person gets."""

    per_person: PositiveInt


class SendListSettings(_Section):
    """What a message holds: how many goods in each block."""

    slots_per_block: PositiveInt


def _web_address(url: str) -> str:
    if not is_web_address(url.replace("{product_id}", "1")):
        raise ValueError(f"{url} is not a web address, such as https://shop.example/p/{{product_id}}")
    return url


WebAddress = Annotated[str, AfterValidator(_web_address)]


class MessageSettings(_Section):
    """What every message says of who sends it, and where its links lead."""

    shop: Annotated[str, Field(min_length=1)]
    sender: Annotated[str, Field(pattern=r"^[^@\s<>]+@[^@\s<>]+$")]
    imprint: Annotated[str, Field(min_length=1)]
    site: WebAddress
    product_page: WebAddress | None
    unsubscribe_page: WebAddress
    source: Annotated[str, Field(pattern="^[a-z0-9_-]+$")]
    templates: str | None
    shown: PositiveInt
    audiences: tuple[str, ...]


class SmtpSettings(_Section):
    """The SMTP server; the password is in the variable TILLPOST_SMTP_PASSWORD."""

    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)]
    security: Literal["starttls", "tls", "none"]
    user: str | None
    timeout_seconds: Annotated[float, Field(gt=0)]


class DeliverySettings(_Section):
    """Who carries the messages of each channel, and the journal by which nobody gets one twice."""

    carriers: dict[Channel, Literal["files", "smtp"]]
    folder: str
    journal: str
    attempts: PositiveInt
    wait_seconds: Annotated[float, Field(ge=0)]
    smtp: SmtpSettings

    @model_validator(mode="after")
    def _smtp_carries_mails(self) -> DeliverySettings:
        if wrong := [c for c, carrier in self.carriers.items() if carrier == "smtp" and c != "email"]:
            raise ValueError(f"SMTP carries mails, and not {wrong[0]}")
        return self


def _known_rules(names: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [name for name in names if name not in RULE_NAMES]
    if unknown or not names:
        raise ValueError(
            f"{', '.join(unknown) or 'nothing'} names no rule; there are {', '.join(RULE_NAMES)}"
        )
    return names


class AttributionSettings(_Section):
    """Which touches count for a purchase, for how long, and by which models it is shared."""

    models: Annotated[tuple[str, ...], AfterValidator(_known_rules)]
    touches: dict[str, tuple[Literal["sent", "opened", "clicked"], ...]]
    window_seconds: PositiveInt
    windows: dict[str, PositiveInt]
    half_life_days: Annotated[float, Field(gt=0)]
    post_click: tuple[str, ...]
    report_days: PositiveInt
    order: Annotated[int, Field(ge=1, le=3)]
    replicates: Annotated[int, Field(ge=20, le=10_000)]


class ExperimentSettings(_Section):
    """For how long what people buy counts for an experiment, and what is looked at."""

    window_days: PositiveInt
    before_days: PositiveInt
    look_back_days: PositiveInt
    lift_that_matters: Annotated[float, Field(gt=0)]


class RunnerSettings(_Section):
    """How the runner writes and how much it does at once."""

    parallel_tables: PositiveInt
    max_touched_keys: PositiveInt
    max_touched_share: Share
    rows_at_once: PositiveInt


class MaintainSettings(_Section):
    """How long `tillpost maintain` keeps what only earlier versions of a table hold."""

    keep_days: PositiveInt
    tables: dict[str, PositiveInt]


class Settings(BaseSettings):
    """Every setting of tillpost. See `conf/base.yaml` for the values and what each is for."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    lake: PlaceSettings
    landing: LandingSettings
    exports: PlaceSettings
    vault: VaultSettings
    business: BusinessSettings
    spark: SparkSettings
    tracking: TrackingSettings
    identity: IdentitySettings
    sessions: SessionSettings
    machines: MachineSettings
    channels: ChannelSettings
    catalogue: CatalogueSettings
    interests: InterestSettings
    loyalty: LoyaltySettings
    replenishment: ReplenishmentSettings
    journeys: JourneySettings
    lifecycle: LifecycleSettings
    lifetime: LifetimeSettings
    reach: ReachSettings
    als: AlsSettings
    next_purchase: NextPurchaseSettings
    related: RelatedSettings
    chains: ChainSettings
    new_arrivals: NewArrivalSettings
    first_visit: FirstVisitSettings
    recommendations: RecommendationSettings
    send_list: SendListSettings
    messages: MessageSettings
    delivery: DeliverySettings
    segments: SegmentSettings
    triggers: TriggerSettings
    decisions: DecisionSettings
    attribution: AttributionSettings
    experiments: ExperimentSettings
    runner: RunnerSettings
    maintain: MaintainSettings

    @model_validator(mode="after")
    def _audiences_are_segments(self) -> Settings:
        names = {segment.name for segment in self.segments.defined}
        for audience in self.messages.audiences:
            if audience not in names:
                raise ValueError(
                    f"messages.audiences: there is no segment {audience}{_nearest(audience, names)}"
                )
        return self

    @model_validator(mode="after")
    def _triggers_name_what_is_there(self) -> Settings:
        can_be_live(self.triggers.defined, self.triggers.live)
        in_known_segments(self.triggers.defined, [segment.name for segment in self.segments.defined])
        return self

    @model_validator(mode="after")
    def _conditions_ask_for_interests_that_are_there(self) -> Settings:
        conditions = [(segment.name, segment.where) for segment in self.segments.defined]
        conditions += [(each.name, each.where) for each in self.triggers.defined if each.where]
        check_kinds(conditions, self.interests.kinds)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """`load` says which sources there are; nothing is read from a working directory by accident."""
        return (init_settings,)

    def value(self, path: str) -> Any:
        """The value at a dotted path, such as `interests.half_life_days`."""
        node: Any = self
        for part in path.split("."):
            node = getattr(node, part)
        return node


def load(conf: Path | None = None, sets: Sequence[str] = ()) -> Settings:
    """Read and check all settings.

    Args:
        conf: The environment's file, laid over `base.yaml` and the files beside it; null: those of `conf` alone.
        sets: `key=value` pairs with dotted keys; values are read as YAML, so `8`, `true` and `[a, b]` are
            typed.

    Raises:
        SettingsError: a file that is missing or is not YAML, an unknown key, a value of the wrong type.
    """
    base = (conf.parent if conf else _checkout_conf()) / "base.yaml"
    layers: dict[str, Any] = {}
    _refuse_unknown_variables()
    for source in (
        *(_yaml_source(path) for path in (base, *map(base.with_name, BESIDE))),
        InitSettingsSource(
            Settings, {"identity": {"rules": _yaml_source(base.with_name("identity.yaml"))()}}
        ),
        *(
            InitSettingsSource(Settings, {name: {"defined": defined_in(base.parent / name)}})
            for name in ("segments", "triggers")
        ),
        *((_yaml_source(conf),) if conf else ()),
        EnvSettingsSource(Settings),
        *(InitSettingsSource(Settings, _nest(pair)) for pair in sets),
    ):
        layers = _merged(layers, source())
    try:
        return Settings.model_validate(layers)
    except ValidationError as error:
        raise SettingsError(
            _explain(error), remedy=f"Mend the named keys; {base} and the files beside it list every one."
        ) from error


def segments_in(file: Path, kinds: Collection[str]) -> tuple[Segment, ...]:
    """The segments of one file, checked as those of the settings are.

    Args:
        file: YAML, as those of `conf/segments`.
        kinds: The kinds of interest that profiles have.

    Raises:
        SettingsError: the file or a segment in it cannot be read, or asks for what is not there.
    """
    remedy = f"Mend {file}; docs/segments.md has examples."
    try:
        found = SegmentSettings(defined=tuple(map(Segment.model_validate, defined_in(file)))).defined
        check_kinds(((segment.name, segment.where) for segment in found), kinds)
    except ValidationError as error:
        raise SettingsError(_explain(error), remedy=remedy) from error
    except ValueError as error:
        raise SettingsError(str(error), remedy=remedy) from error
    return found


def defined_in(place: Path) -> list[Any]:
    """The entries of a file of segments or triggers, or of all the files of a folder, each of them expanded.

    Raises:
        SettingsError: a file is not YAML, or is no list.
    """
    found: list[Any] = []
    for path in sorted(place.glob("*.yaml")) if place.is_dir() else [place]:
        try:
            entries = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise SettingsError(
                f"The entries of {path} cannot be read: {error}", remedy="Mend the file."
            ) from error
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise SettingsError(
                f"{path} is no list of entries",
                remedy="Write each as `- {name: ..., says: ..., ...}`; docs/segments.md and docs/triggers.md have "
                "examples.",
            )
        found += [segment for entry in entries for segment in expanded(entry)]
    return found


def _checkout_conf() -> Path:
    here = Path("conf")
    return here if here.is_dir() else Path(__file__).resolve().parent.parent / "conf"


def _yaml_source(path: Path) -> PydanticBaseSettingsSource:
    if not path.is_file():
        raise SettingsError(
            f"The settings file {path} does not exist",
            remedy="Name a file that does, for example --conf conf/local.yaml",
        )
    try:
        return YamlConfigSettingsSource(Settings, path)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SettingsError(
            f"The settings file {path} cannot be read: {error}", remedy="Mend its syntax."
        ) from error


def _refuse_unknown_variables() -> None:
    known = {ENV_PREFIX + name.upper() for name in Settings.model_fields}
    for variable in os.environ:
        if variable.upper().startswith(ENV_PREFIX):
            section = ENV_PREFIX + variable.upper().removeprefix(ENV_PREFIX).split("__")[0]
            if section not in known:
                raise SettingsError(
                    f"The environment variable {variable} names no section of the settings"
                    + _nearest(section, known),
                    remedy=f"Unset it, or write it as {ENV_PREFIX}LAKE__ROOT.",
                )


def _nest(pair: str) -> dict[str, Any]:
    key, equals, raw = pair.partition("=")
    if not (equals and key.strip()):
        raise SettingsError(
            f"--set {pair!r} is not of the form key=value",
            remedy="Write for example --set lake.root=data/lake",
        )
    try:
        value = yaml.safe_load(raw)
    except yaml.YAMLError:
        value = raw
    for part in reversed(key.strip().split(".")):
        value = {part: value}
    return value  # type: ignore[no-any-return]


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: _merged(base[key], over[key])
        for key in base.keys() & over.keys()
        if _dicts(base[key], over[key])
    }
    return {**base, **over, **both}


def _dicts(*values: Any) -> bool:
    return all(isinstance(value, dict) for value in values)


def _explain(error: ValidationError) -> str:
    lines = []
    for fault in error.errors():
        key = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            lines.append(f"{key}: unknown setting" + _nearest(key, set(_keys(Settings))))
        elif fault["type"] == "missing":
            lines.append(f"{key}: missing")
        elif not key:  # of several settings together: what was found is all of them
            lines.append(fault["msg"].removeprefix("Value error, "))
        else:
            lines.append(f"{key}: {fault['msg']} (found {fault['input']!r})")
    return "The settings are refused:\n  " + "\n  ".join(lines)


def _nearest(key: str, known: set[str]) -> str:
    near = difflib.get_close_matches(key, sorted(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else ""


def _keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield prefix + name
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _keys(inner, f"{prefix}{name}.")
