"""The generated tables of `engine/MODEL.md`, from the schemas, the configs and the code.

`parameters` reads the scenario's file, `tables` writes the Markdown.
"""

from engine.describe.tables import heading, with_generated_blocks

__all__ = ["heading", "with_generated_blocks"]
