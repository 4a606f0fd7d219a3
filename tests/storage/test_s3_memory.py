"""However large an object is, little of it is in memory: measured in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

from cluster.s3 import S3Server
from gallery.storage.s3.writing import PART_BYTES

# Puts and reads 80 MB that are never anywhere as a whole, and tells how much the process grew.
CHILD = """
import hashlib, json, resource, sys
from pathlib import Path
from gallery.storage.s3.client import connect
from gallery.storage.s3.storage import S3Storage

class Zeros:
    left = 80 * 1024 * 1024
    def read(self, size):
        size = min(size, self.left)
        self.left -= size
        return bytes(size)

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

told = json.loads(sys.argv[1])
bucket = told.pop("bucket")
s3 = S3Storage(connect(**told, is_path_style=True), bucket=bucket, spool_root=Path(sys.argv[2]))
small = Zeros()
small.left = 10
s3.put("small.bin", small)
before = peak()
stored = s3.put("large.bin", Zeros())
read = hashlib.sha256()
with s3.open("large.bin") as file:
    while chunk := file.read(65536):
        read.update(chunk)
print(json.dumps({"rise": (peak() - before) * 1024, "is_same": read.hexdigest() == stored.sha256}))
"""


def test_large_object_needs_little_memory(s3_bucket: S3Server, tmp_path: Path) -> None:
    """A few parts at the most, of 80 MB that are put and read."""
    told = {
        "endpoint_url": s3_bucket.endpoint_url,
        "access_key_id": s3_bucket.access_key_id,
        "secret_access_key": s3_bucket.secret_access_key,
        "region": s3_bucket.region,
        "bucket": s3_bucket.bucket_name,
    }

    done = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps(told), str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
    )

    measured = json.loads(done.stdout)
    assert measured["is_same"]
    assert measured["rise"] < 4 * PART_BYTES
