"""When each person will need each of their goods again."""

from pipelines.models.replenishment.model import Replenishment, fit

__all__ = ["Replenishment", "fit"]
