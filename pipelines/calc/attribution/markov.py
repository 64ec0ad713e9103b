"""Markov chains over channels: what would be lost if a channel were not there, in closed form.

A customer is a walk: from the start over states, the last `order` channels touched, to a purchase or to nothing.
The chance of each step is how often it was observed. With Q the chances from state to state, r those of a purchase
(or the revenue to expect) at each state, and `N = inverse(I - Q)` the fundamental matrix:

    chance of a purchase            P    = N[start] r
    first visit to a channel at s   h    = N[start, S] inverse(N[S, S])     with S the states that end in it
    removal effect                  1 - P(without) / P = h (N r)[S] / P

Whoever would have come to a removed channel is lost. One inverse serves all channels, and nothing is simulated.

Sources: Anderl, Becker, von Wangenheim and Schumann, "Mapping the customer journey" (2016), for the model; Kemeny
and Snell, "Finite Markov chains" (1960), chapter 3, for the matrix.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipelines.calc.attribution.paths import Floats

State = tuple[str, ...]
START: State = ()


@dataclass(frozen=True)
class Effects:
    """What the chain says of each reward.

    Attributes:
        total: What a walk brings on average; of purchases, the chance of one.
        removal: By channel, the share of the total that is lost without it, from 0 to 1; 0 when the total is 0.
    """

    total: float
    removal: dict[str, float]

    def shares(self) -> dict[str, float]:
        """The removal effects scaled to sum to 1; empty when none is positive."""
        whole = sum(self.removal.values())
        return {channel: effect / whole for channel, effect in self.removal.items()} if whole > 0 else {}


@dataclass(frozen=True)
class Chain:
    """An absorbing chain.

    Attributes:
        steps: Weight of each observed step from state to state; those out of `START` begin the walks.
        ends: Weight with which walks end in each state, whatever they bring.

    >>> chain = Chain({((), ("a",)): 2, (("a",), ("b",)): 1, (("b",), ("a",)): 0.5}, {("a",): 1, ("b",): 0.5})
    >>> [effects] = chain.effects([{("a",): 1}])  # a and b lead to each other half the time; a also converts
    >>> round(effects.total, 12)
    0.666666666667
    """

    steps: Mapping[tuple[State, State], float]
    ends: Mapping[State, float]

    def effects(self, rewards: list[Mapping[State, float]]) -> list[Effects]:
        """For each reward, a sum by the state in which the walks that brought it ended, its effects.

        Rewards are not negative, and stand only on states that have an end.
        """
        states = sorted({START, *self.ends, *(state for step in self.steps for state in step)})
        index = {state: place for place, state in enumerate(states)}
        moves = np.zeros((len(states), len(states)))
        for (origin, target), weight in self.steps.items():
            moves[index[origin], index[target]] = weight
        leaving = moves.sum(axis=1)
        for state, weight in self.ends.items():
            leaving[index[state]] += weight
        outgoing = np.where(leaving > 0, leaving, 1.0)
        gains = np.zeros((len(states), len(rewards)))
        for column, reward in enumerate(rewards):
            for state, amount in reward.items():
                gains[index[state], column] = amount
        fundamental = np.asarray(np.linalg.inv(np.eye(len(states)) - moves / outgoing[:, None]), np.float64)
        worth = fundamental @ (gains / outgoing[:, None])
        lost = _lost(states, fundamental, worth)
        return [
            Effects(
                float(worth[index[START], column]),
                _removal(lost, column, float(worth[index[START], column])),
            )
            for column in range(len(rewards))
        ]


def _lost(states: list[State], fundamental: Floats, worth: Floats) -> dict[str, Floats]:
    """By channel, what is lost of each reward without it."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, state in enumerate(states):
        if state:
            places[state[-1]].append(place)
    start = states.index(START)
    lost = {}
    for channel, mine in places.items():
        visits = fundamental[np.ix_(mine, mine)]
        first_visit = np.linalg.solve(visits.T, fundamental[start, mine])
        lost[channel] = first_visit @ worth[mine]
    return lost


def _removal(lost: Mapping[str, Floats], column: int, total: float) -> dict[str, float]:
    if total <= 0:
        return dict.fromkeys(lost, 0.0)
    return {channel: min(max(float(amounts[column]) / total, 0.0), 1.0) for channel, amounts in lost.items()}
