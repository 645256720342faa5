"""An example: the CRM's data, day by day, into DuckDB.

Connections hold addresses and credentials; the pool "rental" has one slot for each
run that may ask this account at one time. Copy it and change the names.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from etl_airflow import EtlOperator, EtlTaskGroup

try:
    from airflow.sdk import DAG, CronDataIntervalTimetable
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.timetables.interval import CronDataIntervalTimetable

SECRETS = {
    "CALLS_URL": "conn:calls.url",
    "CALLS_USER": "conn:calls.login",
    "CALLS_PASSWORD": "conn:calls.password",
    "RENTAL_URL": "conn:rental.url",
    "RENTAL_USER": "conn:rental.login",
    "RENTAL_PASSWORD": "conn:rental.password",
    "RENTAL_TENANT": "conn:rental.extra.tenant",
    "ETL_DESTINATION": "var:etl_destination",
}

DEFAULTS = {
    "file": "{{ var.value.etl_file }}",
    "env_from": SECRETS,
    "retries": 3,
    "retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(hours=6),
}

with DAG(
    "etl_daily",
    # Slices are days; plain cron schedules of Airflow 3 have empty intervals.
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="Europe/Moscow"),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,  # an account has one limit, and a data set one commit at a time
    tags=["etl"],
) as dag:
    # One task per source: windowed pipelines read the day of the interval.
    calls = EtlOperator(task_id="calls", pipelines=["calls_report", "visitor_sessions"], pool="calls", **DEFAULTS)

    # A source that is worth dividing: parents are frozen, shards read at once.
    rental = EtlTaskGroup(
        group_id="rental",
        shards=4,
        plans="{{ var.value.etl_destination }}/plans",
        pipelines=["request_list", "requests"],
        interval=False,
        shard_arguments={"pool": "rental"},
        **DEFAULTS,
    )
