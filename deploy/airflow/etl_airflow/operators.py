"""One command of etl as one task."""

from __future__ import annotations

import json
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Mapping, Sequence

from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.providers.standard.triggers.temporal import DateTimeTrigger

from etl_airflow import commandline, exits, lineage
from etl_airflow._airflow import AssetAlias, BaseOperator


class EtlOperator(BaseOperator):  # type: ignore[misc]
    """Run one command of etl and return its summary.

    :param pipelines: names or globs; none: everything
    :param command: run, plan, commit, load duckdb or load bigquery
    :param flags: more flags. Never a secret: see env_from
    :param file: pipelines.yaml; none: the one in cwd
    :param cwd: the folder that etl runs in
    :param etl: the binary
    :param interval: read the slices of the data interval, unless it is empty
    :param env: environment variables, templated, shown in the UI
    :param env_from: environment variables whose values are secret or kept by
        Airflow: "conn:ID.password", "conn:ID.url", "conn:ID.extra.KEY", "var:NAME"
    :param inherit: names of more variables of the worker that etl may see
    :param longest_wait: how long the task may wait, without a worker, for a source
        that said when to come back; beyond it, it fails and Airflow retries
    """

    template_fields: Sequence[str] = ("pipelines", "flags", "file", "cwd", "env")
    ui_color = "#d9ead3"

    def __init__(
        self,
        *,
        pipelines: Sequence[str] = (),
        command: str = "run",
        flags: Sequence[str] = (),
        file: str | None = None,
        cwd: str | None = None,
        etl: str = "etl",
        interval: bool = True,
        env: Mapping[str, str] | None = None,
        env_from: Mapping[str, str] | None = None,
        inherit: Sequence[str] = (),
        longest_wait: timedelta = timedelta(hours=1),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pipelines = [pipelines] if isinstance(pipelines, str) else list(pipelines)
        self.command = command
        self.flags = list(flags)
        self.file = file
        self.cwd = cwd
        self.etl = etl
        self.interval = interval
        self.env = dict(env or {})
        self.env_from = dict(env_from or {})
        self.inherit = list(inherit)
        self.longest_wait = longest_wait
        if command in COMMITTING:
            self.outlets.append(AssetAlias(alias(self.task_id)))

    def execute(self, context: Any, event: Any = None, waited: float = 0.0) -> Any:
        with tempfile.TemporaryDirectory(prefix="etl-") as folder:
            summary_file = Path(folder, "summary.json")
            code, last = self.call(self.arguments(context, summary_file))
            summary = self.read(summary_file, last)
        wait = exits.retry_after(code, summary)
        if wait and waited + wait <= self.longest_wait.total_seconds():
            self.log.info("the source asks to wait %.0f seconds", wait)
            self.defer(
                trigger=DateTimeTrigger(moment=datetime.now(timezone.utc) + timedelta(seconds=wait)),
                method_name="execute",
                kwargs={"waited": waited + wait},
            )
        self.emit(context, summary)
        exits.conclude(code, summary, context["ti"].try_number)
        return self.result(summary)

    def arguments(self, context: Any, summary_file: Path) -> list[str]:
        """Return the whole command line."""
        argv = [self.etl, *self.command.split(), *self.pipelines]
        if self.file:
            argv += ["--file", self.file]
        if self.command == "run":
            argv += ["--empty-is-99"]
            ti = context["ti"]
            argv += ["--run-id", commandline.label(ti.dag_id, ti.task_id, ti.run_id, ti.map_index, ti.try_number)]
        if self.command in COMMITTING:
            argv += ["--summary-file", str(summary_file), "--quiet"]
        if self.interval and self.command in SLICED and "--plan" not in self.flags:
            argv += commandline.slices(context.get("data_interval_start"), context.get("data_interval_end"))
        return argv + self.flags

    def call(self, argv: list[str]) -> tuple[int, str]:
        """Run etl; return its exit code and its last line."""
        self.hook = SubprocessHook()
        env = commandline.environment(self.env, self.env_from, self.inherit)
        result = self.hook.run_command(argv, env=env, cwd=self.cwd)
        return result.exit_code, result.output

    def read(self, summary_file: Path, last: str) -> dict[str, Any]:
        """Return the summary; of other commands the last line, if it is JSON."""
        text = summary_file.read_text() if summary_file.exists() else last
        try:
            summary = json.loads(text)
        except ValueError:
            return {}
        return summary if isinstance(summary, dict) else {}

    def result(self, summary: dict[str, Any]) -> Any:
        """Return what the task leaves as its XCom."""
        return summary

    def emit(self, context: Any, summary: Mapping[str, Any]) -> None:
        self.summary = dict(summary)
        if self.command in COMMITTING:
            lineage.emit(summary, context["outlet_events"][AssetAlias(alias(self.task_id))])

    def on_kill(self) -> None:
        """Let etl stop: it ends cleanly within ten seconds of SIGTERM."""
        if hook := getattr(self, "hook", None):
            hook.send_sigterm()

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """Tell Airflow's OpenLineage provider what was written."""
        from airflow.providers.openlineage.extractors import OperatorLineage

        summary = getattr(self, "summary", None) or task_instance.xcom_pull(task_ids=self.task_id) or {}
        return OperatorLineage(outputs=lineage.outputs(summary))


#: Commands that commit, with a summary of pipelines.
COMMITTING = ("run", "commit")

#: Commands that take --since and --until.
SLICED = ("run", "plan")


def alias(task_id: str) -> str:
    """Return the name of the asset alias of a task. What waits for commits is
    scheduled on it; the events name the data sets."""
    return f"etl:{task_id}"
