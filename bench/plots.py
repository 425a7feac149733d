"""Pictures of the report: SVG, the same bytes for the same figures, readable on light and on dark pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

# Stands for the colour of the page's text while the picture is drawn, and becomes `currentColor` after.
TEXT_COLOR = "#010203"
# Each is told from its neighbours, and stands out from white and from near-black.
LINE_COLORS = ("#e5484d", "#3e8fd0", "#30a46c", "#b8860b", "#8e6fd8", "#d6679c", "#5f9ea0", "#8d8d8d")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
COLOR_SETTINGS = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
STYLE = "<style>svg{color:#1f2328}@media (prefers-color-scheme:dark){svg{color:#e6edf3}}</style>"


@dataclass
class Plot:
    """`lines` are named series of points, already in the units of the axes."""

    name: str
    x_title: str
    y_title: str
    x_scale: float
    y_scale: float
    log: bool
    lines: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


def draw(plot: Plot, folder: Path) -> None:
    """Write NAME.svg; nothing when there are no points. A server keeps its colour, whichever others are missing."""
    if not any(plot.lines.values()):
        return
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    with mpl.rc_context(
        {
            "svg.hashsalt": "chatterlink",
            "svg.fonttype": "none",
            "font.family": "sans-serif",
            "font.sans-serif": ["Arial", "Helvetica", "DejaVu Sans"],
            "font.size": 11,
            **dict.fromkeys(COLOR_SETTINGS, TEXT_COLOR),
        }
    ):
        figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
        for index, (label, points) in enumerate(plot.lines.items()):
            if points:
                xs, ys = zip(*points)
                color, marker = LINE_COLORS[index % len(LINE_COLORS)], MARKERS[index % len(MARKERS)]
                width = 2.5 if index == 0 else 1.5  # ours
                axes.plot(xs, ys, label=label, color=color, marker=marker, linewidth=width)
        if plot.log:
            axes.set_xscale("log")
            axes.set_yscale("log")
        else:
            axes.set_xlim(left=0)
            axes.set_ylim(bottom=0)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
        axes.xaxis.set_minor_formatter(lambda _value, _: "")
        axes.set_xlabel(plot.x_title)
        axes.set_ylabel(plot.y_title)
        axes.grid(color=TEXT_COLOR, alpha=0.15)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
        target = folder / f"{plot.name}.svg"
        figure.savefig(target, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        plt.close(figure)

    text = target.read_text(encoding="utf-8").replace(TEXT_COLOR, "currentColor")
    begin = text.index(">", text.index("<svg")) + 1
    target.write_text(text[:begin] + STYLE + text[begin:], encoding="utf-8")
