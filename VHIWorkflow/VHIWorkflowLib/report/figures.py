"""Figures as they are printed."""

from __future__ import annotations

from VHIWorkflowLib.statistics.estimates import Estimate

from .html import number


def figures_of(estimate: Estimate) -> str:
    """A figure with its interval.

    Examples
    --------
    >>> figures_of(Estimate(0.5, 0.25, 0.75, 9)), figures_of(Estimate(1234.0, None, None, 1))
    ('0.5 (0.25 to 0.75)', '1,234')
    """
    if estimate.low is None or estimate.high is None:
        return number(estimate.value)
    return f"{number(estimate.value)} ({number(estimate.low)} to {number(estimate.high)})"


def counted(number: int, what: str = "case") -> str:
    """How many of something.

    Examples
    --------
    >>> counted(1), counted(12, "subject")
    ('1 case', '12 subjects')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def p_value(p: float) -> str:
    """A p value; very small ones are not told apart.

    Examples
    --------
    >>> p_value(0.0421), p_value(1e-7)
    ('0.042', '< 0.001')
    """
    return "< 0.001" if p < 0.001 else f"{p:.2g}"
