"""Great Expectations' own pages (Data Docs) of the rules on the harmonised tables, for people who know them.

The pages are GX's: they load scripts, styles and a logo from the network, and they hold values of the study.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from milkqc.checks.spark import without_spark
from milkqc.checks.suites.export import to_gx
from milkqc.checks.suites.greatex import quietly, raised
from milkqc.model import TABLES, Rule

# Counts and up to twenty values for each expectation; findings.csv has every row.
_FORMAT = {"result_format": "SUMMARY"}
_STAMP = re.compile(r"\d{8}T\d{6}\.\d{6}Z")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Documents:
    """The pages by their path, the rules that are not in them with the reason, and those that GX could not run."""

    files: Mapping[str, bytes]
    left_out: Mapping[str, str]
    broken: Mapping[str, str]


def documents(
    tables: Mapping[str, pl.DataFrame], rules: Sequence[Rule], *, study: str, moment: dt.datetime
) -> Documents:
    """The Data Docs of `rules` on harmonised tables (by name, as Result has them), as GX itself judges them.

    `moment` (UTC) stands wherever GX writes the time, and its random ids are counted instead: the same bytes for
    the same moment. Rules that GX has no native word for are left out, as `to_gx` leaves them out.
    """
    exported = to_gx(rules)
    suites = {
        table: json.loads(exported.files[f"milkqc_{table}.json"])
        for table in TABLES
        if f"milkqc_{table}.json" in exported.files
    }
    with quietly(), tempfile.TemporaryDirectory() as name:
        site = Path(name)
        broken = _build(site, suites, tables, study, moment)
        stamp = moment.strftime("%Y%m%dT%H%M%S.%fZ")
        found = {
            path.relative_to(site).as_posix(): _settled(path, stamp)
            for path in sorted(site.rglob("*"))
            if path.is_file()
        }
    return Documents(found, exported.left_out, broken)


def _build(
    site: Path,
    suites: Mapping[str, Mapping[str, Any]],
    tables: Mapping[str, pl.DataFrame],
    study: str,
    moment: dt.datetime,
) -> dict[str, str]:
    """Write the site; the rules that GX could not run, with the reason."""
    with without_spark():
        import great_expectations as gx
        from great_expectations.core.run_identifier import RunIdentifier

    context = _context(site)
    # It becomes the name of a folder.
    run = RunIdentifier(run_name=re.sub(r"[^A-Za-z0-9_-]+", "_", study), run_time=moment)
    source = context.data_sources.add_pandas("milkqc")
    broken: dict[str, str] = {}
    for table, told in suites.items():
        suite = context.suites.add(gx.ExpectationSuite(**told))
        if len(suite.expectations) != len(told["expectations"]):
            raise RuntimeError(f"Great Expectations dropped expectations of {table}")
        batch = source.add_dataframe_asset(table).add_batch_definition_whole_dataframe("whole")
        judged = context.validation_definitions.add(
            gx.ValidationDefinition(name=table, data=batch, suite=suite)
        )
        # As pandas reads the written Parquet: the suites' limits are texts, which GX compares with dates as objects.
        frame = tables[table].to_pandas(date_as_object=True)
        for result in judged.run(
            batch_parameters={"dataframe": frame}, result_format=_FORMAT, run_id=run
        ).results:
            why = raised(result)
            if why is not None:
                broken[result.expectation_config.meta["rule_id"]] = why
    context.build_data_docs()
    return broken


def _context(site: Path) -> Any:
    """A context that keeps everything in memory but the pages, which go to `site`."""
    with without_spark():
        import great_expectations as gx
        from great_expectations.data_context.types.base import (
            DataContextConfig,
            InMemoryStoreBackendDefaults,
        )

    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    stores.data_docs_sites = {
        "milkqc": {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str(site),
            },
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        }
    }
    context = gx.get_context(
        mode="ephemeral", project_config=DataContextConfig(store_backend_defaults=stores)
    )
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context


def _settled(path: Path, stamp: str) -> bytes:
    """A file's bytes; in a page every time is the run's, and random ids are counted in their order."""
    content = path.read_bytes()
    if path.suffix != ".html":
        return content
    text = _STAMP.sub(stamp, content.decode("utf-8"))
    ids: dict[str, str] = {}
    return _UUID.sub(lambda found: ids.setdefault(found[0], f"id{len(ids)}"), text).encode()
