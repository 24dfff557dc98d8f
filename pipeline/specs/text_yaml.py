"""YAML in which every scalar is the text that was written, and a repeated key is an error.

``yaml.safe_load`` turns ``NO`` into False, ``01`` into 1 and keeps the last of two equal keys without a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import SpecError


class _TextLoader(yaml.SafeLoader):
    """Resolves no scalar: ``NO``, ``01``, ``1.50`` and ``2027-01-01`` stay text; an empty value is None."""


_TextLoader.yaml_implicit_resolvers = {}


def _mapping(loader: _TextLoader, node: yaml.MappingNode) -> dict[str, Any]:
    loader.flatten_mapping(node)
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in found:
            mark = key_node.start_mark
            raise SpecError(f"{mark.name}:{mark.line + 1}", f"key {key!r} repeats", "keep one of the two")
        found[key] = loader.construct_object(value_node, deep=True)
    return found


def _scalar(loader: _TextLoader, node: yaml.ScalarNode) -> str | None:
    text = loader.construct_scalar(node)
    return None if text == "" and node.style is None else str(text)


_TextLoader.add_constructor("tag:yaml.org,2002:map", _mapping)
_TextLoader.add_constructor("tag:yaml.org,2002:str", _scalar)


def read_yaml(path: Path) -> Any:
    """The content of ``path`` as dicts, lists, text and None.

    Raises SpecError with file and line for unreadable YAML and repeated keys.
    """
    try:
        with path.open(encoding="utf-8") as file:
            return yaml.load(file, Loader=_TextLoader)  # noqa: S506 - a SafeLoader with fewer powers
    except FileNotFoundError as error:
        raise SpecError(str(path), "file is missing") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise SpecError(f"{path}:{line}", error.problem or "not YAML", "mend the YAML") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpecError(str(path), "is not YAML in UTF-8", "mend the YAML") from error


def line_of(path: Path, keys: Sequence[str]) -> int:
    """The line (from 1) on which the entry under ``keys`` begins; a number counts items of a list. 0 if there is none.

    ``path`` is a file that ``read_yaml`` has read without error.
    """
    node = _composed(path.read_text(encoding="utf-8"))
    line = 0
    for key in keys:
        found = _entry(node, key)
        if found is None:
            return 0
        line, node = found
    return line


@lru_cache(maxsize=64)
def _composed(text: str) -> yaml.Node | None:
    node: yaml.Node | None = yaml.compose(text, Loader=_TextLoader)
    return node


def _entry(node: yaml.Node | None, key: str) -> tuple[int, yaml.Node] | None:
    """Line and content of one entry of a mapping or list."""
    if isinstance(node, yaml.MappingNode):
        named = {name.value: (name, content) for name, content in node.value}
        return (named[key][0].start_mark.line + 1, named[key][1]) if key in named else None
    if isinstance(node, yaml.SequenceNode) and key.isdigit() and int(key) < len(node.value):
        item = node.value[int(key)]
        return item.start_mark.line + 1, item
    return None
