"""What the registry holds, and the way back: which version of a model is used, and which was before it."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.errors import UsageError
from pipelines.lakehouse.tracking import CHAMPION, Champion, ModelVersion, Tracking
from pipelines.lakehouse.tracking_store import explained, is_absent


@dataclass(frozen=True)
class Held:
    """One version of a registered model.

    Args:
        version: It.
        state: `champion`, `promoted` (was champion, or is one of an earlier date), `rolled back`, or `refused`.
        reason: The gate's sentence; empty: none was noted.
    """

    version: ModelVersion
    state: str
    reason: str


def versions(tracking: Tracking) -> list[Held]:
    """Every version of every model, by name, the newest first."""
    if is_absent(tracking.uri):
        return []
    with explained("read", tracking.uri):
        names = sorted(found.name for found in tracking.client.search_registered_models(max_results=1000))
    return [_held(tracking, version) for name in names for version in _newest_first(tracking, name)]


def rollback(tracking: Tracking, name: str) -> Champion:
    """Let the champion before the present one be the champion; gives it.

    The present one is no longer used for any date. The next run of a day scores with the one before; what was scored
    keeps the version that stands in its rows.

    Raises:
        UsageError: there is no such model, or no champion before the present one; nothing was changed.
    """
    promoted = sorted(tracking.promoted(name), key=lambda one: (one.trained_as_of, one.version))
    if len(promoted) < 2:
        known = sorted({held.version.name for held in versions(tracking)})
        raise UsageError(
            f"There is no champion of {name!r} before the present one"
            if promoted
            else f"There is no champion of a model {name!r}",
            remedy=f"`tillpost models list` shows what there is{': ' if known else ''}{', '.join(known)}.",
        )
    before, present = promoted[-2:]
    with explained("roll back a model in", tracking.uri):
        client = tracking.client
        client.set_registered_model_alias(name, CHAMPION, str(before.version))
        client.set_model_version_tag(name, str(present.version), "promoted", "rolled back")
    return before


def _newest_first(tracking: Tracking, name: str) -> list[ModelVersion]:
    return sorted(tracking.versions(name), key=lambda one: -one.version)


def _held(tracking: Tracking, version: ModelVersion) -> Held:
    promoted = tracking.promoted(version.name)
    newest = max(promoted, key=lambda one: (one.trained_as_of, one.version), default=None)
    tag = version.tags.get("promoted")
    state = {"true": "promoted", "rolled back": "rolled back"}.get(tag or "", "refused")
    if newest is not None and newest.version == version.version:
        state = "champion"
    return Held(version, state, version.tags.get("gate_reason", ""))
