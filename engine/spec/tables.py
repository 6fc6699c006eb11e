"""Own tables: which parts of a world are read in place of being drawn, and from where."""

from typing import Any, Final, Self

from pydantic import Field, model_validator

from engine.spec.base import Spec

WORLD_TABLES: Final = ("anchors", "suppliers", "goods", "buyers", "follows")
"""Own tables of who and what is there."""
_CALENDAR_TABLES: Final = ("events", "season")
"""Own tables of events and seasons, which become a part of the scenario."""
TABLE_NAMES: Final = WORLD_TABLES + _CALENDAR_TABLES


class TableSource(Spec):
    """Where a table lies; once it has been checked, how many rows it has and what is in it.

    `address` is a file, a folder of files or an address of `pyarrow.fs`; `digest` names the
    content of all its files.
    """

    address: str = Field(min_length=1)
    digest: str = ""
    rows_count: int = 0

    @model_validator(mode="before")
    @classmethod
    def _of_address(cls, raw: Any) -> Any:
        if isinstance(raw, TableSource | dict):
            return raw
        if not isinstance(raw, str) or not raw.strip():
            raise ValueError(
                f"{raw!r} is no address; a path or an address as s3://bucket/table; "
                "{where}=mine/table.parquet, or null"
            )
        return {"address": raw}


class OwnTables(Spec):
    """Own tables, each a Parquet or CSV file, a folder of such files, or a `pyarrow.fs` address.

    What none of them gives is drawn.
    """

    folder: str | None = Field(
        None,
        min_length=1,
        description="with tables under the names that simulate export=... gives them",
    )
    anchors: TableSource | None = Field(None, description="who streams")
    suppliers: TableSource | None = Field(None, description="who sells")
    goods: TableSource | None = Field(None, description="what they sell")
    buyers: TableSource | None = Field(None, description="who may buy")
    follows: TableSource | None = Field(None, description="whom buyers follow on the first day")
    events: TableSource | None = Field(None, description="festivals and the rival's campaigns")
    season: TableSource | None = Field(None, description="factor of the season by day")

    buyers_share: float = Field(
        1.0, gt=0, le=1, description="of the buyers' table that is simulated, evenly spread"
    )

    def named(self, *names: str) -> dict[str, TableSource]:
        """Return the tables that are given, or those of some names, by name."""
        found = {name: getattr(self, name) for name in names or TABLE_NAMES}
        return {name: source for name, source in found.items() if source is not None}

    @property
    def is_given(self) -> bool:
        """Whether anything is named."""
        return self.folder is not None or bool(self.named())

    @property
    def fix_anchors(self) -> bool:
        """Whether numbers of anchors, suppliers or goods stand in tables: none can be left out."""
        return bool(self.named("anchors", "suppliers", "goods", "follows"))

    @property
    def digest(self) -> str:
        """The content of what is read when a world is opened; empty for nothing."""
        return ",".join(f"{name}={it.digest}" for name, it in self.named(*WORLD_TABLES).items())

    def with_sources(self, sources: dict[str, TableSource]) -> Self:
        """Return these tables with some sources in place of what is said of them."""
        return self.model_copy(update=dict(sources))


NO_TABLES: Final = OwnTables()
