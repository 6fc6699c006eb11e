"""A cluster whose nodes Ray's own autoscaler starts on this machine, and ends when they idle."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from ray.autoscaler._private.fake_multi_node.node_provider import (
    FAKE_HEAD_NODE_ID,
    FakeMultiNodeProvider,
)

from tests.cluster.nodes import Cluster, passing_folder

_HEAD: Final = "ray.head.default"
_ENV: Final = {
    "RAY_AUTH_MODE": "disabled",
    "RAY_FAKE_CLUSTER": "1",
    "RAY_OVERRIDE_NODE_ID_FOR_TESTING": FAKE_HEAD_NODE_ID,
    "AUTOSCALER_UPDATE_INTERVAL_S": "1",
}


class Provider(FakeMultiNodeProvider):
    """Ray's provider for tests, for types of node that tell their memory.

    The autoscaler starts a node for a task that asks for memory only if its type tells enough;
    Ray's provider would refuse such a type. The node itself then grants what it finds free.
    """

    def create_node_with_resources_and_labels(
        self,
        node_config: dict[str, Any],
        tags: dict[str, str],
        count: int,
        resources: dict[str, Any],
        labels: dict[str, str],
    ) -> None:
        """Start a node."""
        kept = {name: value for name, value in resources.items() if name != "memory"}
        super().create_node_with_resources_and_labels(node_config, tags, count, kept, labels)


@contextmanager
def scaling_cluster(cpus: int, memory: int, most: int, idle_s: float) -> Iterator[Cluster]:
    """Start a head without CPUs, whose autoscaler starts up to `most` nodes.

    Parameters
    ----------
    cpus, memory : that a node has, and says to have (bytes).
    idle_s : seconds after which a node without work is ended.
    """
    with passing_folder() as folder:
        found = Cluster(folder, _ENV)
        node = {"CPU": cpus, "memory": memory, "object_store_memory": 100_000_000}
        types = {
            _HEAD: {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
            "worker": {"resources": node, "node_config": {}, "max_workers": most},
        }
        provider = {
            "type": "external",
            "module": f"{__name__}.{Provider.__name__}",
            "gcs_address": found.address,
            "use_node_id_as_ip": True,
            "disable_launch_config_check": True,
            "disable_node_updaters": True,
        }
        asked = {
            "cluster_name": "poquan",
            "max_workers": most,
            "idle_timeout_minutes": idle_s / 60,
            "provider": provider,
            "available_node_types": types,
            "head_node_type": _HEAD,
            "upscaling_speed": 1,
            **{name: {} for name in ("auth", "file_mounts")},
            "cluster_synced_files": [],
            **{name: [] for name in ("worker_setup_commands", "worker_start_ray_commands")},
        }
        path = folder / "autoscaling.json"
        path.write_text(json.dumps(asked), encoding="utf-8")
        try:
            found.add_head(0, autoscaling_config=path)
            yield found
        finally:
            found.end()
