"""Sentences for the reader that can still be said in another language after their values are filled in.

An error or a warning is written as all texts of Slicer are, so that Slicer's own scripts show it to translators::

    _ = sentences_of(__name__)
    ...
    raise MeasurementError(_("the tolerance must lie below 0.01, not at {tolerance:g}").format(tolerance=tolerance))

What results is the English sentence, an ordinary `str` for records, tables and the command line; where a reader sees
it, `translated` says it again in the reader's language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from string import Formatter
from typing import Any

Translate = Callable[[str, str], str]
"""Translates a text, places in braces not filled in, of a context: ``slicer.i18n.translate``."""


class Sentence(str):
    """A sentence in English that knows what it was made from. It is compared, joined and written as any other text.

    Parameters
    ----------
    context
        In which translators find the template: package and name of the file, "core.masks". Empty: it has no words of
        its own.
    template
        With places in braces, as for `str.format`; all have names.
    values
        What stands in each place, by all that is between the braces ("area:g"); None where nothing was filled in.
    """

    context: str
    template: str
    values: Mapping[str, str] | None

    def __new__(cls, context: str, template: str, values: Mapping[str, str] | None = None) -> Sentence:
        sentence = super().__new__(cls, template if values is None else _filled(template, values))
        sentence.context, sentence.template, sentence.values = context, template, values
        return sentence

    def format(self, *unnamed: object, **values: object) -> Sentence:
        """Fill in the places; sentences and errors among the values stay translatable.

        Raises
        ------
        TypeError
            If a value has no name: translators move places about.
        KeyError
            If a place has no value.
        """
        if unnamed:
            raise TypeError("the values of a sentence need names")
        found = {_place(*part): _value(values[part[0]], *part[1:]) for part in _parts(self.template)}
        return Sentence(self.context, self.template, found)

    def __reduce__(self) -> tuple[Any, ...]:
        return Sentence, (self.context, self.template, self.values)


def sentences_of(module: str) -> Callable[[str], Sentence]:
    """What marks the sentences of a module as translatable; assign it to ``_``, the name Slicer's scripts look for.

    Parameters
    ----------
    module
        Its ``__name__``. Slicer calls the context after the file and the folder it is in.
    """
    context = ".".join(module.split(".")[-2:])
    return lambda template: Sentence(context, template)


def sentence_of(error: BaseException) -> str:
    """What an error says; a `Sentence` if it was raised with one."""
    said = error.args[0] if len(error.args) == 1 else None
    return said if isinstance(said, Sentence) else str(error)


def translated(said: str | BaseException, translate: Translate) -> str:
    """A sentence or error in the reader's language, with the sentences in it; any other text as it is."""
    sentence = sentence_of(said) if isinstance(said, BaseException) else said
    if not isinstance(sentence, Sentence):
        return sentence
    template = sentence.template
    if sentence.context:
        template = fitting(template, translate(sentence.context, template))
    if sentence.values is None:
        return template
    return _filled(template, {place: translated(value, translate) for place, value in sentence.values.items()})


def listed(texts: Sequence[str], between: str = ", ") -> str:
    """Texts one after the other, those that are sentences translatable."""
    values = {f"text{number}": text for number, text in enumerate(texts)}
    return Sentence("", between.join(f"{{{name}}}" for name in values), values) if values else ""


def untranslated(_context: str, text: str) -> str:
    """A text as it is: a `Translate` for where there is none."""
    return text


def fitting(text: str, translation: str) -> str:
    """A translation, or the text itself if the translation has other places in braces and could not be filled in."""
    try:
        same = {_place(*part) for part in _parts(translation)} == {_place(*part) for part in _parts(text)}
    except ValueError:  # braces that do not match
        return text
    return translation if same else text


def as_json(said: str) -> str | dict[str, Any]:
    """A text for JSON from which `from_json` has the whole sentence back."""
    if not isinstance(said, Sentence):
        return said
    values = None if said.values is None else {place: as_json(value) for place, value in said.values.items()}
    return {"context": said.context, "template": said.template, "values": values}


def from_json(document: Any) -> str:
    """Read a text of `as_json`.

    Raises
    ------
    ValueError
        If it is none.
    """
    match document:
        case str(text):
            return text
        case {"context": str(context), "template": str(template), "values": None}:
            return Sentence(context, template)
        case {"context": str(context), "template": str(template), "values": dict(values)}:
            try:
                return Sentence(context, template, {place: from_json(value) for place, value in values.items()})
            except KeyError as error:
                raise ValueError(f"there is no value for {error}") from error
    raise ValueError("this is no sentence")


def _parts(text: str) -> list[tuple[str, str, str | None]]:
    """Name, format and conversion of each place in braces."""
    return [(name, form or "", conversion) for _, name, form, conversion in Formatter().parse(text) if name is not None]


def _place(name: str, form: str, conversion: str | None) -> str:
    """What stands between the braces."""
    return name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")


def _value(value: object, form: str, conversion: str | None) -> str:
    """What a place shows."""
    if form or conversion:
        return format(Formatter().convert_field(value, conversion), form)
    said = sentence_of(value) if isinstance(value, BaseException) else value
    return said if isinstance(said, Sentence) else format(said)


def _filled(template: str, values: Mapping[str, str]) -> str:
    """A template with its values."""
    pieces = []
    for text, name, form, conversion in Formatter().parse(template):
        pieces.append(text)
        if name is not None:
            pieces.append(values[_place(name, form or "", conversion)])
    return "".join(pieces)
