from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred

from etl_airflow import EtlOperator
from etl_airflow._airflow import AirflowException, AirflowFailException

TI = SimpleNamespace(dag_id="crm", task_id="calls", run_id="once", map_index=-1, try_number=1)


def etl(folder: Path, script: str) -> str:
    """Return a program that stands in for etl."""
    file = folder / "etl"
    file.write_text("#!/bin/sh\n" + script)
    file.chmod(0o755)
    return str(file)


@pytest.mark.parametrize(
    ("program", "cwd", "message"),
    [
        ("no_such_program", None, "No such file or directory: 'no_such_program'.*PATH is "),
        ("/", None, "Permission denied: '/'"),
        ("true", "/no/such/folder", "No such file or directory: '/no/such/folder'"),
    ],
    ids=["no binary", "one that cannot be run", "no folder"],
)
def test_what_cannot_be_started_is_not_tried_again(program: str, cwd: str | None, message: str) -> None:
    task = EtlOperator(task_id="calls", etl=program, cwd=cwd, interval=False)
    with pytest.raises(AirflowFailException, match=message):
        task.call({"ti": TI})  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("waited", "want"), [(0.0, TaskDeferred), (70.0, AirflowException)], ids=["it waits", "it has waited long enough"]
)
def test_a_source_asks_to_wait(waited: float, want: type[BaseException], tmp_path: Path) -> None:
    program = etl(tmp_path, """echo '{"exit": 3, "retry_after": 40}'; exit 3""")
    task = EtlOperator(task_id="calls", etl=program, interval=False, longest_wait=timedelta(seconds=100))
    context: Any = {"ti": TI}
    with pytest.raises(want) as raised:
        EtlOperator.execute.__wrapped__(task, context, waited=waited)  # type: ignore[attr-defined]
    if isinstance(raised.value, TaskDeferred):
        assert raised.value.kwargs == {"waited": 40.0}
        assert raised.value.trigger.moment > datetime.now().astimezone() + timedelta(seconds=30)  # type: ignore[attr-defined]
