"""The command line and the environment of a task. Secrets go into the environment
and never into an argument, which other users of the machine can see."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from typing import Any

from etl_airflow._airflow import (
    AirflowFailException,
    AirflowNotFoundException,
    BaseHook,
    Connection,
    Context,
    variable,
)

#: Commands that commit, and leave a summary of pipelines.
COMMITTING = ("run", "commit")

#: Commands that leave an object for XCom where Airflow waits for one.
SUMMARIZING = (*COMMITTING, "plan")

#: Commands that take --since and --until.
SLICED = ("run", "plan")

#: What a process needs of the worker's own environment.
INHERITED = (
    "PATH",
    "HOME",
    "TMPDIR",
    "TZ",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
)


def arguments(
    command: str, pipelines: Sequence[str], flags: Sequence[str], interval: bool, context: Context
) -> list[str]:
    """Return the arguments of etl for a task: the command, what it is about, the
    slices of the data interval, and the name that the run has in commits."""
    argv = [*command.split(), *pipelines]
    if command in SLICED and "--plan" not in flags:  # else the plan says what is read
        if interval:
            argv += slices(context.get("data_interval_start"), context.get("data_interval_end"))
        ti = context["ti"]
        argv += ["--run-id", label(ti.dag_id, ti.task_id, ti.run_id, ti.map_index, ti.try_number)]
    if command == "run":
        argv += ["--empty-is-99"]
    return argv + list(flags)


def slices(start: datetime | None, end: datetime | None) -> list[str]:
    """Return the flags for a data interval: none if there is none, or if it is
    empty, as those of Airflow 3's cron schedules are unless they are made with
    CronDataIntervalTimetable. A run without bounds reads what is missing."""
    if start is None or end is None or start >= end:
        return []
    return ["--since", instant(start), "--until", instant(end)]


def shards(plan: Mapping[str, Any]) -> list[list[str]]:
    """Return the flags of each shard of a plan, from what etl prints of it."""
    if "plan" not in plan:
        raise AirflowFailException("etl has told nothing of its plan: is it as old as these operators?")
    return [["--plan", plan["plan"], "--shard", str(k)] for k in range(plan["shards"])]


def instant(t: datetime) -> str:
    """Return a time as etl takes it."""
    return t.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def label(*parts: object) -> str:
    """Return a name of the run for people, as --run-id takes it."""
    return re.sub(r"[^A-Za-z0-9_.:+-]+", "_", ".".join(str(p) for p in parts))[:200]


def environment(plain: Mapping[str, str], references: Mapping[str, str], inherit: Sequence[str] = ()) -> dict[str, str]:
    """Return the environment of etl: little of the worker's, then plain values,
    then what references name (see resolve). Names to inherit may be globs."""
    wanted = (*INHERITED, *inherit)
    env = {name: value for name, value in os.environ.items() if any(fnmatchcase(name, w) for w in wanted)}
    env.update(plain)
    env.update({name: resolve(of) for name, of in references.items()})
    return env


def resolve(reference: str) -> str:
    """Return what a reference stands for.

    "conn:ID.password" is an attribute of a connection (host, login, password,
    port, schema), "conn:ID.url" its address without credentials, "conn:ID.extra.KEY"
    a member of its extra, "var:NAME" a variable.
    """
    kind, _, rest = reference.partition(":")
    if kind == "var" and rest:
        value: object = variable(rest)
        if value is None:
            raise AirflowFailException(f"there is no variable {rest}")
        return str(value)
    name, _, attribute = rest.partition(".")
    if kind != "conn" or not name or not attribute:
        raise AirflowFailException(f"{reference!r} is no reference: want conn:ID.ATTRIBUTE or var:NAME")
    try:
        value = attribute_of(BaseHook.get_connection(name), attribute)
    except AirflowNotFoundException as e:
        raise AirflowFailException(f"there is no connection {name}") from e
    if value is None:
        raise AirflowFailException(f"the connection {name} has no {attribute}")
    return str(value)


def attribute_of(connection: Connection, attribute: str) -> object:
    """Return one attribute of a connection, None if it is not set."""
    if attribute == "url":
        host = str(connection.host or "")
        port = f":{connection.port}" if connection.port else ""
        path = f"/{connection.schema}" if connection.schema else ""
        return (host if "://" in host else f"https://{host}") + port + path
    if attribute.startswith("extra."):
        return connection.extra_dejson.get(attribute[len("extra.") :])
    if attribute not in ("host", "login", "password", "port", "schema"):
        raise AirflowFailException(
            f"connections have no {attribute}: want url, host, login, password, port, schema or extra.KEY"
        )
    return getattr(connection, attribute)
