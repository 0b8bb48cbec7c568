"""Warnings about what was left out of a data set: the first in full, the others as a number."""

import logging
from collections.abc import Sequence

logger = logging.getLogger(__name__)

# Messages that are listed in full; the results count all.
MOST_LISTED = 20


def warn_of(messages: Sequence[str]) -> None:
    """Warn of what was left out.

    Args:
        messages: each a line that can be written in UTF-8.
    """
    for message in messages[:MOST_LISTED]:
        logger.warning("left out: %s", message)
    if len(messages) > MOST_LISTED:
        logger.warning("... and %d more", len(messages) - MOST_LISTED)
