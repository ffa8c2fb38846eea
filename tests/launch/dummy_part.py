"""A part as small as can be: it answers /readyz, and can misbehave in all the ways that matter here."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer


class Ready(BaseHTTPRequestHandler):
    """200 on every path."""

    def do_GET(self) -> None:
        body = b'{"ready": true}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--die", type=int, help="exit with this code at once")
    parser.add_argument("--deaf", action="store_true", help="ignore SIGTERM")
    parser.add_argument("--child", action="store_true", help="start a child that outlives its parent")
    parser.add_argument("--mute", action="store_true", help="never listen")
    given = parser.parse_args()
    if given.die is not None:
        sys.stderr.write("the reason for my death\n")
        sys.exit(given.die)
    if given.deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if given.child:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        sys.stderr.write(f"child {child.pid}\n")
    sys.stderr.write(f"dummy {os.getpid()} on {given.port}\n")
    if given.mute:
        time.sleep(600)
    HTTPServer(("127.0.0.1", given.port), Ready).serve_forever()


if __name__ == "__main__":
    main()
