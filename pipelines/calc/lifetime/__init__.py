"""What a customer will still buy, from what they bought: BG/NBD for how often, Gamma-Gamma for how much.

Both are fitted by maximum likelihood from sufficient statistics: distinct cells and how many people are in each. The
work of a fit grows with the cells, which the calendar bounds, and not with the people.
"""

from pipelines.calc.lifetime.bg_nbd import BgNbd, fit_bg_nbd
from pipelines.calc.lifetime.gamma_gamma import GammaGamma, fit_gamma_gamma
from pipelines.calc.lifetime.likelihood import NoFit

__all__ = ["BgNbd", "GammaGamma", "NoFit", "fit_bg_nbd", "fit_gamma_gamma"]
