"""A handler: what was lost is written to the log."""

import logging

from sigflow import Gap, Loss

LOG = logging.getLogger(__name__)


def log(event: object) -> None:
    """Write a line for each gap and loss."""
    if isinstance(event, Gap):
        LOG.warning("%d bytes at %d are in no frame: %s", len(event.span), event.span.start, ", ".join(event.reasons))
    elif isinstance(event, Loss):
        LOG.warning("%d frames of stream %s never came", event.count, event.stream)
