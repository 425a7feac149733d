"""What the options `logger` and `engineio_logger` mean."""

from __future__ import annotations

import logging


def logger_for(option: bool | logging.Logger | None, name: str) -> logging.Logger:
    """A logger as it is; True: the one of that name, told to tell everything to standard error; False: errors only."""
    if isinstance(option, logging.Logger):
        return option
    logger = logging.getLogger(name)
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO if option else logging.ERROR)
    if not logger.hasHandlers():
        logger.addHandler(logging.StreamHandler())
    return logger
