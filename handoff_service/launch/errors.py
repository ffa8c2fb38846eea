"""The one error of the launcher.

LaunchError     a sentence for the person at the terminal: what failed, and what to do
"""

from __future__ import annotations


class LaunchError(Exception):
    """Ends the command with exit code 1; its text is the last thing printed."""
