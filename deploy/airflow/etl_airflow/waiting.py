"""Waiting as a source asks, without a worker and without a try."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.triggers.temporal import DateTimeTrigger

from etl_airflow import exits

if TYPE_CHECKING:
    from etl_airflow._airflow import BaseOperator
else:
    BaseOperator = object

#: How long a task waits in all, if nothing else is said.
LONGEST_WAIT = timedelta(hours=1)


class Waits(BaseOperator):
    """What operators do when a source has said in how many seconds to come back:
    the task is deferred, and then does execute(waited=seconds) once more, in the
    same try. Airflow's triggerer does the waiting."""

    longest_wait: timedelta
    waited: float = 0.0

    def wait(self, code: int, summary: Mapping[str, Any]) -> None:
        """Defer the task if the source asks for it, and has not asked for more than
        longest_wait in all; else return."""
        seconds = exits.retry_after(code, summary)
        if not seconds or self.waited + seconds > self.longest_wait.total_seconds():
            return
        self.log.info("the source asks to wait %.0f seconds", seconds)
        self.defer(
            trigger=DateTimeTrigger(moment=datetime.now(timezone.utc) + timedelta(seconds=seconds)),
            method_name="execute",
            kwargs={"waited": self.waited + seconds},
        )
