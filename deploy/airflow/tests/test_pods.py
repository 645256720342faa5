from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from kubernetes.client import models as k8s

from etl_airflow._airflow import AirflowException, AirflowFailException, AirflowSkipException
from etl_airflow.pods import EtlPodOperator, exit_code


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
    assert not EtlPodOperator(task_id="load", image="etl", command="load duckdb").do_xcom_push
