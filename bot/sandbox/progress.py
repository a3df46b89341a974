"""Progress percentages of a painting, and the share of its duration before each. Pure: random numbers in, steps out."""

import random


def progress_steps(rng: random.Random) -> list[tuple[float, float]]:
    """Rising percentages, each with its share of the duration; the shares add up to 1. The steps shrink towards the
    end, and the last one stays short of 100, as the relay's do."""
    percentages: list[float] = []
    percent = 0.0
    while percent < 88:
        percent += max(2.2, (100 - percent) * 0.12) * rng.uniform(0.8, 1.2)
        percentages.append(round(percent, 1))
    weights = [rng.uniform(0.7, 1.3) for _ in percentages]
    return [(each, weight / sum(weights)) for each, weight in zip(percentages, weights, strict=True)]
