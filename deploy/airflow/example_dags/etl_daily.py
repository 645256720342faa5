"""An example: calls day by day, and rentals by what has changed.

Connections hold addresses and credentials; a pool has one slot for each task that
may ask its account at one time. Copy it and change the names.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from etl_airflow import EtlOperator, EtlTaskGroup

try:
    from airflow.sdk import DAG, AssetAlias, CronDataIntervalTimetable
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.datasets import DatasetAlias as AssetAlias
    from airflow.timetables.interval import CronDataIntervalTimetable

DEFAULTS: dict[str, Any] = {
    "file": "{{ var.value.etl_file }}",
    "env": {"ETL_DESTINATION": "{{ var.value.etl_destination }}", "CALLS_EVERY": "day"},
    "retries": 3,
    "retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(hours=6),
}
CALLS = {
    "CALLS_URL": "conn:calls.url",
    "CALLS_USER": "conn:calls.login",
    "CALLS_PASSWORD": "conn:calls.password",
}
RENTAL = {
    "RENTAL_URL": "conn:rental.url",
    "RENTAL_USER": "conn:rental.login",
    "RENTAL_PASSWORD": "conn:rental.password",
    "RENTAL_TENANT": "conn:rental.extra.tenant",
}

# Pipelines with a window read the day of the interval, so days can be run again
# and backfilled. A plain cron schedule of Airflow 3 has empty intervals.
with DAG(
    "etl_calls",
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="Europe/Moscow"),
    start_date=datetime(2025, 1, 1),
    catchup=False,
    max_active_runs=1,
    tags=["etl"],
):
    EtlOperator(
        task_id="calls",
        pipelines=["calls_report", "visitor_sessions"],
        env_from=CALLS,
        pool="calls",
        outlets=[AssetAlias("calls")],
        **DEFAULTS,
    )

# Others read what there is, whatever the interval. The details of the list are
# worth dividing; a plan freezes their parents, so the list is committed first.
with DAG(
    "etl_rental",
    schedule="@daily",
    start_date=datetime(2025, 1, 1),
    catchup=False,
    max_active_runs=1,
    tags=["etl"],
):
    requests = EtlOperator(
        task_id="request_list",
        pipelines=["request_list"],
        env_from=RENTAL,
        interval=False,
        pool="rental",
        **DEFAULTS,
    )
    requests >> EtlTaskGroup(
        group_id="requests",
        shards=4,
        plans="{{ var.value.etl_destination }}/plans",
        pipelines=["requests"],
        env_from=RENTAL,
        interval=False,
        outlets=[AssetAlias("requests")],
        pool="rental",
        **DEFAULTS,
    )
