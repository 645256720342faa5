"""Commits as asset events and as OpenLineage datasets, from the summary."""

from __future__ import annotations

from typing import Any, Iterator, Mapping

from etl_airflow._airflow import Asset


def committed(summary: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the pipelines that this run has committed."""
    for p in summary.get("pipelines") or []:
        if p.get("status") == "ok" and p.get("slices"):
            yield p


def uri(pipeline: Mapping[str, Any]) -> str:
    """Return the address of a data set: an absolute folder as file://, a bucket as it is."""
    dataset = str(pipeline.get("dataset") or pipeline["name"])
    if "://" in dataset:
        return dataset
    return f"file://{dataset}" if dataset.startswith("/") else f"etl://{dataset}"


def emit(summary: Mapping[str, Any], events: Any) -> None:
    """Add an event for each data set that was committed, with its rows and the
    number of the commit, to the events of an alias."""
    for p in committed(summary):
        events.add(Asset(uri(p)), extra={"rows": p["written"], "commit": p["commit"], "run": summary["run"]})


def outputs(summary: Mapping[str, Any]) -> list[Any]:
    """Return the committed data sets for Airflow's OpenLineage provider."""
    from openlineage.client.event_v2 import OutputDataset
    from openlineage.client.generated.output_statistics_output_dataset import OutputStatisticsOutputDatasetFacet
    from openlineage.client.generated.schema_dataset import SchemaDatasetFacet, SchemaDatasetFacetFields

    datasets = []
    for p in committed(summary):
        scheme, _, path = uri(p).partition("://")
        bucket, _, key = path.partition("/")
        namespace, name = (scheme, path) if scheme in ("file", "etl") else (f"{scheme}://{bucket}", key)
        fields = [SchemaDatasetFacetFields(name=c["name"], type=c["type"]) for c in p.get("columns") or []]
        datasets.append(
            OutputDataset(
                namespace=namespace,
                name=name,
                facets={"schema": SchemaDatasetFacet(fields=fields)} if fields else {},
                outputFacets={"outputStatistics": OutputStatisticsOutputDatasetFacet(rowCount=p["written"])},
            )
        )
    return datasets
