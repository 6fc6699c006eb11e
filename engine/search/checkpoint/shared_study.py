"""A study that several drivers share: a database in which each look is claimed by one of them.

A search is a function of its samples, and every driver of the same job goes the same way: it asks
the same trials from the same samples, in the same order. So drivers need not agree on anything
but on who simulates what. Before a driver hands a look (a policy on a stage) to its workers, it
claims it by a row whose key only one can insert; it writes the sample into the row when it is
known, and takes from there what others have found. Each driver ends with the whole search, to
the bit that of a single one.

A driver tells every `_BEAT_S` seconds that it lives, by the clock of the database. What one
claimed that was silent for `_SILENT_S` seconds, or that has left, another takes over. A driver
that was only stopped for so long goes on: then a look is simulated twice, with the same result, of
which the first counts.

Two tables stand beside those of Optuna: `poquan_drivers` and `poquan_looks`.
"""

import json
import secrets
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread
from time import sleep
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from engine.errors import InputError, StorageError
from engine.results.writers import Writer
from engine.secrets import masked

if TYPE_CHECKING:
    import optuna
    from sqlalchemy import Connection, Engine

_BEAT_S: Final = 10.0
_SILENT_S: Final = 60.0
_BUSY_S: Final = 60
"""Seconds for which SQLite waits for another process's transaction."""

_TRIES: Final = 5
_ALLOWED: Final = "sqlite:///FILE, postgresql://USER@HOST/DATABASE, or null for the output folder"

_DRIVERS: Final = """create table if not exists poquan_drivers (
    driver varchar(32) primary key, study varchar(64) not null, host varchar(255) not null,
    pid integer not null, since varchar(32) not null, seen double precision not null)"""
_LOOKS: Final = """create table if not exists poquan_looks (
    study varchar(64) not null, look varchar(64) not null, driver varchar(32) not null,
    tree text, years {bytes}, primary key (study, look))"""
_NOW: Final = {
    "sqlite": "cast(strftime('%s', 'now') as real)",
    "postgresql": "extract(epoch from clock_timestamp())",
}
_BYTES: Final = {"sqlite": "blob", "postgresql": "bytea"}

Tree = dict[str, Any]


_Claimed = Literal["ours", "inherited", "elsewhere", "done"]
"""What became of a claim; inherited: ours, after another driver that did not end it."""


class SharedStudy:
    """The looks of one study in a database that several drivers share.

    Parameters
    ----------
    address
        Of the database: `sqlite:///` or `postgresql://`.
    study
        Names the job: only drivers of the same one share it.

    Raises
    ------
    StorageError
        If the database cannot be reached, here and in all that follows.
    """

    def __init__(self, address: str, study: str) -> None:
        self._address, self.study = address, study
        self._me, self._writer = secrets.token_hex(8), Writer.of_this_process()
        self._end = Event()
        with self.errors():
            self._engine = _engine(address)
            self._now = _NOW[self._engine.dialect.name]
            _patiently(self._make_tables)
            self._beat()
        self._thread = Thread(target=self._go_on, daemon=True, name="driver")
        self._thread.start()

    @staticmethod
    def check_address(address: str | None) -> None:
        """Refuse an address under which no study can be, before anything starts.

        Raises
        ------
        InputError
            If it is of another kind, lacks its driver, or names a file in no folder.
        """
        if address is None:
            return
        kind = address.partition(":")[0]
        if kind not in {"sqlite", "postgresql"} or "://" not in address:
            what = f"{masked(address)} is of no kind that holds a study"
            raise InputError("storage", what, _ALLOWED, "correct it, or leave it out")
        if kind == "postgresql":
            if find_spec("psycopg") is None:
                raise InputError(
                    "storage",
                    "a study in PostgreSQL needs psycopg, which is not installed",
                    _ALLOWED,
                    "pip install -e '.[postgres]' in the checkout",
                )
            return
        file = Path(urlsplit(address).path[1:])
        if not file.name or file.is_dir() or not file.absolute().parent.is_dir():
            raise InputError(
                "storage",
                f"{address} names no file in a folder that exists",
                "sqlite:///FILE (relative), sqlite:////FOLDER/FILE",
                "make its folder, or name another",
            )

    def claim(self, look: str) -> _Claimed:
        """Claim a look for this driver, unless it is done or a living one has it."""
        with self.errors(), self._engine.begin() as db:
            if self._change(
                db,
                "insert into poquan_looks (study, look, driver) values (:study, :look, :me) "
                "on conflict do nothing",
                look=look,
            ):
                return "ours"
            row = self._rows(db, "select driver, tree is not null from {} where look = :look", look)
            if not row:
                return "elsewhere"  # its driver has just left: the next time
            driver, is_done = row[0]
            if is_done:
                return "done"
            if driver == self._me:
                return "ours"
            is_free = not self._lives(db, driver)
            taken = is_free and self._change(
                db,
                "update poquan_looks set driver = :me where study = :study and look = :look "
                "and driver = :driver and tree is null",
                look=look,
                driver=driver,
            )
            return "inherited" if taken else "elsewhere"

    def finish(self, look: str, tree: Mapping[str, Any], years: bytes | None = None) -> None:
        """Write what a look of this driver's has shown; the first that is written counts."""
        packed = None if years is None else zlib.compress(years, 1)
        with self.errors(), self._engine.begin() as db:
            self._change(
                db,
                "update poquan_looks set tree = :tree, years = :years, driver = :me "
                "where study = :study and look = :look and tree is null",
                look=look,
                tree=json.dumps(tree),
                years=packed,
            )

    def amend(self, look: str, tree: Mapping[str, Any]) -> None:
        """Write more of a look that this driver has finished."""
        with self.errors(), self._engine.begin() as db:
            self._change(
                db,
                "update poquan_looks set tree = :tree where study = :study and look = :look "
                "and driver = :me",
                look=look,
                tree=json.dumps(tree),
            )

    def tree(self, look: str) -> Tree | None:
        """Return what a look has shown; None if that is not known yet."""
        with self.errors(), self._engine.begin() as db:
            row = self._rows(
                db, "select tree from {} where look = :look and tree is not null", look
            )
        return None if not row else json.loads(row[0][0])

    def results(self, look: str) -> bytes | None:
        """Return the packed runs of a finalist's look; None if there are none."""
        with self.errors(), self._engine.begin() as db:
            row = self._rows(
                db, "select years from {} where look = :look and years is not null", look
            )
        return None if not row else zlib.decompress(row[0][0])

    def trees(self) -> list[Tree]:
        """Return what all finished looks have shown."""
        with self.errors(), self._engine.begin() as db:
            rows = self._rows(db, "select tree from {} where tree is not null order by look")
        return [json.loads(row[0]) for row in rows]

    def ended(self, looks: Iterable[str]) -> set[str]:
        """Return which of some looks of others are done, or their drivers no more."""
        wanted = set(looks)
        with self.errors(), self._engine.begin() as db:
            open_ones = self._rows(
                db,
                "select look from {} join poquan_drivers using (driver) where tree is null "
                f"and seen > {self._now} - {_SILENT_S}",
            )
        return wanted - {row[0] for row in open_ones}

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what the database says into one message.

        Raises
        ------
        StorageError
            Without the password.
        """
        with _storage_errors(self._address):
            yield

    def optuna_study(self, directions: Sequence[Literal["maximize", "minimize"]]) -> "optuna.Study":
        """Open Optuna's study; drivers that come at once may get in each other's way."""
        import optuna
        from sqlalchemy.exc import DBAPIError

        address, options = _dialect_address(self._address), _engine_options(self._address)
        for left in reversed(range(_TRIES)):
            try:
                return optuna.create_study(
                    storage=optuna.storages.RDBStorage(address, engine_kwargs=options),
                    study_name=self.study,
                    directions=directions,
                    load_if_exists=True,
                )
            except (DBAPIError, optuna.exceptions.StorageInternalError):
                if not left:
                    raise
                sleep(0.3)
        raise AssertionError

    def close(self) -> None:
        """Leave: others may take what this driver has not finished."""
        self._end.set()
        self._thread.join()
        try:
            with self._engine.begin() as db:
                own = "where study = :study and driver = :me"
                self._change(db, f"delete from poquan_looks {own} and tree is null")
                self._change(db, f"delete from poquan_drivers {own}")
        except Exception:  # noqa: BLE001 - it ends by itself, and what went wrong is told elsewhere
            return
        finally:
            self._engine.dispose()

    def _make_tables(self) -> None:
        with self._engine.begin() as db:
            self._change(db, _DRIVERS)
            self._change(db, _LOOKS.format(bytes=_BYTES[self._engine.dialect.name]))

    def _lives(self, db: "Connection", driver: str) -> bool:
        words = f"select 1 from poquan_drivers where driver = :d and seen > {self._now} - :silent"
        return bool(_executed(db, words, d=driver, silent=_SILENT_S).all())

    def _beat(self) -> None:
        who = {"host": self._writer.host, "pid": self._writer.pid, "since": self._writer.since}
        with self._engine.begin() as db:
            if not self._change(
                db,
                f"update poquan_drivers set seen = {self._now} "
                "where driver = :me and study = :study",
            ):
                self._change(
                    db,
                    "insert into poquan_drivers (driver, study, host, pid, since, seen) "
                    f"values (:me, :study, :host, :pid, :since, {self._now})",
                    **who,
                )

    def _go_on(self) -> None:
        while not self._end.wait(_BEAT_S):
            try:
                self._beat()
            except Exception:  # noqa: BLE001 - out of reach: the next beat, or a claim, tells
                continue

    def _change(self, db: "Connection", words: str, **values: Any) -> int:
        """Execute a statement; return how many rows it changed."""
        common = {"me": self._me, "study": self.study}
        known = {name: own for name, own in (common | values).items() if f":{name}" in words}
        return int(_executed(db, words, **known).rowcount)

    def _rows(self, db: "Connection", words: str, look: str | None = None) -> list[Any]:
        """Return rows of this study's looks."""
        table = "(select * from poquan_looks where study = :study) as looks"
        values = {"study": self.study} | ({} if look is None else {"look": look})
        return list(_executed(db, words.format(table), **values).all())


@contextmanager
def _storage_errors(address: str) -> Iterator[None]:
    """Turn what a database says into one message, without the password."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, StorageInternalError) as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        said = str(getattr(cause, "orig", None) or cause).strip().splitlines()[0]
        raise StorageError(
            f"storage: {masked(address)}: {masked(said)}\n"
            "  allowed: a database that answers, and in which tables may be made\n"
            "  remedy:  see that it runs and is reached from here; the same command goes on"
        ) from None


def _dialect_address(address: str) -> str:
    """Return an address as SQLAlchemy takes it, with the driver of the extra."""
    scheme, _, rest = address.partition("://")
    return f"{'postgresql+psycopg' if scheme == 'postgresql' else scheme}://{rest}"


def _engine_options(address: str) -> dict[str, Any]:
    """Return options of SQLAlchemy's engine."""
    if address.startswith("sqlite"):
        return {"connect_args": {"timeout": _BUSY_S}}
    return {"pool_pre_ping": True}


def _engine(address: str) -> "Engine":
    from sqlalchemy import create_engine

    return create_engine(_dialect_address(address), **_engine_options(address))


def _patiently(make: Any) -> None:
    """Make tables; of two that do so at once a database may refuse one."""
    from sqlalchemy.exc import DBAPIError

    for left in reversed(range(_TRIES)):
        try:
            make()
        except DBAPIError:
            if not left:
                raise
            sleep(0.2)
        else:
            return


def _executed(db: "Connection", words: str, **values: Any) -> Any:
    from sqlalchemy import text

    return db.execute(text(words), values)
