"""One command of etl as one task."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.standard.hooks.subprocess import SubprocessHook

from etl_airflow import commandline, exits
from etl_airflow._airflow import AirflowFailException, BaseOperator, Context
from etl_airflow.lineage import Reports, without_columns
from etl_airflow.waiting import LONGEST_WAIT, Waits


class EtlOperator(Reports, Waits, BaseOperator):
    """Run one command of etl and return its summary, without the columns.

    Give it an AssetAlias among its outlets, and each commit of run and commit
    becomes an event of an asset, with its rows and number.

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
    :param inherit: names or globs of more variables of the worker that etl may see
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
        longest_wait: timedelta = LONGEST_WAIT,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pipelines = pipelines
        self.command = command
        self.flags = flags
        self.file = file
        self.cwd = cwd
        self.etl = etl
        self.interval = interval
        self.env = env
        self.env_from = env_from
        self.inherit = inherit
        self.longest_wait = longest_wait
        self.hook = SubprocessHook()

    def execute(self, context: Context, event: object = None, waited: float = 0.0) -> Any:
        """Run etl to its end; event and waited are of a task that was deferred."""
        self.waited = waited
        code, summary = self.call(context)
        self.wait(code, summary)
        exits.conclude(code, summary, context["ti"].try_number)
        self.report(context, summary)
        return self.result(summary)

    def call(self, context: Context) -> tuple[int, dict[str, Any]]:
        """Run etl; return its exit code and its summary."""
        argv = [self.etl]
        argv += commandline.arguments(self.command, self.pipelines, self.flags, self.interval, context)
        if self.file:
            argv += ["--file", self.file]
        if self.command == "run":
            argv += ["--stop-with-parent"]
        env = commandline.environment(self.env or {}, self.env_from or {}, self.inherit)
        with tempfile.TemporaryDirectory(prefix="etl-") as folder:
            file = Path(folder, "summary.json")
            if self.command in commandline.COMMITTING:
                argv += ["--summary-file", str(file)]
            try:
                ended = self.hook.run_command(argv, env=env, cwd=self.cwd)
            except OSError as e:
                raise AirflowFailException(f"starting etl: {e}; the worker's PATH is {env.get('PATH')}") from e
            return ended.exit_code, decoded(file.read_text() if file.exists() else ended.output)

    def result(self, summary: dict[str, Any]) -> Any:
        """Return what the task leaves as its XCom."""
        return without_columns(summary) if self.command in commandline.COMMITTING else summary

    def on_kill(self) -> None:
        """Let etl stop: it ends cleanly within ten seconds of SIGTERM."""
        self.hook.send_sigterm()  # type: ignore[no-untyped-call]


class EtlPlanOperator(EtlOperator):
    """Freeze a run for several workers. Its XCom is the list of flags of each
    shard; an empty list skips what follows."""

    def result(self, summary: dict[str, Any]) -> Any:
        return commandline.shards(summary)


def decoded(text: str) -> dict[str, Any]:
    """Return the object that a text is, an empty one if it is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
