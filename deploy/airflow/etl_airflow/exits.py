"""What becomes of a task when etl ends: its exit codes, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etl_airflow._airflow import AirflowException, AirflowFailException, AirflowSkipException

SKIPPED = 99
INCOMPLETE = 6
TRANSIENT = 3

#: Trying again cannot help: a fault in the program, configuration, data,
#: credentials, storage.
PERMANENT = frozenset({1, 2, 4, 5, 7})

MEANINGS = {
    1: "a fault in the program",
    2: "usage or configuration",
    3: "transient: network, rate limit, a fault of the server",
    4: "data: rejects over the limit, drift, shrink",
    5: "credentials or permission",
    6: "incomplete: the proof was not reached",
    7: "storage: disk full, no permission",
    8: "locked by another run, or lost the race to commit",
    130: "stopped by a signal",
    143: "stopped by a signal",
}


def conclude(code: int, summary: Mapping[str, Any], try_number: int) -> None:
    """Raise what Airflow understands of an exit code; return if all is well.

    Permanent failures are not retried, an incomplete reading is once, all others
    are as often as the task allows, also codes that etl does not have: 137 of a
    pod without memory, -9 of a process that was killed.
    """
    if code == 0:
        return
    if code == SKIPPED:
        raise AirflowSkipException("there was nothing to do")
    message = f"etl ended with {code} ({MEANINGS.get(code, 'killed, or no code of etl')}){failures(summary)}"
    if code in PERMANENT or (code == INCOMPLETE and try_number > 1):
        raise AirflowFailException(message)
    raise AirflowException(message)


def failures(summary: Mapping[str, Any]) -> str:
    """Return a line for each pipeline that failed, or why nothing could begin. etl
    keeps secrets out of them."""
    failed = [p for p in summary.get("pipelines") or [] if p.get("status") != "ok"]
    return reason("", summary) + "".join(reason(f"{p['name']}: ", p) for p in failed)


def reason(what: str, of: Mapping[str, Any]) -> str:
    """Return a line with an error and its hint, nothing if there is no error."""
    if not of.get("error"):
        return f"\n{what}{of.get('status')}" if what else ""
    return f"\n{what}{of['error']}" + (f" ({of['hint']})" if of.get("hint") else "")


def retry_after(code: int, summary: Mapping[str, Any]) -> float:
    """Return how many seconds the source asked to wait; 0 if it did not."""
    return float(summary.get("retry_after") or 0) if code == TRANSIENT else 0.0
