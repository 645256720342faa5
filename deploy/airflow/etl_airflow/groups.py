"""A run that is divided among tasks: plan → shards → commit → load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from etl_airflow._airflow import BaseOperator, TaskGroup, conf
from etl_airflow.operators import EtlOperator, EtlPlanOperator


class EtlTaskGroup(TaskGroup):
    """Divide a run among mapped tasks, and commit once.

    A pipeline whose parents come from another one needs a group, or a task, of
    its own behind that: a plan freezes parents that are committed. It goes on
    where the group before it had nothing to do.

    :param shards: how many tasks read
    :param plans: the folder, or s3:// or gs:// prefix below the destination, that
        plans are written to; every worker must see it
    :param pipelines: names or globs; none: everything
    :param load: command and flags to load what was committed with, such as
        ["duckdb", "--database", "crm.duckdb"]; none: nothing is loaded
    :param outlets: of the commit alone, see EtlOperator
    :param shard_arguments: arguments of the mapped tasks alone, such as pool or queue
    :param group_arguments: arguments of the group, such as tooltip

    All other arguments are those of EtlOperator, for every task.
    """

    #: What runs etl, and what makes a plan.
    operator: type[BaseOperator] = EtlOperator
    planner: type[BaseOperator] = EtlPlanOperator

    def __init__(
        self,
        *,
        group_id: str,
        shards: int,
        plans: str,
        pipelines: Sequence[str] = (),
        load: Sequence[str] = (),
        outlets: Sequence[Any] = (),
        shard_arguments: Mapping[str, Any] | None = None,
        group_arguments: Mapping[str, Any] | None = None,
        **arguments: Any,
    ) -> None:
        most = conf.getint("core", "max_map_length", fallback=1024)
        if not 1 <= shards <= most:
            raise ValueError(f"shards is {shards}, and Airflow maps over 1 to {most} tasks (core.max_map_length)")
        super().__init__(group_id=group_id, **(group_arguments or {}))
        out = plans.rstrip("/") + "/"
        with self:
            plan = self.planner(
                task_id="plan",
                command="plan",
                pipelines=pipelines,
                flags=["--shards", str(shards), "--plan-out", out],
                **{"trigger_rule": "none_failed", **arguments},
            )
            work = {**arguments, **(shard_arguments or {})}
            read = self.operator.partial(task_id="shard", **work).expand(flags=plan.output)
            commit = self.operator(
                task_id="commit",
                command="commit",
                flags=["--plan", "{{ ti.xcom_pull(task_ids='" + plan.task_id + "')[0][1] }}"],
                outlets=outlets,
                **arguments,
            )
            read >> commit
            if load:
                commit >> self.operator(
                    task_id="load",
                    command="load " + load[0],
                    pipelines=pipelines or ["*"],
                    flags=load[1:],
                    **arguments,
                )
