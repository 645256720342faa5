"""Airflow operators that run etl as a batch job.

EtlOperator runs one command of etl in one task. EtlTaskGroup divides a run: plan,
mapped shards, commit, and a load into a warehouse if asked for. EtlPodOperator and
EtlPodTaskGroup, in pods, do the same in pods of Kubernetes. What they share: exit
codes become failures that are retried or not, or skips (exits), or waits without a
worker (waiting); intervals become slices, and connections and variables become the
environment (commandline); commits become asset events and lineage (lineage).

Nothing here reads an API or a data set: the binary does.
"""

from etl_airflow.groups import EtlTaskGroup
from etl_airflow.operators import EtlOperator

__all__ = ["EtlOperator", "EtlTaskGroup"]
