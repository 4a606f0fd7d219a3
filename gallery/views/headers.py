"""The headers that every answer carries."""

from functools import lru_cache

from flask import Flask, redirect, request
from werkzeug.wrappers import Response

from gallery.extensions import current_house

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "img-src 'self' data:{storages}",
        "style-src 'self'",
        "script-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
# A picture that is opened by itself may load and run nothing, whatever its bytes hold.
IMAGE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'self'"
STATIC = ("static", "downloads.shared_static")
FOREVER = "max-age=31536000, immutable"


def init_app(app: Flask) -> None:
    """Add the headers to every answer that has not set its own."""

    @app.after_request
    def _add(response: Response) -> Response:
        response = _without_host(response)
        headers = response.headers
        if "Content-Security-Policy" not in headers:
            origins = (storage.origin for storage in current_house().storages)
            headers["Content-Security-Policy"] = _page_policy(*filter(None, origins))
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", _referrer_policy())
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        if request.endpoint in STATIC and "v" in request.args and response.status_code == 200:
            headers["Cache-Control"] = f"public, {FOREVER}"
        elif "Cache-Control" not in headers:
            headers["Cache-Control"] = "private, no-cache"
        return response


@lru_cache(maxsize=16)
def _page_policy(*origins: str) -> str:
    """Return the policy of pages whose pictures may lead on to storages at these origins."""
    return PAGE_POLICY.format(storages="".join(f" {origin}" for origin in origins))


def _without_host(response: Response) -> Response:
    """Lead on by a path: Werkzeug's redirect to a missing slash begins with the Host header."""
    target = response.headers.get("Location", "")
    if response.status_code == 308 and target.startswith(request.host_url):
        return redirect(target.removeprefix(request.host_url.rstrip("/")), code=308)
    return response


def _referrer_policy() -> str:
    # The address of a signed link is its secret.
    return "no-referrer" if request.path.startswith(("/s/", "/d/")) else "same-origin"
