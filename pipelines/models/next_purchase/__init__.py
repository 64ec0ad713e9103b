"""What each person will likely buy on the next visit: goods bought before and new ones in one ranking."""

from pipelines.models.next_purchase.model import NextPurchase, fit
from pipelines.models.next_purchase.train import Params

__all__ = ["NextPurchase", "Params", "fit"]
