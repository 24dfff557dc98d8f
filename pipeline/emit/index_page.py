"""The shelf of releases as a page: which there are, where they come from, and their documents to open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATE = "index.html.j2"
_DOCUMENTS = {
    "define.html": "define",
    "define.xml": "define.xml",
    "acrf.pdf": "aCRF",
    "csdrg.pdf": "cSDRG",
}
_SHORT = 10  # of a commit


@dataclass(frozen=True)
class _Row:
    name: str
    study: str
    cut: str
    mode: str
    number: int
    mark: str
    build: str
    delivery: str
    commit: str
    datasets: int
    records: int
    bytes: int
    conformance: tuple[str, ...]
    documents: tuple[tuple[str, str], ...]


def index_page(manifests: Iterable[Mapping[str, Any]]) -> str:
    """One self-contained page, the newest release first; ``manifests`` are in the order of the shelf."""
    rows = [_row(manifest) for manifest in manifests]
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page: str = environment.get_template(_TEMPLATE).render(rows=list(reversed(rows)))
    return page


def _row(manifest: Mapping[str, Any]) -> _Row:
    of, files, code = manifest["release"], manifest["files"], manifest["code"]
    transport = [file for file in files if "rows" in file and "/split/" not in file["name"]]
    return _Row(
        name=of["name"],
        study=of["study"],
        cut=of["cut"],
        mode=of["mode"],
        number=of["number"],
        mark=manifest.get("marking", ""),
        build=manifest["build"]["id"],
        delivery=manifest["build"]["delivery"],
        commit=_commit(code),
        datasets=len(transport),
        records=sum(file["rows"] for file in transport),
        bytes=sum(file["bytes"] for file in files),
        conformance=tuple(_conformance(manifest.get("conformance", {}))),
        documents=tuple(_documents(of["name"], files)),
    )


def _conformance(found: Mapping[str, Any]) -> Iterator[str]:
    """What was found, a line each; nothing if nobody looked."""
    if not found:
        return
    engine = f"CDISC CORE {found['engine']}" if found["engine"] else "CDISC CORE not asked"
    waived = f": {found['waived']}" if "waived" in found else ""
    yield f"{engine}{waived}"
    explained, unexplained = found["explained"], found["unexplained"]
    if explained or unexplained:
        yield f"{explained} findings explained, {unexplained} unexplained"
    own = ", ".join(
        f"{count} {outcome}" for outcome, count in sorted(found["own_checks"].items(), reverse=True)
    )
    yield f"own checks: {own}"


def _commit(code: Mapping[str, Any]) -> str:
    if not code["commit"]:
        return "not in git"
    return f"{code['commit'][:_SHORT]}{', with changes' if code['dirty'] else ''}"


def _documents(folder: str, files: list[dict[str, Any]]) -> list[tuple[str, str]]:
    by_base = {file["name"].rpartition("/")[2]: file["name"] for file in files}
    found = [(text, f"{folder}/{by_base[base]}") for base, text in _DOCUMENTS.items() if base in by_base]
    return [*found, ("manifest", f"{folder}/manifest.json")]
