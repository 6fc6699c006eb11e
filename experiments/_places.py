"""Where an output folder is: on this machine, or in a store with a local folder that stands for it.

Hydra and the commands know local folders alone. For `hydra.run.dir=s3://bucket/run` they get one
that is brought from the store first and taken there as it fills.
"""

import platform
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import InputError
from engine.secrets import masked
from experiments._exit import HYDRAS_OWN, CommandLine

if TYPE_CHECKING:  # it imports pyarrow, for which --help must not wait
    from engine.results import Claim
    from engine.results.staging import Staging


def open_store(address: str, key: str, claims: "Mapping[str, Claim | None]") -> "Staging":
    """Take a folder of a store, and bring what is in it.

    Parameters
    ----------
    address : of the folder.
    key : by which the user named it.
    claims : what marks the folder of each job, by its name within; None if it is not marked.

    Raises
    ------
    InputError
        If another command has it, or something else lies there.
    StorageError
        If the store cannot be read or written.
    """
    from engine.results.lease import Lease
    from engine.results.staging import Staging
    from engine.results.storage import check_store, open_folder

    check_store(address, key)
    folder = open_folder(address)
    lease = Lease.take(folder)
    if not isinstance(lease, Lease):
        another = f"{key}={masked(address).rstrip('/')}-2"
        remedy = f"wait for its end, or name another, e.g. {another}; that of a dead one ends soon"
        raise lease.in_use(key, folder.address, remedy)
    staging = Staging(folder, lease, partial(print, file=sys.stderr))
    try:
        for name, claim in claims.items():
            if claim is not None:
                place = "/".join([address.rstrip("/"), *Path(name).parts])
                claim.check(place, key, HYDRAS_OWN)
        staging.fetch()
    except BaseException:
        staging.drop()
        raise
    CommandLine.current.stagings.append(staging)
    return staging


def told_place(folder: Path) -> str:
    """Return where a folder is for everybody: its address in a store, or path and host."""
    from engine.results.staging import shown_address

    address = shown_address(folder.absolute())
    return address if address is not None else f"{folder.resolve()} on host {platform.node()}"


def settle(folder: Path) -> None:
    """Upload what a folder that stands for one of a store holds by now.

    Raises
    ------
    StorageError
        If it cannot be uploaded.
    """
    for staging in CommandLine.current.stagings:
        if folder.absolute().is_relative_to(staging.local):
            staging.sync()


def is_address(name: str) -> bool:
    """Tell whether a name is an address."""
    return "://" in name


def numbered(name: str, number: int) -> str:
    """Return the name of a folder beside another that is taken."""
    return name if number == 1 else f"{name.rstrip('/')}-{number}"


def check_folder_here(name: str, key: str) -> None:
    """Refuse an address where a command works in a folder of this machine alone.

    Raises
    ------
    InputError
        If it is one.
    """
    if is_address(name):
        raise InputError(key, f"got the address {masked(name)!r}", "a local folder", "name one")
