"""A real S3 server on the loopback that checks signatures: ``rclone serve s3`` from its wheel."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cluster.processes import answers, free_port, running

# The wheel brings no module of its own: its one file is the program, beside the interpreter.
RCLONE = Path(sys.prefix) / "bin" / "rclone"


@dataclass(frozen=True, kw_only=True)
class S3Server:
    """How to reach a server, and what it lets in with."""

    endpoint_url: str
    buckets: Path
    access_key_id: str = "gallery"
    secret_access_key: str = "a secret of the loopback alone"  # noqa: S105 - nobody else's
    bucket_name: str = "pictures"
    region: str = "us-east-1"

    def settings(self) -> dict[str, str]:
        """Return the settings by which a gallery reaches it."""
        return {
            "S3_ENDPOINT_URL": self.endpoint_url,
            "S3_ACCESS_KEY_ID": self.access_key_id,
            "S3_SECRET_ACCESS_KEY": self.secret_access_key,
            "S3_BUCKET_NAME": self.bucket_name,
            "S3_REGION": self.region,
        }


@contextmanager
def running_s3(folder: Path, *, port: int | None = None) -> Iterator[S3Server]:
    """Serve buckets that are kept below *folder*, with a first one in it."""
    port = port or free_port()
    server = S3Server(endpoint_url=f"http://127.0.0.1:{port}", buckets=folder / "buckets")
    (server.buckets / server.bucket_name).mkdir(parents=True, exist_ok=True)
    command = [str(RCLONE), "serve", "s3", str(server.buckets), "--addr", f"127.0.0.1:{port}"]
    # No configuration of whoever runs this. Folders are remembered: forgetting them at once
    # (--dir-cache-time 0s) keeps the server so busy that it hardly answers.
    command += ["--config", "/dev/null"]
    secret = f'"{server.access_key_id},{server.secret_access_key}"'
    with running(
        command,
        log=folder / "rclone.log",
        is_ready=partial(answers, port),
        environ={"RCLONE_AUTH_KEY": secret, "RCLONE_CACHE_DIR": str(folder / "cache")},
    ):
        yield server
