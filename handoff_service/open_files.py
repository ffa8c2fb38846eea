"""How many files, and so sockets, the process may have open."""

from __future__ import annotations

import resource

import structlog

log = structlog.get_logger()

# What a gateway has open beside the sockets: the database, its readers, pages, requests, logs.
BESIDE = 500


def allow_open_files(sockets: int) -> int:
    """Raises the soft limit to the hard one, and says so when that is too little for the sockets. Returns the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    if soft != resource.RLIM_INFINITY and soft < sockets + BESIDE:
        log.warning(
            "too few open files are allowed: connections will be refused before TANDEM_MOST_SOCKETS is reached; "
            "raise the limit (ulimit -Hn, LimitNOFILE) or lower the setting",
            allowed=soft,
            needed=sockets + BESIDE,
            most_sockets=sockets,
        )
    return soft
