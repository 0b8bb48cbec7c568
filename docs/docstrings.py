"""A griffe extension: shows docstrings' `Example:` sections as code.

Griffe knows the plural `Examples:` alone and takes the singular for an admonition, whose doctest
lines Markdown reads as quotations.
"""

import re

import griffe


class ExampleSections(griffe.Extension):
    """Name the sections of a docstring as griffe's Google parser expects them."""

    def on_object(self, *, obj, **kwargs):
        if obj.docstring:
            obj.docstring.value = re.sub(
                r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE
            )
