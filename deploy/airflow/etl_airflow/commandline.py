"""The command line and the environment of a task. Secrets go into the environment
and never into an argument, which other users of the machine can see."""

from __future__ import annotations

import os
import re
from datetime import datetime, timezone
from typing import Any, Mapping, Sequence

from etl_airflow._airflow import BaseHook, Variable

#: What a process needs of the worker's own environment.
INHERITED = ("PATH", "HOME", "TMPDIR", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "NO_PROXY")


def slices(start: datetime | None, end: datetime | None) -> list[str]:
    """Return the flags for a data interval: none if it is empty.

    Airflow 3's cron schedules have empty intervals unless they are made with
    CronDataIntervalTimetable; a run without bounds then reads what is missing.
    """
    if start is None or end is None or start >= end:
        return []
    return ["--since", instant(start), "--until", instant(end)]


def instant(t: datetime) -> str:
    return t.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def label(*parts: object) -> str:
    """Return a name of the run for people, as --run-id takes it."""
    return re.sub(r"[^A-Za-z0-9_.:+-]+", "_", ".".join(str(p) for p in parts))[:200]


def environment(plain: Mapping[str, str], references: Mapping[str, str], inherit: Sequence[str] = ()) -> dict[str, str]:
    """Return the environment of etl: little of the worker's, then plain values,
    then what references name (see resolve)."""
    env = {name: os.environ[name] for name in (*INHERITED, *inherit) if name in os.environ}
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
        return str(Variable.get(rest))
    name, _, attribute = rest.partition(".")
    if kind != "conn" or not name or not attribute:
        raise ValueError(f"{reference!r} is no reference: want conn:ID.ATTRIBUTE or var:NAME")
    connection: Any = BaseHook.get_connection(name)
    value = attribute_of(connection, attribute)
    if value is None:
        raise ValueError(f"the connection {name} has no {attribute}")
    return str(value)


def attribute_of(connection: Any, attribute: str) -> object:
    if attribute == "url":
        port = f":{connection.port}" if connection.port else ""
        path = f"/{connection.schema}" if connection.schema else ""
        host = str(connection.host or "")
        return host + port + path if "://" in host else f"https://{host}{port}{path}"
    if attribute.startswith("extra."):
        return connection.extra_dejson.get(attribute.removeprefix("extra."))
    if attribute not in ("host", "login", "password", "port", "schema"):
        raise ValueError(f"connections have no {attribute}: want url, host, login, password, port, schema or extra.KEY")
    return getattr(connection, attribute)
