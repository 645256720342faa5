"""Airflow operators that run etl as a batch job.

EtlOperator runs one command of etl in one task; EtlPodOperator does it in a pod
of Kubernetes. EtlTaskGroup divides a run: plan, mapped shards, commit, and a load
into a warehouse if asked for. What they share: exit codes become failures that
are retried or not, or skips (exits); intervals become slices, and connections and
variables become the environment (commandline); commits become asset events and
lineage (lineage).

Nothing here reads an API or a data set: the binary does.
"""

from etl_airflow.groups import EtlTaskGroup
from etl_airflow.operators import EtlOperator

__all__ = ["EtlOperator", "EtlTaskGroup"]
