"""What airflow_*_test.go puts Airflow through. Each DAG has a lake of its own,
$ETL_LAKES/<its id>."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import DAG, AssetAlias

from etl_airflow import EtlOperator, EtlTaskGroup

RENTAL = {
    "RENTAL_USER": "conn:rental.login",
    "RENTAL_PASSWORD": "conn:rental.password",
    "RENTAL_TENANT": "conn:rental.extra.tenant",
}
LISTS = {"pipelines": ["workshop_resources"], "interval": False}


def lake(dag: str) -> str:
    return os.path.join(os.environ["ETL_LAKES"], dag)


def trial(dag: str, **more: Any) -> dict[str, Any]:
    """Return the arguments of the tasks of a trial."""
    return {
        "file": os.environ["AIRFLOW_VAR_ETL_FILE"],
        "env": {"ETL_DESTINATION": lake(dag), "CALLS_EVERY": "day"},
        "env_from": {"RENTAL_URL": "conn:rental.url", **RENTAL},
        "retries": 3,
        "retry_delay": timedelta(seconds=1),
        **more,
    }


# A shard that fails once, as if the network had.
with DAG("flaky", start_date=datetime(2025, 1, 1), schedule=None):
    EtlTaskGroup(
        group_id="lists",
        shards=2,
        plans=lake("flaky") + "/plans",
        shard_arguments={"etl": "fails_once"},
        outlets=[AssetAlias("lists")],
        load=["duckdb", "--database", lake("flaky") + ".duckdb"],
        inherit=["ETL_DUCKDB"],
        pool="rental",
        **LISTS,
        **trial("flaky"),
    )

# Credentials that no retry mends.
with DAG("refused", start_date=datetime(2025, 1, 1), schedule=None):
    arguments = trial("refused")
    arguments["env_from"]["RENTAL_PASSWORD"] = "var:etl_file"
    EtlOperator(task_id="lists", **LISTS, **arguments)

# A shard that is stopped while it reads: the server of this connection waits.
with DAG("stopped", start_date=datetime(2025, 1, 1), schedule=None):
    arguments = trial("stopped", retries=0)
    arguments["env_from"]["RENTAL_URL"] = "conn:held.url"
    EtlTaskGroup(group_id="lists", shards=2, plans=lake("stopped") + "/plans", **LISTS, **arguments)

# Two runs of one day at once.
CALLS = {"CALLS_URL": "conn:calls.url", "CALLS_USER": "conn:calls.login", "CALLS_PASSWORD": "conn:calls.password"}
with DAG("same_day", start_date=datetime(2025, 1, 1), schedule=None, max_active_runs=2):
    EtlOperator(task_id="calls", pipelines=["calls_report"], **trial("same_day", env_from=CALLS, retries=20))

# Details of which all are there already.
with DAG("nothing", start_date=datetime(2025, 1, 1), schedule=None):
    EtlOperator(task_id="requests", pipelines=["requests"], interval=False, **trial("nothing"))

# A source that asks to wait longer than etl does: the task waits in its place.
with DAG("busy", start_date=datetime(2025, 1, 1), schedule=None):
    arguments = trial("busy", retries=0, file=os.environ.get("ETL_IMPATIENT"))
    arguments["env_from"]["RENTAL_URL"] = "conn:busy.url"
    EtlOperator(task_id="list", pipelines=["request_list"], interval=False, pool="rental", **arguments)
