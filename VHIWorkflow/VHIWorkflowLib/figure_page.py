"""The page of the overview picture: where the tiles go, and everything that is written around and on them."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from .core import segment_kinds

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

SENSITIVE: Colour = segment_kinds.SENSITIVE.colour_8bit
CONSERVATIVE: Colour = segment_kinds.CONSERVATIVE.colour_8bit
NORMAL_BONE: Colour = segment_kinds.NORMAL_BONE.colour_8bit
DISEASE_REGION: Colour = segment_kinds.DISEASE_REGION.colour_8bit
REMOVED: Colour = (190, 120, 255)
TEXT: Colour = (235, 235, 235)
DIM_TEXT: Colour = (165, 165, 165)
PAPER: Colour = (14, 14, 16)

WIDTH_PIXELS = 2400
HEIGHT_PIXELS = 2400
NARROWEST_PIXELS = 1150
LARGEST_TILE_PIXELS = 1000
ASPECT = 1.25
GAP = 6
PADDING = 24
TITLE_SIZE = 34
LINE_SIZE = 22
LINE_HEIGHT = 31
SCALE_BAR_LENGTHS_MM = (100, 50, 20, 10, 5, 2, 1)

_LEGEND = (
    ("Sensitive (kept)", SENSITIVE),
    ("Conservative (kept)", CONSERVATIVE),
    ("Removed by cleaning", REMOVED),
    ("Normal bone", NORMAL_BONE),
    ("Disease region", DISEASE_REGION),
)

_REPLACEMENTS = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "ł": "l", "Ł": "L", "\u00d7": "x", "≥": ">=", "≤": "<="}
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
    | {"µ": "u", "·": "|"}
)


@dataclass(frozen=True)
class Layout:
    """Tiles of equal size in rows and columns, in pixels."""

    columns: int
    rows: int
    tile_width: int
    tile_height: int
    pixels_per_mm: float

    @classmethod
    def of(cls, tiles: int, height_mm: float, width_mm: float) -> Layout:
        """Fill a page of about the wanted aspect with tiles of a size in mm; pixels are square."""

        def misfit(columns: int) -> float:
            rows = math.ceil(tiles / columns)
            empty = (rows * columns - tiles) / tiles
            return abs(math.log(columns * width_mm / (rows * height_mm * ASPECT))) + empty

        columns = min(range(1, tiles + 1), key=misfit)
        rows = math.ceil(tiles / columns)
        scale = min(
            (WIDTH_PIXELS / columns - GAP) / width_mm,
            (HEIGHT_PIXELS / rows - GAP) / height_mm,
            LARGEST_TILE_PIXELS / max(width_mm, height_mm),
        )
        return cls(columns, rows, max(round(width_mm * scale), 1), max(round(height_mm * scale), 1), scale)

    @property
    def width(self) -> int:
        """Of the page."""
        return max(self.columns * (self.tile_width + GAP) - GAP + 2 * PADDING, NARROWEST_PIXELS)

    @property
    def height(self) -> int:
        """Of all tiles together."""
        return self.rows * (self.tile_height + GAP) - GAP

    def corner(self, index: int) -> tuple[int, int]:
        """Upper left corner (x, y) of a tile, in pixels from that of the first."""
        row, column = divmod(index, self.columns)
        return column * (self.tile_width + GAP), row * (self.tile_height + GAP)

    @property
    def scale_bar_mm(self) -> int:
        """Longest round length that takes at most a third of a tile."""
        longest = self.tile_width / self.pixels_per_mm / 3
        return next((length for length in SCALE_BAR_LENGTHS_MM if length <= longest), SCALE_BAR_LENGTHS_MM[-1])


def heading(layout: Layout, title: str, lines: Sequence[str]) -> Image.Image:
    """Title and lines above the tiles, wrapped to the page."""
    room = layout.width - 2 * PADDING
    title_font, line_font = _font(TITLE_SIZE), _font(LINE_SIZE)
    titles = _wrapped([title], title_font, room)
    texts = _wrapped(lines, line_font, room)
    title_height = round(TITLE_SIZE * 1.35)
    image = Image.new("RGB", (layout.width, 2 * PADDING + title_height * len(titles) + LINE_HEIGHT * len(texts)), PAPER)
    draw = ImageDraw.Draw(image)
    y = PADDING
    for text in titles:
        draw.text((PADDING, y), text, font=title_font, fill=TEXT)
        y += title_height
    for text in texts:
        draw.text((PADDING, y), text, font=line_font, fill=DIM_TEXT)
        y += LINE_HEIGHT
    return image


def footer(layout: Layout, note: str) -> Image.Image:
    """Legend, scale bar and a note below the tiles, on as many lines as they need."""
    image = Image.new("RGB", (layout.width, 2 * PADDING + 3 * LINE_HEIGHT), PAPER)
    draw = ImageDraw.Draw(image)
    font = _font(LINE_SIZE)
    pen = _Pen(layout.width)
    for name, colour in _LEGEND:
        x, y = pen.place(34 + font.getlength(name) + 34)
        draw.rectangle((x, y + 4, x + 22, y + 22), outline=colour, fill=_tint(colour), width=2)
        draw.text((x + 34, y), name, font=font, fill=TEXT)
    bar, label = round(layout.scale_bar_mm * layout.pixels_per_mm), f"{layout.scale_bar_mm} mm"
    x, y = pen.place(bar + 14 + font.getlength(label) + 34)
    draw.rectangle((x, y + 10, x + bar - 1, y + 14), fill=(255, 255, 255))
    draw.text((x + bar + 14, y), label, font=font, fill=TEXT)
    x, y = pen.place(font.getlength(note))
    draw.text((x, y), note, font=font, fill=DIM_TEXT)
    return image.crop((0, 0, layout.width, y + LINE_HEIGHT + PADDING))


@dataclass(frozen=True)
class TileLabel:
    """What is written on a tile: its number, how much is kept, the letters of its left, right, upper, lower edge."""

    number: str
    kept: str
    letters: tuple[str, str, str, str]


def label_tile(draw: ImageDraw.ImageDraw, layout: Layout, corner: tuple[int, int], label: TileLabel) -> None:
    """Write on the tile that has this upper left corner."""
    width, height = layout.tile_width, layout.tile_height
    large = _font(max(13, min(30, height // 15)))
    small = _font(max(11, min(22, height // 20)))
    left, top = corner
    right, bottom, x, y = left + width, top + height, left + width // 2, top + height // 2
    places = ((left + 5, y, "lm"), (right - 5, y, "rm"), (x, top + 4, "ma"), (x, bottom - 5, "md"))
    texts = [(place, letter, small, DIM_TEXT) for place, letter in zip(places, label.letters, strict=True)]
    texts.append(((left + 7, top + 4, "la"), label.number, large, TEXT))
    texts.append(((right - 7, top + 4, "ra"), label.kept, large, SENSITIVE))
    for (at_x, at_y, anchor), text, font, colour in texts:
        draw.text((at_x, at_y), text, font=font, fill=colour, anchor=anchor, stroke_width=2, stroke_fill=(0, 0, 0))


class _Pen:
    """Hands out places from left to right, and a new line when one is full."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.x = float(PADDING)
        self.y = PADDING

    def place(self, length: float) -> tuple[int, int]:
        if self.x > PADDING and self.x + length > self.width - PADDING:
            self.x = PADDING
            self.y += LINE_HEIGHT
        x, self.x = round(self.x), self.x + length
        return x, self.y


def _wrapped(lines: Sequence[str], font: Font, room: float) -> list[str]:
    """Lines broken at blanks to fit; a single word that does not fit is cut and marked with dots."""
    result: list[str] = []
    for line in lines:
        current = ""
        for word in _drawable(line).split():
            longer = f"{current} {word}".strip()
            if current and font.getlength(longer) > room:
                result.append(current)
                longer = word
            current = longer
            if font.getlength(current) > room:
                while current and font.getlength(current + "...") > room:
                    current = current[:-1]
                current += "..."
        result.append(current)
    return result


def _drawable(text: str) -> str:
    """Text in the letters that the bundled font has: accents go, superscripts become digits, others question marks."""
    spread = unicodedata.normalize("NFKD", text.translate(_REPLACEMENTS))
    letters = (c if c.isascii() else "?" for c in spread if not unicodedata.combining(c))
    return "".join(c if c.isprintable() else " " for c in letters)


def _font(size: int) -> Font:
    return ImageFont.load_default(size=size)


def _tint(colour: Colour) -> Colour:
    red, green, blue = (round(part * 0.25) for part in colour)
    return red, green, blue
