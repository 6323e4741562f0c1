"""Pictures of figures, for people; the figures themselves are in the table and the JSON."""

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt


def sorted_curves(path: Path, label: str, curves: dict[str, list[float]]) -> None:
    """Each curve's values from best to worst against their share: medians and tails at one glance."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for name, values in curves.items():
        ranked = sorted(values)
        shares = [100 * (index + 0.5) / len(ranked) for index in range(len(ranked))]
        axes.plot(shares, ranked, marker=".", label=name)
    axes.set_xlabel("share of all, %")
    axes.set_ylabel(label)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def lines(path: Path, across: str, up: str, places: list[float], curves: dict[str, list[float]]) -> None:
    """One line for each curve over common `places`. `across`, `up`: what the axes say."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for name, values in curves.items():
        axes.plot(places, values, marker="o", label=name)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)
