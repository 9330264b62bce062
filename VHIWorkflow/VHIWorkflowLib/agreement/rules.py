"""Names of the rules by which masks of several readers are put together; see `consensus`."""

from __future__ import annotations

from typing import Literal, get_args

Rule = Literal["majority", "intersection", "union", "staple"]
RULES: tuple[Rule, ...] = get_args(Rule)
