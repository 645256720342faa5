"""One command of etl as one pod."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator

from etl_airflow import commandline, exits, lineage
from etl_airflow._airflow import AssetAlias
from etl_airflow.operators import COMMITTING, SLICED, alias


class EtlPodOperator(KubernetesPodOperator):  # type: ignore[misc]
    """Run one command of etl in a pod of Kubernetes, with the same meaning of
    intervals, exit codes and commits as EtlOperator. Secrets come from secrets of
    Kubernetes (env_from, secrets), not from Airflow.

    :param pipelines: names or globs; none: everything
    :param command: run, plan, commit, load duckdb or load bigquery
    :param flags: more flags
    :param interval: read the slices of the data interval, unless it is empty
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
        kwargs.setdefault("do_xcom_push", True)  # etl writes its summary to /airflow/xcom/return.json
        kwargs.setdefault("termination_grace_period", 30)
        super().__init__(**kwargs)
        self.pipelines = list(pipelines)
        self.command = command
        self.flags = list(flags)
        self.interval = interval
        if command in COMMITTING:
            self.outlets.append(AssetAlias(alias(self.task_id)))

    def execute(self, context: Any) -> Any:
        self.arguments = [*self.command.split(), *self.pipelines]
        if self.command == "run":
            self.arguments += ["--empty-is-99"]
        if self.interval and self.command in SLICED:
            self.arguments += commandline.slices(context.get("data_interval_start"), context.get("data_interval_end"))
        self.arguments += self.flags
        summary = super().execute(context)
        if self.command in COMMITTING and isinstance(summary, Mapping):
            lineage.emit(summary, context["outlet_events"][AssetAlias(alias(self.task_id))])
        return summary

    def cleanup(self, pod: Any, remote_pod: Any, xcom_result: Any = None, context: Any = None) -> None:
        """Turn the exit code of the container into a failure with or without retry,
        or into a skip, before the general failure of a pod does."""
        code = exit_code(remote_pod, self.base_container_name)
        try:
            super().cleanup(pod, remote_pod, xcom_result, context)
        finally:
            if code and context:
                exits.conclude(code, xcom_result or {}, context["ti"].try_number)


def exit_code(pod: Any, container: str) -> int | None:
    """Return how a container of a pod ended; None if it did not."""
    statuses = (pod.status.container_statuses if pod and pod.status else None) or []
    for status in statuses:
        if status.name == container and status.state and status.state.terminated:
            return int(status.state.terminated.exit_code)
    return None
