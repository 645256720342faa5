from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from etl_airflow import commandline, lineage
from etl_airflow._airflow import AirflowFailException, AirflowNotFoundException

DAY = datetime(2026, 2, 5, tzinfo=timezone(timedelta(hours=3)))
TI = SimpleNamespace(dag_id="crm", task_id="calls", run_id="scheduled__2026", map_index=-1, try_number=2)


def context(**more: Any) -> Any:
    return {"ti": TI, **more}


def test_an_interval_becomes_slices() -> None:
    argv = commandline.arguments(
        "run",
        ["calls_report"],
        ["--fresh"],
        True,
        context(data_interval_start=DAY, data_interval_end=DAY + timedelta(days=1)),
    )
    assert argv == [
        *("run", "calls_report", "--since", "2026-02-04T21:00:00Z", "--until", "2026-02-05T21:00:00Z"),
        *("--run-id", "crm.calls.scheduled__2026.-1.2", "--empty-is-99", "--fresh"),
    ]


@pytest.mark.parametrize(
    ("start", "end"),
    [(None, None), (DAY, None), (DAY, DAY)],
    ids=["none", "half of one", "an empty one"],
)
def test_no_interval_becomes_no_flags(start: datetime | None, end: datetime | None) -> None:
    argv = commandline.arguments("run", [], [], True, context(data_interval_start=start, data_interval_end=end))
    assert "--since" not in argv
    assert "--until" not in argv


def test_a_plan_says_what_its_shards_read() -> None:
    flags = ["--plan", "p.json", "--shard", "3"]
    interval = context(data_interval_start=DAY, data_interval_end=DAY + timedelta(days=1))
    assert commandline.arguments("run", [], flags, True, interval) == ["run", "--empty-is-99", *flags]
    assert commandline.arguments("commit", [], flags[:2], True, interval) == ["commit", *flags[:2]]


def test_a_plan_becomes_the_flags_of_its_shards() -> None:
    plan = {"plan": "s3://lake/plans/7f.json", "shards": 2}
    assert commandline.shards(plan) == [
        ["--plan", "s3://lake/plans/7f.json", "--shard", "0"],
        ["--plan", "s3://lake/plans/7f.json", "--shard", "1"],
    ]
    assert commandline.shards({**plan, "shards": 0}) == []
    with pytest.raises(AirflowFailException, match="told nothing of its plan"):
        commandline.shards({})


def test_the_environment_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "secret")
    monkeypatch.setenv("LAKE_REGION", "eu-1")
    monkeypatch.setenv("AIRFLOW_CONN_CALLS", "http://user:word@calls.example:8080/v2")
    monkeypatch.setenv("AIRFLOW_VAR_LAKE", "s3://lake")
    env = commandline.environment(
        {"CALLS_EVERY": "day"},
        {"CALLS_URL": "conn:calls.url", "CALLS_PASSWORD": "conn:calls.password", "ETL_DESTINATION": "var:lake"},
        ["LAKE_*"],
    )
    assert "AIRFLOW__CORE__FERNET_KEY" not in env
    assert {name: env[name] for name in env if name not in commandline.INHERITED} == {
        "LAKE_REGION": "eu-1",
        "CALLS_EVERY": "day",
        "CALLS_URL": "https://calls.example:8080/v2",
        "CALLS_PASSWORD": "word",
        "ETL_DESTINATION": "s3://lake",
    }


@pytest.mark.parametrize("reference", ["calls", "conn:calls", "conn:calls.colour", "var:", "conn:calls.port"])
def test_references_that_mean_nothing(reference: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_CALLS", "http://user:word@calls.example")
    with pytest.raises(AirflowFailException, match=r"is no reference|have no|has no"):
        commandline.resolve(reference)


def test_a_connection_that_does_not_exist_is_not_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise AirflowNotFoundException(f"The conn_id `{name}` isn't defined")

    monkeypatch.setattr(commandline.BaseHook, "get_connection", missing)
    with pytest.raises(AirflowFailException, match="there is no connection calls"):
        commandline.resolve("conn:calls.password")


def test_a_variable_that_does_not_exist_is_not_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commandline, "variable", lambda _: None)
    with pytest.raises(AirflowFailException, match="there is no variable lake"):
        commandline.resolve("var:lake")


def test_data_sets_have_addresses() -> None:
    pipeline = {"dataset": "s3://lake/crm/data/deals", "written": 7, "columns": [{"name": "id", "type": "int64"}]}
    out = lineage.output(pipeline)
    assert (out.namespace, out.name) == ("s3://lake", "crm/data/deals")
    assert lineage.uri("/srv/lake/data/deals") == "file:///srv/lake/data/deals"


def test_nothing_is_reported_without_a_commit() -> None:
    summary = {"pipelines": [{"name": "deals", "status": "ok", "slices": 0, "commit": 4, "written": 0}]}
    assert list(lineage.committed(summary)) == []
