"""gunicorn's own log, in the same lines as all others."""

import logging
import os
from typing import Any

from gunicorn.glogging import Logger

from gallery import logs


class LineLogger(Logger):  # type: ignore[misc]
    """Hands everything on to the gallery's own log; requests are told of in ``views/watching``."""

    def setup(self, cfg: Any) -> None:
        """Set the log up before any worker is there (gunicorn calls this).

        ``gallery serve`` has found out what the settings say, and tells it so.
        """
        self.cfg = cfg
        self._access_log_enabled = False
        serves = logs.choose_format(os.environ.get("LOG_FORMAT", "auto"), serves=True)
        logs.set_up(format=serves, level=os.environ.get("LOG_LEVEL", "info"))
        self.loglevel = self.LOG_LEVELS.get(cfg.loglevel.lower(), logging.WARNING)
        self.error_log.setLevel(self.loglevel)
        self.error_log.propagate = True
