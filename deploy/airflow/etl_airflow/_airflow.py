"""What is used of Airflow, under the names of Airflow 3, from 2.11 on."""

from __future__ import annotations

try:
    from airflow.sdk import Asset, AssetAlias, BaseOperator, TaskGroup, Variable
    from airflow.sdk.bases.hook import BaseHook
except ImportError:  # Airflow 2
    from airflow.datasets import Dataset as Asset
    from airflow.datasets import DatasetAlias as AssetAlias
    from airflow.hooks.base import BaseHook
    from airflow.models.baseoperator import BaseOperator
    from airflow.models.variable import Variable
    from airflow.utils.task_group import TaskGroup

try:
    from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
except ImportError:
    from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException

__all__ = [
    "AirflowException",
    "AirflowFailException",
    "AirflowSkipException",
    "Asset",
    "AssetAlias",
    "BaseHook",
    "BaseOperator",
    "TaskGroup",
    "Variable",
]
