"""What airflow_pods_test.go puts Airflow through, beside the example of pods."""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import DAG
from kubernetes.client import models as k8s

from etl_airflow.pods import EtlPodOperator

# A source that asks to wait longer than etl does. The triggerer waits for the pod,
# then for the source, then for the next pod.
with DAG("busy_pods", start_date=datetime(2025, 1, 1), schedule=None):
    EtlPodOperator(
        task_id="list",
        pipelines=["request_list"],
        interval=False,
        deferrable=True,
        poll_interval=0.5,
        image="registry.example/etl:1",
        file="/config/pipelines.yaml",
        env_from=[k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name="slow"))],
        env_vars={"TMPDIR": "/scratch", "ETL_STAGE": "/scratch/stage"},
        volumes=[
            k8s.V1Volume(name="config", config_map=k8s.V1ConfigMapVolumeSource(name="etl")),
            k8s.V1Volume(name="scratch", empty_dir=k8s.V1EmptyDirVolumeSource()),
        ],
        volume_mounts=[
            k8s.V1VolumeMount(name="config", mount_path="/config", read_only=True),
            k8s.V1VolumeMount(name="scratch", mount_path="/scratch"),
        ],
        security_context=k8s.V1PodSecurityContext(run_as_user=65532),
        retries=0,
    )
