"""The generated tables of `engine/MODEL.md`, from the schemas, the configs and the code.

`parameters` reads the scenario's file, `tables` writes the Markdown.
"""

from engine.describe.tables import heading, rewritten

__all__ = ["heading", "rewritten"]
