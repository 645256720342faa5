"""Commands of etl as pods of Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator

from etl_airflow import commandline, exits
from etl_airflow._airflow import Context
from etl_airflow.groups import EtlTaskGroup
from etl_airflow.lineage import Reports, without_columns
from etl_airflow.waiting import LONGEST_WAIT, Waits

if TYPE_CHECKING:
    from kubernetes.client import models as k8s


class EtlPodOperator(Reports, Waits, KubernetesPodOperator):
    """Run one command of etl in a pod of Kubernetes, with the same meaning of
    intervals, exit codes, waits and commits as EtlOperator. Secrets come from
    secrets of Kubernetes (env_from, secrets), not from Airflow.

    :param pipelines: names or globs; none: everything
    :param command: run, plan, commit, load duckdb or load bigquery
    :param flags: more flags
    :param file: pipelines.yaml in the pod; none: that of ETL_FILE, or of its folder
    :param interval: read the slices of the data interval, unless it is empty
    :param longest_wait: how long the task may wait, without a pod, for a source that
        said when to come back; beyond it, it fails and Airflow retries

    All other arguments are those of KubernetesPodOperator. The summary comes by the
    sidecar of XCom: etl itself writes /airflow/xcom/return.json.
    """

    template_fields: Sequence[str] = (*KubernetesPodOperator.template_fields, "pipelines", "flags", "file")

    def __init__(
        self,
        *,
        pipelines: Sequence[str] = (),
        command: str = "run",
        flags: Sequence[str] = (),
        file: str | None = None,
        interval: bool = True,
        longest_wait: timedelta = LONGEST_WAIT,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("do_xcom_push", command in commandline.SUMMARIZING)
        kwargs.setdefault("termination_grace_period", 30)
        kwargs.setdefault("log_pod_spec_on_failure", False)  # pages of it, and the exit code says why
        super().__init__(**kwargs)
        self.pipelines = pipelines
        self.command = command
        self.flags = flags
        self.file = file
        self.interval = interval
        self.longest_wait = longest_wait

    def execute(self, context: Context, event: object = None, waited: float = 0.0) -> Any:
        """Run the pod to its end, or let the triggerer wait for it; event and waited
        are of a task that was deferred because a source asked to wait."""
        self.waited = waited
        self.arguments = commandline.arguments(self.command, self.pipelines, self.flags, self.interval, context)
        if self.file:
            self.arguments += ["--file", self.file]
        return self.result(super().execute(context))

    def trigger_reentry(self, context: Context, event: dict[str, Any], waited: float = 0.0) -> Any:
        """Go on when the triggerer has seen the pod end."""
        self.waited = waited
        return self.result(super().trigger_reentry(context, event))

    def defer(self, *, kwargs: dict[str, Any] | None = None, **of: Any) -> NoReturn:
        """Keep what was waited beside what the next step is given."""
        super().defer(kwargs={"waited": self.waited, **(kwargs or {})}, **of)

    def result(self, summary: dict[str, Any] | None) -> Any:
        """Return what the task leaves as its XCom."""
        return without_columns(summary) if summary and self.command in commandline.COMMITTING else summary

    def cleanup(
        self,
        pod: k8s.V1Pod,
        remote_pod: k8s.V1Pod,
        xcom_result: dict[str, Any] | None = None,
        context: Context | None = None,
    ) -> None:
        """Turn the exit code of the container into a failure with or without retry,
        a wait or a skip, in place of the general failure of a pod."""
        code = exit_code(remote_pod, self.base_container_name)
        summary: Mapping[str, Any] = xcom_result or {}
        try:
            super().cleanup(pod, remote_pod, xcom_result, context)
        finally:
            if code and context:
                self.pod = self.pod_request_obj = None  # after a wait comes a new one
                self.wait(code, summary)
                exits.conclude(code, summary, context["ti"].try_number)
        if context:
            self.report(context, summary)


class EtlPlanPodOperator(EtlPodOperator):
    """Freeze a run for several workers, in a pod. Its XCom is the list of flags of
    each shard; an empty list skips what follows."""

    def result(self, summary: dict[str, Any] | None) -> Any:
        return commandline.shards(summary or {})


class EtlPodTaskGroup(EtlTaskGroup):
    """Divide a run among pods, and commit once. The destination and the plans are
    in a bucket, or on a volume that all pods have.

    Arguments are those of EtlTaskGroup and, for every task, of EtlPodOperator.
    """

    operator = EtlPodOperator
    planner = EtlPlanPodOperator


def exit_code(pod: k8s.V1Pod | None, container: str) -> int | None:
    """Return how a container of a pod ended; None if it did not."""
    statuses = (pod.status.container_statuses if pod and pod.status else None) or []
    for status in statuses:
        if status.name == container and status.state and status.state.terminated:
            return int(status.state.terminated.exit_code)
    return None
