"""What is used of Airflow, under the names of Airflow 3, from 2.11 on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.configuration import conf

if TYPE_CHECKING:
    from airflow.sdk import Asset, AssetAlias, BaseHook, BaseOperator, Connection, Context, TaskGroup
    from airflow.sdk.exceptions import (
        AirflowException,
        AirflowFailException,
        AirflowNotFoundException,
        AirflowSkipException,
    )

    def variable(name: str) -> str | None:
        """Return the value of a variable, None if there is none."""
else:
    try:
        from airflow.sdk import Asset, AssetAlias, BaseHook, BaseOperator, Connection, Context, TaskGroup, Variable

        def variable(name: str) -> str | None:
            return Variable.get(name, default=None)
    except ImportError:  # Airflow 2
        from airflow.datasets import Dataset as Asset
        from airflow.datasets import DatasetAlias as AssetAlias
        from airflow.hooks.base import BaseHook
        from airflow.models import BaseOperator, Connection, Variable
        from airflow.utils.context import Context
        from airflow.utils.task_group import TaskGroup

        def variable(name: str) -> str | None:
            return Variable.get(name, default_var=None)

    try:
        from airflow.sdk.exceptions import (
            AirflowException,
            AirflowFailException,
            AirflowNotFoundException,
            AirflowSkipException,
        )
    except ImportError:  # before 3.2
        from airflow.exceptions import (
            AirflowException,
            AirflowFailException,
            AirflowNotFoundException,
            AirflowSkipException,
        )

__all__ = [
    "AirflowException",
    "AirflowFailException",
    "AirflowNotFoundException",
    "AirflowSkipException",
    "Asset",
    "AssetAlias",
    "BaseHook",
    "BaseOperator",
    "Connection",
    "Context",
    "TaskGroup",
    "conf",
    "variable",
]
