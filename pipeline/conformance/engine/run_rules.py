"""Runs the rules of CDISC CORE over transport files, in the engine's own environment; the project never imports it.

    python run_rules.py REQUEST.json ANSWER.json

REQUEST: ``cache``, ``standard``, ``version``, ``terminology`` (packages of the cache), ``define`` (or null),
``datasets`` (paths) and ``rules`` (ids; empty: all of the standard). One line ``<done>/<all>`` on stdout for each rule.
ANSWER: ``failed`` (a sentence) or ``engine``, ``read`` (dataset -> records that the engine saw) and ``rules``.
It holds places only (dataset, record, subject, --SEQ, variables), no other value, and of an error only its kind.
Findings go to the answer unsorted and uncounted: what they mean is judged by the project.
"""

from __future__ import annotations

import copy
import itertools
import json
import logging
import pickle
import sys
import warnings
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGE = "cdisc-rules-engine"
SUCCESS, FOUND, BROKEN, SKIPPED = "success", "issue reported", "execution error", "skipped"
RULES, RULES_OF, STANDARDS, MODELS = "rules", "rules_dictionary", "standards_details", "standards_models"
VARIABLES, LISTS = "variables_metadata", "variable_codelist_maps"


class CannotRun(Exception):
    """The sentence is the project's own and quotes no data."""


class _Plain(pickle.Unpickler):
    """Reads dictionaries, lists, texts and numbers; a file that names any class or function is refused."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name}")


def read_plain(file: Any) -> Any:
    """What a file of the cache holds."""
    return _Plain(file).load()


def from_cache(cache: Path, name: str) -> Any:
    """One file of the cache; CannotRun if it is missing, damaged or holds more than plain values."""
    path = cache / f"{name}.pkl"
    try:
        with path.open("rb") as file:
            return read_plain(file)
    except FileNotFoundError:
        raise CannotRun(f"the rules cache lacks {path.name}") from None
    except (pickle.UnpicklingError, EOFError, ValueError, AttributeError, ImportError, IndexError):
        raise CannotRun(
            f"{path.name} of the rules cache is damaged or holds more than plain values"
        ) from None


def of_standard(cache: Path, name: str, key: str) -> Any:
    """The part of a cache file that belongs to the standard; CannotRun if there is none."""
    try:
        return from_cache(cache, name)[key]
    except (KeyError, TypeError):
        raise CannotRun(f"{name}.pkl of the rules cache does not know {key}") from None


def metadata(request: dict[str, Any]) -> Any:
    """What the engine knows of the standard and the terminology."""
    from cdisc_rules_engine.models import library_metadata_container as container
    from cdisc_rules_engine.utilities import utils

    container.load = (
        read_plain  # it opens terminology that a dataset names by itself, with the plain unpickler
    )
    cache, of = Path(request["cache"]), (request["standard"], request["version"])
    details = of_standard(cache, STANDARDS, utils.get_standard_details_cache_key(*of))
    packages = {name: from_cache(cache, name) for name in request["terminology"]}
    if request["define"]:
        from cdisc_rules_engine.services.define_xml.define_xml_reader_factory import DefineXMLReaderFactory

        reader = DefineXMLReaderFactory.from_filename(request["define"])
        packages["extensible"] = reader.get_extensible_codelist_mappings()
    return container.LibraryMetadataContainer(
        standard_metadata=details,
        model_metadata=of_standard(cache, MODELS, utils.get_model_details_cache_key_from_ig(details)),
        ct_package_metadata=packages,
        published_ct_packages={path.stem for path in sorted(cache.glob("*ct-*.pkl"))},
        cache_path=str(cache),
        variables_metadata=of_standard(
            cache, VARIABLES, utils.get_library_variables_metadata_cache_key(*of, None)
        ),
        variable_codelist_map=of_standard(cache, LISTS, utils.get_standard_codelist_cache_key(*of)),
    )


def memory() -> Any:
    """A cache that hands out copies, so that no rule sees what another one added to a dataset.

    The engine's own measures the size of all that it keeps at every step, which takes longer than the rules.
    """
    from cdisc_rules_engine.models.dataset import PandasDataset
    from cdisc_rules_engine.services.cache import InMemoryCacheService

    def apart(value: Any) -> Any:
        return PandasDataset(value.data.copy(deep=False)) if type(value) is PandasDataset else value

    class Memory(InMemoryCacheService):  # type: ignore[misc] # the engine is not installed where types are checked
        def __init__(self) -> None:
            super().__init__()
            self.cache: dict[str, Any] = {}
            self.dataset_cache: dict[str, Any] = {}

        def add(self, key: str, value: Any) -> None:
            self.cache[key] = apart(value)

        def add_dataset(self, key: str, value: Any) -> None:
            self.dataset_cache[key] = apart(value)

        def clear_all(self, prefix: str | None = None) -> None:
            for key in [key for key in self.cache if not prefix or key.startswith(prefix)]:
                self.cache.pop(key)

    return Memory()


def read_with_readstat() -> None:
    """Has the engine read transport files with pyreadstat.

    Its own reader (pandas) takes a last record for padding when records are shorter than 80 bytes and it ends blank.
    """
    import pyreadstat
    from cdisc_rules_engine.services.data_readers.xpt_reader import XPTReader

    original = XPTReader._read_sas  # noqa: SLF001 - the one place where the engine reads a file

    def read(self: Any, source: Any, **options: Any) -> Any:
        if not isinstance(source, str) or options.get("chunksize"):
            return original(self, source, **options)
        frame, _ = pyreadstat.read_xport(source, encoding="utf-8", disable_datetime_conversion=True)
        return frame

    XPTReader._read_sas = read  # noqa: SLF001


def engine(request: dict[str, Any], paths: list[str]) -> Any:
    """A fresh engine for these files: its caches name a dataset without its folder."""
    from cdisc_rules_engine.config import config
    from cdisc_rules_engine.rules_engine import RulesEngine
    from cdisc_rules_engine.services import logger
    from cdisc_rules_engine.services.data_services import DataServiceFactory

    logger.disabled = True  # it logs values
    read_with_readstat()
    kept = memory()
    common = {
        "standard": request["standard"],
        "standard_version": request["version"],
        "library_metadata": metadata(request),
        "max_dataset_size": max(Path(path).stat().st_size for path in paths),
        "encoding": "utf-8",
    }
    service = DataServiceFactory(config, kept, **common).get_data_service(paths)
    return RulesEngine(
        cache=kept,
        data_service=service,
        dataset_paths=paths,
        ct_packages=list(request["terminology"]),
        define_xml_path=request["define"],
        validate_xml=False,
        **common,
    )


def records_read(run: Any) -> dict[str, int]:
    """Dataset -> records that the engine itself sees; what it cannot decode is not there."""
    service, seen = run.data_service, {}
    for each in service.get_datasets():
        seen[each.name] = len(service.get_dataset(dataset_name=each.name))
    return seen


def outcome(rule: str, results: list[dict[str, Any]]) -> dict[str, Any]:
    """What one rule said: datasets by outcome, kinds of what went wrong and where, and the places of findings.

    An outcome that is unknown is one that broke.
    """
    kinds: Counter[tuple[str, str]] = Counter()
    outcomes: Counter[str] = Counter()
    issues, broken = [], set()
    for result in results:
        status, errors = result.get("executionStatus"), result.get("errors", [])
        status = status if status in (SUCCESS, FOUND, SKIPPED) else BROKEN
        outcomes[status] += 1
        if status == BROKEN:
            broken.add(str(result.get("dataset") or ""))
        if status in (BROKEN, SKIPPED):
            kinds.update((status, str(error.get("error"))) for error in errors)
        elif status == FOUND:
            told = [_place(error) for error in errors]
            whole = {"dataset": result.get("dataset"), "variables": result.get("variables", [])}
            issues.append({**whole, "message": result.get("message"), "places": told})
    return {
        "rule": rule,
        "datasets": outcomes,
        "reasons": [[status, kind, count] for (status, kind), count in sorted(kinds.items())],
        "broken": sorted(broken),
        "issues": issues,
    }


def _place(error: dict[str, Any]) -> dict[str, Any]:
    return {
        "dataset": error.get("dataset"),
        "record": error.get("row"),
        "subject": error.get("USUBJID"),
        "seq": error.get("SEQ"),
    }


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Every rule over every file; CannotRun with a sentence if that is impossible."""
    cache = Path(request["cache"])
    known = of_standard(cache, RULES_OF, f"{request['standard']}/{request['version']}")
    rules, only = from_cache(cache, RULES), set(request["rules"])
    chosen = sorted(rule for rule in known if not only or rule in only)
    if not chosen:
        raise CannotRun("the rules cache has none of the rules")
    if lacking := [rule for rule in chosen if rule not in rules]:
        raise CannotRun(f"{RULES}.pkl of the rules cache lacks {lacking[0]}")
    paths = sorted(request["datasets"])
    run = engine(request, paths)
    told: dict[str, Any] = {"engine": version(PACKAGE), "read": records_read(run), "rules": []}
    for done, rule in enumerate(chosen, start=1):
        # a copy: validating changes the conditions
        results = run.validate_single_rule(copy.deepcopy(rules[rule])).values()
        told["rules"].append(outcome(rule, list(itertools.chain(*results))))
        print(f"{done}/{len(chosen)}", flush=True)
    return told


def main() -> int:
    """Writes the answer; whatever goes wrong is told by its kind only."""
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    asked, answered = map(Path, sys.argv[1:])
    try:
        told = answer(json.loads(asked.read_text(encoding="utf-8")))
    except CannotRun as error:
        told = {"failed": str(error)}
    except Exception as error:  # noqa: BLE001 - the text of a foreign error may quote a value
        told = {"failed": f"the engine stopped ({type(error).__name__})"}
    answered.write_text(json.dumps(told, default=str), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
