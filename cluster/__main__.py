"""Run a cluster with the demo in it, until it is interrupted: ``make cluster``."""

import json
import os
import signal
import sys
from pathlib import Path

from cluster.processes import ServerFailed
from cluster.whole import APP_SERVERS, WORKERS_EACH, running_cluster


def main() -> int:
    """Start everything, say where it is, and wait."""
    folder = Path(os.environ.get("CLUSTER_PATH") or "instance/cluster").absolute()
    port = int(os.environ.get("PORT") or 8000)
    # Asked to end like any server, it takes the others down with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        with running_cluster(folder, port=port) as cluster:
            card = json.loads(cluster.gallery("demo", "--if-empty", "--json"))
            print(f"\n  Address   {cluster.address}/")
            print(f"  Sign in   {card['email']}  with  {card['password']}")
            print(f"  API key   {card['key']}")
            print(f"  Behind it {APP_SERVERS} app servers with {WORKERS_EACH} workers each,")
            print(
                "            PostgreSQL, S3, and nginx in front. Ctrl+C ends them all.\n",
                flush=True,
            )
            signal.pause()
    except KeyboardInterrupt:
        return 0
    except ServerFailed as error:
        print(error, file=sys.stderr)
        return 1


sys.exit(main())
