"""Data Docs that read without a network and have the same bytes every time.

great-expectations fills the pages; its own templates fetch styles and scripts from the internet, draw tables by
script, and stamp clock and time zone. The templates beside this module take their place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, cast

from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext
from great_expectations.render.components import (
    RenderedDocumentContent,
    RenderedHeaderContent,
    RenderedSectionContent,
    RenderedStringTemplateContent,
    RenderedTableContent,
)
from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
from great_expectations.render.renderer.renderer import Renderer
from great_expectations.render.renderer.site_builder import SiteBuilder
from great_expectations.render.view.view import DefaultJinjaPageView
from jinja2 import ChoiceLoader, FileSystemLoader

from pipeline.contracts.deliveries.report import tell_in_one_column
from pipeline.contracts.deliveries.rules import TITLES, Breach, Rule
from pipeline.errors import BuildFailed

INDEX = "index.html"
_TEMPLATES = Path(__file__).parent / "templates"
_STAMPED = ("batch_markers", "batch_parameters", "batch_request")  # clock and memory: nothing to read
_NONE_BROKEN = "Every expectation is met."


class PlainView(DefaultJinjaPageView):
    """A page from our templates where we have one, else from the library's."""

    def __init__(self) -> None:
        super().__init__()
        library = self.env.loader
        assert library is not None
        self.env.loader = ChoiceLoader([FileSystemLoader(_TEMPLATES), library])
        numbers = count(1)  # in place of random identifiers
        self.env.filters["generate_html_element_uuid"] = lambda prefix: f"{prefix}{next(numbers)}"


class VerdictPage(ValidationResultsPageRenderer):
    """The verdicts on one table."""

    def render(
        self, validation_results: ExpectationSuiteValidationResult, suite_parameters: Any = None
    ) -> RenderedDocumentContent:
        """The library's page without what depends on the moment of the run."""
        meta = cast("dict[str, Any]", validation_results.meta)
        for name in _STAMPED:
            meta.pop(name, None)
        for verdict in validation_results.results:
            tell_in_one_column(verdict.result)
        table = f"ops.{validation_results.suite_name}"
        meta["batch_spec"] = {"data_asset_name": table}
        page: RenderedDocumentContent = super().render(validation_results, suite_parameters)
        page.page_title = table
        return page


class FrontPage(Renderer):
    """What is broken and where, first; then every table with its verdict."""

    def __init__(self, title: str = "", broken: Sequence[Sequence[str]] = ()) -> None:
        super().__init__()
        self.title, self.broken = title, broken

    def render(self, index_links_dict: Mapping[str, Any]) -> RenderedDocumentContent:
        """The index of the pages that were written."""
        verdicts = [
            [
                _verdict(met=link["validation_success"]),
                TITLES[link["expectation_suite_name"]],
                _link(link["expectation_suite_name"], link["filepath"]),
            ]
            for link in sorted(
                index_links_dict["validations_links"], key=lambda link: link["expectation_suite_name"]
            )
        ]
        head = ["Source or site", "What was expected", "What was found", "What to do", "Rule"]
        blocks = [
            RenderedHeaderContent(
                header=self.title, subheader=_told(self.broken), styling={"classes": ["title"]}
            ),
            *([_table("Not met", head, self.broken)] if self.broken else []),
            _table("All tables that were looked at", ["Verdict", "What it tells", "Table"], verdicts),
        ]
        section = RenderedSectionContent(section_name="Overview", content_blocks=blocks)
        return RenderedDocumentContent(
            renderer_type="SiteIndexPageRenderer", sections=[section], page_title=None, utm_medium=None
        )


def _told(broken: Sequence[Sequence[str]]) -> str:
    return f"{len(broken)} places where an expectation is not met." if broken else _NONE_BROKEN


def _verdict(*, met: bool) -> RenderedStringTemplateContent:
    icon = "fa-check-circle text-success" if met else "fa-times text-danger"
    return RenderedStringTemplateContent(
        string_template={"template": "", "tag": "i", "styling": {"classes": icon.split()}}
    )


def _link(table: str, target: str) -> RenderedStringTemplateContent:
    styling = {"attributes": {"href": target}}
    return RenderedStringTemplateContent(
        string_template={"template": f"ops.{table}", "tag": "a", "styling": styling}
    )


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> RenderedTableContent:
    return RenderedTableContent(
        header=title,
        header_row=list(head),
        table=[list(row) for row in rows],
        styling={"body": {"classes": ["table"]}},
    )


def _place(rule: Rule, breach: Breach) -> list[str]:
    found = f"{_words(rule.value)}: {breach.value}; {rule.sense} {breach.limit} expected"
    return [breach.key, rule.told, found, rule.action, rule.rule_id(breach.key)]


def _words(column: str) -> str:
    return column.replace("_", " ")


def write_pages(
    context: AbstractDataContext,
    title: str,
    rules: Sequence[Rule],
    broken: Mapping[str, Sequence[Breach]],
    folder: Path,
) -> None:
    """The site of the context's suites and results in ``folder``, opened by ``index.html``.

    Errors: BuildFailed if the library left a page out.
    """
    here = {"module_name": __name__}
    view = {**here, "class_name": PlainView.__name__}
    places = [_place(rule, breach) for rule in rules for breach in broken[rule.name]]
    front = {**here, "class_name": FrontPage.__name__, "title": title, "broken": places}
    site = SiteBuilder(
        context,
        {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
        site_name=title,
        show_how_to_buttons=False,
        site_index_builder={"class_name": "DefaultSiteIndexBuilder", "renderer": front, "view": view},
        site_section_builders={
            "expectations": {"class_name": "DefaultSiteSectionBuilder", "view": view},
            "validations": {
                "class_name": "DefaultSiteSectionBuilder",
                "renderer": {**here, "class_name": VerdictPage.__name__},
                "view": view,
            },
            "profiling": "None",
        },
    )
    for section in site.site_section_builders.values():
        section.build()
    site.site_index_builder.build()  # without the library's images and fonts, four megabytes that no page of ours shows
    _check(folder, len(list(context.suites.all())))


def _check(folder: Path, suites: int) -> None:
    """The library logs a page that it cannot make, and goes on."""
    written = [path for path in folder.rglob("*.html") if path.stat().st_size]
    if len(written) != 2 * suites + 1 or not (folder / INDEX).is_file():
        raise BuildFailed("delivery expectations", "a page is missing", "report this as a bug")
