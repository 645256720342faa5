"""An example without a package: one binary, one BashOperator.

exec makes etl the process that Airflow stops. The output's last line is the
summary, and becomes the XCom. 99 is Airflow's code for a task that is skipped;
every other failure is retried, also one that cannot be mended so: EtlOperator
knows them apart.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator

try:
    from airflow.sdk import DAG, CronDataIntervalTimetable
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.timetables.interval import CronDataIntervalTimetable

with DAG(
    "etl_bash",
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="Europe/Moscow"),
    start_date=datetime(2025, 1, 1),
    catchup=False,
    max_active_runs=1,
    tags=["etl"],
):
    BashOperator(
        task_id="calls",
        bash_command="exec etl run calls_report --empty-is-99 --stop-with-parent"
        ' --since "$SINCE" --until "$UNTIL" --file "$ETL_FILE"',
        env={
            "SINCE": "{{ data_interval_start | ts }}",
            "UNTIL": "{{ data_interval_end | ts }}",
            "ETL_FILE": "{{ var.value.etl_file }}",
            "ETL_DESTINATION": "{{ var.value.etl_destination }}",
            "CALLS_EVERY": "day",
            "CALLS_URL": "{{ conn.calls.host }}",
            "CALLS_USER": "{{ conn.calls.login }}",
            "CALLS_PASSWORD": "{{ conn.calls.password }}",
        },
        append_env=True,
        retries=3,
        retry_delay=timedelta(minutes=5),
    )
