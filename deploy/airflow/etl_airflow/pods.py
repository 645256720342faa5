"""One command of etl as one pod."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator

from etl_airflow import commandline, exits
from etl_airflow._airflow import Context
from etl_airflow.lineage import Reports

if TYPE_CHECKING:
    from kubernetes.client import models as k8s


class EtlPodOperator(Reports, KubernetesPodOperator):
    """Run one command of etl in a pod of Kubernetes, with the same meaning of
    intervals, exit codes and commits as EtlOperator. Secrets come from secrets of
    Kubernetes (env_from, secrets), not from Airflow.

    :param pipelines: names or globs; none: everything
    :param command: run, commit, load duckdb or load bigquery
    :param flags: more flags
    :param interval: read the slices of the data interval, unless it is empty

    All other arguments are those of KubernetesPodOperator.
    """

    template_fields: Sequence[str] = (*KubernetesPodOperator.template_fields, "pipelines", "flags")

    def __init__(
        self,
        *,
        pipelines: Sequence[str] = (),
        command: str = "run",
        flags: Sequence[str] = (),
        interval: bool = True,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("do_xcom_push", command in commandline.COMMITTING)  # they write the file of the sidecar
        kwargs.setdefault("termination_grace_period", 30)
        super().__init__(**kwargs)
        self.pipelines = pipelines
        self.command = command
        self.flags = flags
        self.interval = interval

    def execute(self, context: Context) -> Any:
        """Run the pod to its end, or let the triggerer wait for it."""
        self.arguments = commandline.arguments(self.command, self.pipelines, self.flags, self.interval, context)
        return super().execute(context)

    def cleanup(
        self,
        pod: k8s.V1Pod,
        remote_pod: k8s.V1Pod,
        xcom_result: dict[str, Any] | None = None,
        context: Context | None = None,
    ) -> None:
        """Turn the exit code of the container into a failure with or without retry,
        or into a skip, in place of the general failure of a pod."""
        code = exit_code(remote_pod, self.base_container_name)
        summary: Mapping[str, Any] = xcom_result or {}
        try:
            super().cleanup(pod, remote_pod, xcom_result, context)
        finally:
            if code and context:
                exits.conclude(code, summary, context["ti"].try_number)
        if context:
            self.report(context, summary)


def exit_code(pod: k8s.V1Pod | None, container: str) -> int | None:
    """Return how a container of a pod ended; None if it did not."""
    statuses = (pod.status.container_statuses if pod and pod.status else None) or []
    for status in statuses:
        if status.name == container and status.state and status.state.terminated:
            return int(status.state.terminated.exit_code)
    return None
