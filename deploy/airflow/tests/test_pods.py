from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import DAG
from airflow.sdk.exceptions import TaskDeferred
from kubernetes.client import models as k8s

from etl_airflow import EtlTaskGroup
from etl_airflow._airflow import AirflowException, AirflowFailException, AirflowSkipException
from etl_airflow.pods import EtlPodOperator, EtlPodTaskGroup, exit_code


def pod(code: int | None, container: str = "base") -> k8s.V1Pod:
    """Return a pod whose container ended with a code, or runs."""
    ended = None if code is None else k8s.V1ContainerStateTerminated(exit_code=code)
    status = k8s.V1ContainerStatus(
        name=container,
        image="etl",
        image_id="",
        ready=False,
        restart_count=0,
        state=k8s.V1ContainerState(terminated=ended),
    )
    return k8s.V1Pod(status=k8s.V1PodStatus(container_statuses=[status]))


@pytest.mark.parametrize(
    ("of", "want"),
    [(pod(5), 5), (pod(0), 0), (pod(None), None), (pod(5, "sidecar"), None), (k8s.V1Pod(), None), (None, None)],
)
def test_exit_code(of: k8s.V1Pod | None, want: int | None) -> None:
    assert exit_code(of, "base") == want


@pytest.mark.parametrize(
    ("code", "want"), [(5, AirflowFailException), (3, AirflowException), (99, AirflowSkipException), (0, None)]
)
def test_the_code_decides_and_not_the_pod(code: int, want: type[Exception] | None, monkeypatch: Any) -> None:
    def fails(*_: object) -> None:
        if code:
            raise AirflowException("Pod returned a failure.")

    monkeypatch.setattr(KubernetesPodOperator, "cleanup", fails)
    task = EtlPodOperator(task_id="calls", image="etl", pipelines=["calls_report"])
    context: Any = {"ti": SimpleNamespace(try_number=1)}
    if want is None:
        task.cleanup(pod(code), pod(code), {}, context)
        return
    with pytest.raises(want) as raised:
        task.cleanup(pod(code), pod(code), {}, context)
    assert raised.type is want


def test_a_pod_is_asked_for_its_summary_only_where_there_is_one() -> None:
    assert EtlPodOperator(task_id="run", image="etl").do_xcom_push
    assert EtlPodOperator(task_id="plan", image="etl", command="plan").do_xcom_push
    assert not EtlPodOperator(task_id="load", image="etl", command="load duckdb").do_xcom_push


def test_a_pod_waits_as_its_source_asks_and_counts_what_it_has_waited(monkeypatch: Any) -> None:
    monkeypatch.setattr(KubernetesPodOperator, "cleanup", lambda *_: None)
    task = EtlPodOperator(task_id="calls", image="etl", longest_wait=timedelta(seconds=100))
    task.waited = 30.0
    context: Any = {"ti": SimpleNamespace(try_number=1)}
    with pytest.raises(TaskDeferred) as raised:
        task.cleanup(pod(3), pod(3), {"retry_after": 60}, context)
    assert (raised.value.method_name, raised.value.kwargs) == ("execute", {"waited": 90.0})
    with pytest.raises(AirflowException):  # 120 are too many
        task.cleanup(pod(3), pod(3), {"retry_after": 90}, context)


def test_what_was_waited_is_kept_while_the_triggerer_waits_for_the_pod() -> None:
    task = EtlPodOperator(task_id="calls", image="etl")
    task.waited = 30.0
    with pytest.raises(TaskDeferred) as raised:
        task.defer(trigger=DateTimeTrigger(datetime.now(timezone.utc)), method_name="trigger_reentry")
    assert raised.value.kwargs == {"waited": 30.0}


def test_a_group_of_pods() -> None:
    with DAG("crm", start_date=datetime(2025, 1, 1), schedule=None) as dag:
        EtlPodTaskGroup(group_id="lists", shards=4, plans="s3://lake/plans", image="etl:1", load=["duckdb", "--print"])
    assert [type(t).__name__ for t in dag.topological_sort()] == [
        *("EtlPlanPodOperator", "MappedOperator", "EtlPodOperator", "EtlPodOperator"),
    ]
    plan = dag.get_task("lists.plan")
    assert plan.flags == ["--shards", "4", "--plan-out", "s3://lake/plans/"]
    assert plan.result({"plan": "s3://lake/plans/7f.json", "shards": 1}) == [
        ["--plan", "s3://lake/plans/7f.json", "--shard", "0"]
    ]


@pytest.mark.parametrize("shards", [0, 1025])
def test_a_group_has_no_more_shards_than_airflow_maps_over(shards: int) -> None:
    with (
        DAG("crm", start_date=datetime(2025, 1, 1), schedule=None),
        pytest.raises(ValueError, match=rf"shards is {shards}, and Airflow maps over 1 to 1024 tasks"),
    ):
        EtlTaskGroup(group_id="lists", shards=shards, plans="plans")
