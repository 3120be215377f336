"""Node of a study file, with checks whose messages name the position in the file."""

import shlex
from collections.abc import Sequence
from typing import Any

from dropout_lab.config import current_words
from dropout_lab.errors import ConfigError, did_you_mean, list_allowed
from dropout_lab.studies.study import Words


class YamlNode:
    """Node of a YAML file with its path, which the error messages contain."""

    def __init__(self, value: Any, place: str):
        self.value, self.place = value, place

    def error(self, problem: str) -> ConfigError:
        return ConfigError(f"{self.place}: {problem}")

    def within(self, key: str, default: Any = None) -> "YamlNode":
        return YamlNode(self.value.get(key, default), f"{self.place}: {key}")

    def mapping(self, allowed: Sequence[str] | None = None, needed: Sequence[str] = ()) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            raise self.error("must be a mapping")
        for key in self.value:
            if allowed is not None and key not in allowed:
                raise self.error(
                    f"no key {key!r}; " + did_you_mean(str(key), allowed, "must be one of " + ", ".join(allowed))
                )
        for key in needed:
            if self.value.get(key) in (None, "", {}, []):
                raise self.error(f"requires {key}")
        return {str(key): value for key, value in self.value.items()}

    def items(self) -> list[tuple[str, "YamlNode"]]:
        return [(key, YamlNode(value, f"{self.place}: {key}")) for key, value in self.mapping().items()]

    def text(self) -> str:
        if not isinstance(self.value, str | int | float) or isinstance(self.value, bool) or self.value == "":
            raise self.error("must be a string or a number")
        return " ".join(str(self.value).split())

    def texts(self) -> tuple[str, ...]:
        if not isinstance(self.value, list):
            raise self.error("must be a list")
        return tuple(YamlNode(value, self.place).text() for value in self.value)

    def of(self, allowed: Sequence[str]) -> str:
        if self.value not in allowed:
            raise self.error(f"{self.value!r}: {list_allowed(self.value, allowed)}")
        return str(self.value)

    def words(self) -> Words:
        words: dict[str, str] = {}
        for word in self._current(shlex.split("" if self.value in (None, "", {}) else self.text())):
            key, equals, _ = word.partition("=")
            if not equals or not key:
                raise self.error(f"{word!r}: a setting is written NAME=VALUE")
            if (key in ("seeds", "out", "tune", "budget") and ": scales:" not in self.place) or key == "out":
                raise self.error(
                    f"{key} cannot be set here; set it {'on the command line' if key == 'out' else 'in a scale'}"
                )
            if key in words:
                raise self.error(f"{key} is given twice")
            words[key] = word
        return words

    def items_of_list(self) -> list["YamlNode"]:
        """Return the entries of a list, counted from 1 in error messages."""
        if not isinstance(self.value, list):
            raise self.error("must be a list")
        return [YamlNode(value, f"{self.place} {i}") for i, value in enumerate(self.value, 1)]

    def _current(self, words: Sequence[str]) -> list[str]:
        try:
            return current_words(words)
        except ConfigError as error:
            raise self.error(str(error)) from None
