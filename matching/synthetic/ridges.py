"""Ridges, grown as in Cappelli 2009 (see orientation.py): scattered seeds, and round after round of Gabor filters
tuned to the local orientation and period. Where the fronts meet out of step, minutiae appear by themselves.

Growth runs on a grid of half the resolution (a period is still four to six cells) and on whole numbers: states of
-127 … 127, filters of whole coefficients. The float32 sums are exact below 2^24, so the pattern does not depend on
the order in which a processor adds.
"""

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from matching.synthetic.parameters import GROWTH, Growth

Field = NDArray[np.float32]


def grow(rng: np.random.Generator, orientation: Field, period_px: Field) -> Field:
    """The ridge image: float32 (H, W) like `orientation`, -1 the bed of a valley … 1 the crest of a ridge."""
    filters = _bank(GROWTH)
    chosen = _nearest(orientation[::2, ::2], period_px[::2, ::2], GROWTH)
    taps = np.ascontiguousarray(filters.T)[:, chosen]
    state = _seeds(rng, chosen.shape, GROWTH)
    for _ in range(GROWTH.rounds):
        state = _round(state, taps, GROWTH)
    full = cv2.resize(state / 127, orientation.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(full, -1, 1), dtype=np.float32)


def _seeds(rng: np.random.Generator, shape: tuple[int, ...], growth: Growth) -> Field:
    seeds = rng.random(shape, dtype=np.float32) < growth.seed_density
    return seeds.astype(np.float32) * 127


def _round(state: Field, taps: Field, growth: Growth) -> Field:
    """One pass of the filters: every cell's own filter over its neighbourhood, amplified and clipped."""
    height, width = state.shape
    radius = growth.radius_px
    padded = cv2.copyMakeBorder(state, radius, radius, radius, radius, cv2.BORDER_REFLECT_101)
    total, term = np.zeros_like(state), np.empty_like(state)
    side = 2 * radius + 1
    for tap, weights in enumerate(taps):
        row, column = divmod(tap, side)
        np.multiply(weights, padded[row : row + height, column : column + width], out=term)
        total += term
    return np.asarray(np.clip(np.rint(total * np.float32(growth.gain / 1024)), -127, 127), dtype=np.float32)


def _nearest(orientation: Field, period_px: Field, growth: Growth) -> NDArray[np.intp]:
    turn = np.rint(orientation * (growth.orientations / np.pi)).astype(np.intp) % growth.orientations
    edges = np.asarray(growth.periods_px)
    step = np.searchsorted((edges[1:] + edges[:-1]) / 2, period_px)
    return np.asarray(step * growth.orientations + turn, dtype=np.intp)


@functools.cache
def _bank(growth: Growth) -> Field:
    """Whole-numbered Gabor filters, float32 (periods × orientations, taps), on the half-size grid.

    Each sums to zero (no ridge grows out of a plain) and answers 1024 to its own wave, so that the gain of a
    round means the same for every period.
    """
    reach = np.arange(-growth.radius_px, growth.radius_px + 1, dtype=np.float64)
    x, y = reach[None, :], -reach[:, None]
    bank = []
    for period in (period_px / 2 for period_px in growth.periods_px):
        envelope = np.exp(-(x**2 + y**2) / (2 * (growth.sigma_periods * period) ** 2))
        for turn in range(growth.orientations):
            angle = np.pi * turn / growth.orientations
            wave = np.cos(2 * np.pi / period * (y * np.cos(angle) - x * np.sin(angle)))
            even = envelope * (wave - (envelope * wave).sum() / envelope.sum())
            bank.append(np.rint(even * (1024 / (even * wave).sum())).ravel())
    return np.asarray(bank, dtype=np.float32)
