"""Commits as asset events and as OpenLineage datasets, from the summary of etl."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from etl_airflow._airflow import Asset, AssetAlias, Context

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage
    from openlineage.client.event_v2 import OutputDataset


class Reports:
    """What operators do with the summary of a command that commits."""

    outlets: list[Any]
    summary: Mapping[str, Any] = {}

    def report(self, context: Context, summary: Mapping[str, Any]) -> None:
        """Add an event for each data set that was committed to every alias among
        the task's outlets, and keep the summary for OpenLineage."""
        self.summary = summary
        for outlet in self.outlets:
            if isinstance(outlet, AssetAlias):
                for p in committed(summary):
                    extra = {"rows": p["written"], "commit": p["commit"], "run": summary["run"]}
                    context["outlet_events"][outlet].add(Asset(uri(p["dataset"])), extra=extra)

    def get_openlineage_facets_on_complete(self, task_instance: object) -> OperatorLineage[OutputDataset, Any]:
        """Tell Airflow's OpenLineage provider, which calls this, what was written."""
        from airflow.providers.openlineage.extractors import OperatorLineage

        return OperatorLineage(outputs=[output(p) for p in committed(self.summary)])


def committed(summary: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the pipelines that this run has committed."""
    pipelines: Iterable[Mapping[str, Any]] = summary.get("pipelines") or []
    for p in pipelines:
        if p.get("slices") and p.get("dataset"):
            yield p


def without_columns(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return a summary as XCom keeps it: the columns would be most of it."""
    pipelines = [{k: v for k, v in p.items() if k != "columns"} for p in summary.get("pipelines") or []]
    return {**summary, "pipelines": pipelines}


def uri(dataset: str) -> str:
    """Return the URI of a data set: a bucket's address as it is, a folder as file:."""
    return dataset if "://" in dataset else "file://" + dataset


def output(pipeline: Mapping[str, Any]) -> OutputDataset:
    """Return a data set that was committed as OpenLineage names and describes it."""
    from openlineage.client.event_v2 import OutputDataset
    from openlineage.client.generated.output_statistics_output_dataset import OutputStatisticsOutputDatasetFacet
    from openlineage.client.generated.schema_dataset import SchemaDatasetFacet, SchemaDatasetFacetFields

    scheme, _, path = uri(pipeline["dataset"]).partition("://")
    bucket, _, key = path.partition("/")
    columns = [SchemaDatasetFacetFields(name=c["name"], type=c["type"]) for c in pipeline["columns"]]
    return OutputDataset(
        namespace="file" if scheme == "file" else f"{scheme}://{bucket}",
        name=path if scheme == "file" else key,
        facets={"schema": SchemaDatasetFacet(fields=columns)},
        outputFacets={"outputStatistics": OutputStatisticsOutputDatasetFacet(rowCount=pipeline["written"])},
    )
