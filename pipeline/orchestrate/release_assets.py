"""The published build, and the files that leave the house: one asset per output of the package."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import dagster as dg

from pipeline.errors import BuildFailed
from pipeline.flow.context import BLINDED, Context, StudyParts
from pipeline.flow.queries import queries_of
from pipeline.flow.run import publish_build
from pipeline.flow.steps import Step
from pipeline.flow.summary import summary
from pipeline.orchestrate.checks import told
from pipeline.orchestrate.failures import loud
from pipeline.orchestrate.naming import DELIVERIES, PUBLISHED, RELEASE, key_of, output_key
from pipeline.orchestrate.resources import Builds, Materialized
from pipeline.queries.state import STATUSES
from pipeline.warehouse.builds import Build, published, verify
from pipeline.warehouse.places import LAYERS

MANIFEST = "manifest.json"
_ABOUT = {
    "define.xml": "Define-XML: what every dataset and variable of the package is",
    "define.html": "The same to read in a browser",
    "acrf.pdf": "The annotated CRF: every field of every form with what it becomes",
    "csdrg.pdf": "The reviewer's guide: what a reviewer must know of the data, with the real counts",
    MANIFEST: "Every file of the release with its sha256, and where the records come from",
}
_KINDS = {".xpt": "sas", ".xml": "xml", ".html": "html", ".json": "json", ".pdf": "pdf"}
_OPTIONAL = (
    ".xpt",
    ".pdf",
)  # a dataset without records has no file, a study without printed forms no annotated CRF
Facts: TypeAlias = Mapping[str, int | str | None]
_CHECK = "files_are_as_published"
_CONFORMS = "conforms"
CORE_CACHE = "SDTM_CORE_CACHE"
TABULATIONS = "tabulations/sdtm/"  # what is filed; a dataset has the same name elsewhere in the release too


def published_asset(steps: Sequence[Step], code: str) -> dg.AssetsDefinition:
    """Makes the finished build of a delivery the one that every reader sees."""
    needed = {name for step in steps for name in step.needs}
    last = [step for step in steps if step.name not in needed]
    spec = dg.AssetSpec(
        PUBLISHED,
        deps=[key_of(step.name) for step in last],
        description="The published build: what the warehouse shows and the release holds until the next.",
        group_name=RELEASE,
        kinds={"duckdb"},
        code_version=code,
    )
    check = dg.AssetCheckSpec(
        _CHECK, asset=PUBLISHED, description="Passes when every file has the bytes that the manifest names."
    )

    @dg.multi_asset(name="published", specs=[spec], check_specs=[check], partitions_def=DELIVERIES)
    def publish(context: dg.AssetExecutionContext, builds: Builds) -> Iterator[Materialized]:
        with loud(), builds.publishing():
            build_context = builds.context(context.partition_key)
            _refuse_unfinished(build_context, last)
            build = publish_build(build_context)
            yield _published(build)

    return publish


def _refuse_unfinished(context: Context, last: Sequence[Step]) -> None:
    """The last steps have read every table of the build: without theirs, it is not whole."""
    for step in last:
        layer, _, table = step.name.partition(".")
        if layer in LAYERS and not context.store.exists(layer, table.lower()):
            raise BuildFailed(
                step.name,
                f"build {context.store.build} has not run it",
                "materialize all assets of the delivery",
            )


def _published(build: Build) -> Materialized:
    facts, damaged = summary(build), verify(build)
    return dg.MaterializeResult(
        metadata={
            "build": build.build,
            "data cut": facts["data_cut"],
            "queries": told(_by_status(build)),
            "findings": told({level: count for level, count in facts["findings"].items() if count}),
            **{f"records {name}": count for name, count in facts["datasets"].items()},
            "query with DuckDB": dg.MetadataValue.path(facts["catalog"]),
        },
        check_results=[
            dg.AssetCheckResult(
                passed=not damaged,
                check_name=_CHECK,
                description=f"{len(build.files)} files, {len(damaged)} changed",
            )
        ],
        data_version=dg.DataVersion(build.manifest_sha256),
    )


def _by_status(build: Build) -> dict[str, int]:
    """How many queries of each status, zeros left out; ``./sdtm queries`` writes the list."""
    counted = dict(queries_of(build).group_by("status").len().iter_rows())
    return {name: counted[name] for name in STATUSES if name in counted}


def release_assets(parts: StudyParts, code: str) -> dg.AssetsDefinition:
    """Every output of the package, written together or not at all; a dataset without records has no file."""
    datasets = {transport_file(name): spec for name, spec in parts.spec.datasets.items()}
    about = {file: f"{spec.label}, as SAS V5 transport" for file, spec in datasets.items()} | _ABOUT
    specs = [
        dg.AssetSpec(
            output_key(file),
            deps=[PUBLISHED, *([key_of(f"sdtm.{datasets[file].dataset}")] if file in datasets else [])],
            description=text,
            group_name=RELEASE,
            kinds={_KINDS[Path(file).suffix]},
            code_version=code,
            skippable=Path(file).suffix in _OPTIONAL,
        )
        for file, text in about.items()
    ]

    check = dg.AssetCheckSpec(
        _CONFORMS,
        asset=output_key(MANIFEST),
        description="Passes when nothing is left unexplained: the project's own checks, and CDISC CORE if it is asked.",
    )

    @dg.multi_asset(name="release", specs=specs, check_specs=[check], partitions_def=DELIVERIES)
    def release(
        context: dg.AssetExecutionContext, builds: Builds
    ) -> Iterator[Materialized | dg.AssetCheckResult]:
        with loud():
            yield from _released(builds, context.partition_key, set(about))

    return release


def transport_file(dataset: str) -> str:
    """The name of a dataset's transport file."""
    return f"{dataset.lower()}.xpt"


def _released(
    builds: Builds, delivery: str, outputs: set[str]
) -> Iterator[Materialized | dg.AssetCheckResult]:
    """Makes the next release of the delivery on the study's shelf: a released file is never written over."""
    from pipeline.flow.conform import Judge  # they load XML and SAS libraries that no other step needs
    from pipeline.flow.release import release_build

    settings = builds.settings
    build = published(settings.warehouse, settings.study, BLINDED)
    if build is None or build.delivery != delivery:
        raise BuildFailed(
            delivery, "is not the published delivery", "materialize its asset 'published' first"
        )
    made = release_build(settings, judge=Judge(core_cache()))
    for file in made.files:
        if file.base in outputs and TABULATIONS in file.name:
            facts: Facts = {"variables": file.variables, "dagster/row_count": file.rows, "bytes": file.bytes}
            yield _output(made.folder / file.name, file.sha256, build, facts)
    absent = ", ".join(made.without_records) or "none"
    whole: Facts = {"release": made.folder.name, "files": len(made.files), "datasets without records": absent}
    yield _output(made.folder / MANIFEST, made.manifest_sha256, build, whole)
    yield _conforming(made.verdict.summary)


def core_cache() -> Path | None:
    """The rules cache of CDISC CORE that the environment names; None if the engine is not to be asked."""
    named = os.environ.get(CORE_CACHE)
    return Path(named) if named else None


def _conforming(found: Mapping[str, Any]) -> dg.AssetCheckResult:
    """Counts only; the findings are in ``qc.conformance``."""
    told = {
        "CDISC CORE": found["engine"] or f"not asked ({CORE_CACHE} names no rules)",
        **{f"findings {name}": found[name] for name in ("explained", "unexplained")},
        **{f"own checks {name}": count for name, count in found["own_checks"].items()},
        "every record": "table qc.conformance",
    }
    return dg.AssetCheckResult(
        passed=not found["unexplained"],
        asset_key=output_key(MANIFEST),
        check_name=_CONFORMS,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata=told,
    )


def _output(path: Path, sha256: str, build: Build, facts: Facts) -> Materialized:
    told = {name: value for name, value in facts.items() if value is not None}
    return dg.MaterializeResult(
        asset_key=output_key(path.name),
        metadata={**told, "sha256": sha256, "path": dg.MetadataValue.path(path), "build": build.build},
        data_version=dg.DataVersion(sha256),
    )
