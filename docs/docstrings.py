"""A griffe extension: brings the package's docstrings into the form that griffe reads."""

import re

import griffe

# A line that describes several arguments or attributes, such as `train_crops, dev_crops: what ...`,
# and the deeper lines that go on with it.
_SHARED = re.compile(r"^( +)(\w+(?:, \w+)+): (.*(?:\n\1 +.*)*)$", re.MULTILINE)
_SECTIONS = re.compile(r"^(Args|Attributes):\n((?:\n| .*\n?)+)", re.MULTILINE)


class DocstringForms(griffe.Extension):
    """Name a docstring's sections, and list its arguments, as griffe's Google parser expects.

    Griffe knows the plural `Examples:` alone and takes the singular for an admonition, whose
    doctest lines Markdown reads as quotations. It also takes `a, b: ...` for a single name.
    """

    def on_object(self, *, obj, **kwargs):
        if obj.docstring:
            text = re.sub(r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE)
            obj.docstring.value = _SECTIONS.sub(_separate, text)


def _separate(section):
    return f"{section[1]}:\n" + _SHARED.sub(_repeat, section[2])


def _repeat(line):
    indentation, names, description = line.groups()
    return "\n".join(f"{indentation}{name}: {description}" for name in names.split(", "))
