"""The confusions of intents as a picture: one row for each intent that was meant, one column for each that was read."""

from collections.abc import Sequence
from html import escape

from bot.models.figures import Pairs

CELL, LEFT, TOP, EDGE = 20, 150, 150, 24
STYLE = (
    "text{font:11px system-ui,sans-serif;fill:#1b2330}.n{font-size:9px;text-anchor:middle}.w{fill:#fff}"
    ".right{text-anchor:end}.g{fill:none;stroke:#dfe3ea}"
)


def confusion_svg(pairs: Pairs, *, title: str) -> str:
    """An SVG: the diagonal green, mistakes red, the darker the larger their share of the row; counts in the cells."""
    rows = sorted({truth for truth, _ in pairs})
    columns = sorted({guess for _, guess in pairs} | set(rows))
    width, height = LEFT + CELL * len(columns) + EDGE, TOP + CELL * len(rows) + EDGE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="{EDGE}" y="20">{escape(title)}</text>',
        *(_column(number, name) for number, name in enumerate(columns)),
    ]
    for number, truth in enumerate(rows):
        parts += _row(number, truth, columns, pairs)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _column(number: int, name: str) -> str:
    x, y = LEFT + CELL * number + CELL // 2 + 4, TOP - 6
    return f'<text transform="translate({x},{y}) rotate(-60)">{escape(name)}</text>'


def _row(number: int, truth: str, columns: Sequence[str], pairs: Pairs) -> list[str]:
    y = TOP + CELL * number
    total = sum(pairs.get((truth, guess), 0) for guess in columns)
    parts = [f'<text class="right" x="{LEFT - 6}" y="{y + 14}">{escape(truth)}</text>']
    for place, guess in enumerate(columns):
        count, x = pairs.get((truth, guess), 0), LEFT + CELL * place
        parts.append(f'<rect class="g" x="{x}" y="{y}" width="{CELL}" height="{CELL}"/>')
        if count:
            share = count / total
            color = "#12704a" if truth == guess else "#b3261e"
            opacity = 0.15 + 0.85 * (share if truth == guess else min(1.0, 5 * share))
            light = ' class="n w"' if opacity > 0.55 else ' class="n"'
            parts += [
                f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" fill="{color}" fill-opacity="{opacity:.2f}">'
                f"<title>{escape(truth)} read as {escape(guess)}: {count} of {total}</title></rect>",
                f'<text{light} x="{x + CELL // 2}" y="{y + 13}">{count}</text>',
            ]
    return parts
