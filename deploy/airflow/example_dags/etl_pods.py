"""An example: a run that is divided among pods of Kubernetes.

The workers of Airflow need no etl: the image of deploy/Dockerfile has it. The
configuration is a ConfigMap; a secret named crm has, as variables, the address
and credentials of the source, those of the bucket, and ETL_DESTINATION.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from kubernetes.client import models as k8s

from etl_airflow.pods import EtlPodTaskGroup

try:
    from airflow.sdk import DAG, AssetAlias
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.datasets import DatasetAlias as AssetAlias

with DAG(
    "etl_pods",
    schedule="@daily",
    start_date=datetime(2025, 1, 1),
    catchup=False,
    max_active_runs=1,
    tags=["etl"],
):
    EtlPodTaskGroup(
        group_id="lists",
        shards=2,
        plans="s3://lake/pods/plans",
        pipelines=["workshop_resources"],
        interval=False,
        load=["duckdb", "--print"],
        outlets=[AssetAlias("lists")],
        image="registry.example/etl:1",
        file="/config/pipelines.yaml",
        env_from=[k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name="crm"))],
        env_vars={"TMPDIR": "/scratch", "ETL_STAGE": "/scratch/stage"},
        volumes=[
            k8s.V1Volume(name="config", config_map=k8s.V1ConfigMapVolumeSource(name="etl")),
            k8s.V1Volume(name="scratch", empty_dir=k8s.V1EmptyDirVolumeSource(size_limit="20Gi")),
        ],
        volume_mounts=[
            k8s.V1VolumeMount(name="config", mount_path="/config", read_only=True),
            k8s.V1VolumeMount(name="scratch", mount_path="/scratch"),
        ],
        security_context=k8s.V1PodSecurityContext(
            run_as_non_root=True, run_as_user=65532, run_as_group=65532, fs_group=65532
        ),
        container_security_context=k8s.V1SecurityContext(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=k8s.V1Capabilities(drop=["ALL"]),
            seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
        ),
        container_resources=k8s.V1ResourceRequirements(
            requests={"cpu": "1", "memory": "512Mi"}, limits={"memory": "1Gi"}
        ),
        automount_service_account_token=False,
        retries=3,
        retry_delay=timedelta(minutes=5),
    )
