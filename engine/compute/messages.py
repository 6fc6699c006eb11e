"""Every message of ours about a cluster: what is wrong, what is allowed, what to do.

Each stands here once and is raised where it is found. `docs/CLUSTERS.md` lists them; a test holds
the two together.
"""

from dataclasses import dataclass
from typing import Final

from engine.errors import ClusterError, HeadLostError

_GOES_ON: Final = "what is finished is kept, and the same command goes on"


@dataclass(frozen=True)
class _Message:
    """A message with places for what is known only when it is raised, in braces.

    Parameters
    ----------
    what : is wrong.
    allowed : instead of it.
    remedy : what to do, in lines.
    kind : of error.
    """

    what: str
    allowed: str
    remedy: str
    kind: type[ClusterError] = ClusterError

    def error(self, **parts: object) -> ClusterError:
        """Return the error, with `parts` in their places."""
        what, allowed, remedy = self.parts(**parts)
        return self.kind(f"{what}\n  allowed: {allowed}\n  remedy:  {remedy}")

    def parts(self, **parts: object) -> tuple[str, str, str]:
        """Return what is wrong, what is allowed and what to do, with `parts` in their places."""
        what, allowed, remedy = (
            text.format(**parts) for text in (self.what, self.allowed, self.remedy)
        )
        return what, allowed, remedy


UNREACHABLE: Final = _Message(
    "ray.address: no Ray cluster can be reached at {address}: {reason}",
    "auto, HOST:6379 of a running head, ray://HOST:10001, or null for this machine",
    "check with `ray status --address HOST:6379`, or leave ray.address=null",
)
WRONG_TOKEN: Final = _Message(
    "ray.address: the cluster at {address} refuses this client's token",
    "RAY_AUTH_MODE=token with the cluster's token, or disabled if it has none",
    "export RAY_AUTH_MODE=token and RAY_AUTH_TOKEN (or RAY_AUTH_TOKEN_PATH)",
)
NO_TOKEN: Final = _Message(
    "ray.address: RAY_AUTH_MODE=token, and there is no token for the cluster at {address}",
    "the cluster's token in RAY_AUTH_TOKEN, in a file named by RAY_AUTH_TOKEN_PATH, or in "
    "~/.ray/auth_token",
    "copy it from the head (`ray get-auth-token` prints it there)",
)
OTHER_VERSION: Final = _Message(
    "ray.address: the cluster at {address} runs {theirs}, this command {ours}",
    "the same version of Ray, and of Python to the last digit, here and on every node",
    "install the cluster's versions here, or submit the command to it: ray job submit",
)
NO_LOCAL_RAY: Final = _Message(
    "ray: a local Ray cannot be started: {reason}",
    "a machine with free memory and a writable folder for temporary files",
    "ray.backend=process stays in this process",
)
OTHER_CODE: Final = _Message(
    "ray: node {node} runs other code than this command: {differences}",
    "the same version of this package, and of its libraries, on every node",
    "install it there, or ship it: ray job submit --working-dir, or\n"
    f"           ray.runtime_env={{{{}}}}; {_GOES_ON}",
)
NO_ENGINE: Final = _Message(
    "ray: the cluster's nodes cannot run the engine: {reason}",
    "nodes with the same Python and the same version of this package",
    "install it on every node, or send it with ray job submit --working-dir",
)
UNHEARD: Final = _Message(
    "ray: the cluster's workers cannot reach this command, though it reaches them",
    "one way of authentication here and on the cluster, and open ports both ways",
    "export RAY_AUTH_MODE=disabled if the cluster has no token (one in ~/.ray is\n"
    "           used otherwise), or RAY_AUTH_MODE=token and the cluster's token",
)
HEAD_LOST: Final = _Message(
    "ray: the head of the cluster is gone",
    "a head that lives as long as the command",
    f"start it again; {_GOES_ON}",
    HeadLostError,
)
OWN_NODE_LOST: Final = _Message(
    "ray: the node that this command runs on has left the cluster",
    "a node that lives as long as the command",
    f"start it again (ray start --address=HOST:6379); {_GOES_ON}",
    HeadLostError,
)
WORKERS_LOST: Final = _Message(
    "ray: workers died {tries} times over the same runs, at last: {reason}",
    "nodes that live through a run, whose work is taken up elsewhere ray.retries_count times",
    f"look after the nodes (`ray status`), or raise ray.retries_count;\n           {_GOES_ON}",
)
MEMORY_RAN_OUT: Final = _Message(
    "ray: memory ran out {tries} times over the same run of {buyers:,} buyers, at last with "
    "{asked:.1f} GiB asked for it: {reason}",
    "about {fewer:,} buyers where {workers} runs go at once, or fewer runs at once",
    "scale.buyers_count={fewer}, ray.workers_count={half}, or scale.shards={shards} cuts a market "
    f"in parts;\n           {_GOES_ON}",
)
TOO_LARGE: Final = _Message(
    "ray: a run of {buyers:,} buyers needs about {need:.1f} GiB, and the largest node grants "
    "{most:.1f} GiB",
    "at most {fits:,} buyers in one process",
    "lower scale.buyers_count, take scale.shards={shards} (or auto), or let a node grant more\n"
    "           (`ray start --memory=BYTES`, ray.memory_gib)",
)
TOO_LARGE_FOR_ALL: Final = _Message(
    "ray: a run of {buyers:,} buyers needs about {need:.2f} GiB, the largest node grants "
    "{most:.2f} GiB, and all nodes together do not hold it in shards, each half a GiB more",
    "at most {fits:,} buyers in one process",
    "lower scale.buyers_count, add nodes, or let a node grant more\n"
    "           (`ray start --memory=BYTES`, ray.memory_gib)",
)
NO_ROOM: Final = _Message(
    "ray: a run needs about {empty:.2f} GiB before its first buyer, and the largest node grants "
    "{most:.2f} GiB",
    "nodes that grant more than that",
    "let a node grant more (`ray start --memory=BYTES`, ray.memory_gib)",
)
TASK_FAILED: Final = _Message(
    "ray: a task failed for good: {reason}",
    "workers that live through one run, retried ray.retries_count times",
    f"look after the node's logs and disk; {_GOES_ON}",
)
SHARDS_LOST: Final = _Message(
    "ray: shards of the market were lost {tries} times, at last: {reason}",
    "workers that live as long as the run, replaced ray.retries_count times",
    "more shards if memory ran out (scale.shards), or raise ray.retries_count",
)
SHARD_FAILED: Final = _Message(
    "ray: shard {number} failed for good: {reason}",
    "workers that live through one run",
    "more shards if memory ran out (scale.shards); the same command goes on",
)
LOST_WITH_THE_JOB: Final = _Message(
    "{named} is relative, and a job of Ray's starts in a folder that is thrown away with it",
    "a folder from / on, on a disk that outlives the job",
    "name one, e.g. {where}=/shared/mine; the same name goes on from what is kept there",
)
