"""The curves of docs/laboratory.md, drawn from the table that bench_detective writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

STYLES = {0.3: ("o", "-"), 0.45: ("s", "--"), 0.6: ("^", "-."), 0.9: ("x", ":")}


def draw(table: Path, folder: Path) -> None:
    """`detective_power.svg` and `detective_alarms.svg` in `folder`; the same table gives the same bytes."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "milkqc", "svg.fonttype": "none", "font.size": 9})
    frame = pl.read_csv(table)
    _power(frame.filter(pl.col("grid") == "power"), folder / "detective_power.svg")
    _alarms(frame, folder / "detective_alarms.svg")


def _power(frame: pl.DataFrame, file: Path) -> None:
    from matplotlib import pyplot

    near = frame.filter(
        pl.col("confusion").is_in(frame.filter(pl.col("controls") == "yes")["confusion"].unique().implode())
    )
    names = near["confusion"].unique(maintain_order=True).to_list()
    figure, axes = pyplot.subplots(2, len(names), figsize=(11, 5.4), sharex=True, sharey=True)
    for column, name in enumerate(names):
        for row, controls in enumerate(("no", "yes")):
            axis = axes[row][column]
            own = near.filter(pl.col("confusion") == name, pl.col("controls") == controls)
            _lines(axis, own, pl.col("named"), by="sigma")
            axis.set_title(f"{name}\n{'with' if controls == 'yes' else 'without'} control materials")
            if column == 0:
                axis.set_ylabel("named, % of studies")
            if row == 1:
                axis.set_xlabel("results per batch")
    axes[0][-1].legend(title="sigma", loc="lower right")
    _save(figure, file)


def _alarms(frame: pl.DataFrame, file: Path) -> None:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(11, 3.4))
    clean = (
        frame.filter(pl.col("grid") == "clean").group_by("n", "sigma").agg(pl.col("studies", "accused").sum())
    )
    _lines(axes[0], clean, pl.col("accused"), by="sigma")
    axes[0].set(
        title="No fault: any of 6 batches accused",
        xlabel="results per batch",
        ylabel="% of studies",
        ylim=(0, 10),
    )
    axes[0].legend(title="sigma")
    sites = frame.filter(pl.col("grid") == "sites")
    words = {"batch": "three plates a site", "own": "a plate a site", "site": "no plates named"}
    for marker, (by, label) in zip("os^", words.items(), strict=True):
        own = _share(sites.filter(pl.col("by") == by), pl.col("accused_of_unit"), "site_factor")
        axes[1].plot(own["site_factor"], own["share"], marker=marker, label=label, color="#2f6690")
    axes[1].set(
        title="Sites that differ: accused of a unit", xlabel="genuine factor between sites", ylim=(0, 30)
    )
    axes[1].legend()
    shifts = frame.filter(pl.col("grid") == "shifts")
    for marker, controls in zip("os", ("no", "yes"), strict=True):
        own = shifts.filter(pl.col("controls") == controls)
        for line, (column, said) in zip(
            ("-", ":"), (("accused_of_unit", "called a unit"), ("shifted", "off in any way")), strict=True
        ):
            part = _share(own, pl.col(column), "factor")
            label = f"{said}, {'with' if controls == 'yes' else 'without'} controls"
            axes[2].plot(
                part["factor"], part["share"], marker=marker, linestyle=line, label=label, color="#2f6690"
            )
    axes[2].set(title="A calibration off, no unit", xlabel="factor of the shift", ylim=(0, 105))
    axes[2].legend()
    _save(figure, file)


def _lines(axis: Any, frame: pl.DataFrame, counted: pl.Expr, *, by: str) -> None:
    """A line for each value of `by` over the batch size, on a log axis."""
    for value, (marker, line) in STYLES.items():
        own = _share(frame.filter(pl.col(by) == value), counted, "n")
        axis.plot(own["n"], own["share"], marker=marker, linestyle=line, label=str(value), color="#2f6690")
    sizes = frame["n"].unique().sort().to_list()
    axis.set_xscale("log", base=2)
    axis.set_xticks(sizes, [str(n) for n in sizes])
    axis.set_ylim(0, 105)
    axis.grid(axis="y", color="#e0e0e0")


def _share(frame: pl.DataFrame, counted: pl.Expr, by: str) -> pl.DataFrame:
    share = 100 * counted.sum() / pl.col("studies").sum()
    return frame.group_by(by).agg(share=share).sort(by)


def _save(figure: Any, file: Path) -> None:
    from matplotlib import pyplot

    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None, "Creator": "milkqc benchmarks"})
    pyplot.close(figure)
