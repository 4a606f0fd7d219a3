"""The edge to the SDK: its client is built here, and none of its errors go further."""

import httpx2
import openai

from gallery.errors import InvalidSetting
from gallery.generators.base import GenerationFailed
from gallery.generators.fetching import fetch_image, format_of
from gallery.generators.fetching.addresses import AddressRefused, read_address
from gallery.generators.openai.answers import Drawn, read_answer
from gallery.generators.openai.refusals import reason_of
from gallery.generators.openai.transport import BoundedTransport


class ImageService:
    """One image service, asked through one client that all threads share."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        timeout_seconds: float,
        most_attempts: int,
        longest_pause_seconds: float,
        most_answer_bytes: int,
    ) -> None:
        _check_settings(base_url, api_key)
        self._base_url = base_url
        self._api_key = api_key
        self._timeout_seconds = timeout_seconds
        self._most_answer_bytes = most_answer_bytes
        transport = BoundedTransport(
            attempt_seconds=timeout_seconds,
            longest_pause_seconds=longest_pause_seconds,
            most_answer_bytes=most_answer_bytes,
        )
        self._images = openai.OpenAI(
            base_url=base_url,
            # A server of one's own may want no key, but the SDK insists on one.
            api_key=api_key or "none",
            timeout=timeout_seconds,
            max_retries=most_attempts - 1,
            http_client=httpx2.Client(
                transport=transport,
                trust_env=False,
                follow_redirects=False,
                headers={"Accept-Encoding": "identity"},
            ),
        ).images.with_raw_response

    def draw(self, asked: dict[str, object], *, reference: bytes | None) -> Drawn:
        """Send *asked* (the fields of the API) and return the one picture that comes.

        Raises:
            GenerationFailed: it didn't come; the message says why.
        """
        image = None if reference is None else _as_upload(reference)
        try:
            # The answer is read by us: the SDK builds its models without checking them.
            if image is None:
                raw = self._images.generate(**asked)  # type: ignore[call-overload]
            else:
                raw = self._images.edit(image=image, **asked)  # type: ignore[call-overload]
        except openai.OpenAIError as error:
            raise GenerationFailed(reason_of(error, api_key=self._api_key)) from error
        return read_answer(raw.content, fetch=self._fetch)

    def _fetch(self, url: str) -> bytes:
        return fetch_image(
            url,
            trusted_origin=self._base_url,
            most_bytes=self._most_answer_bytes,
            deadline_seconds=self._timeout_seconds,
        )


def _as_upload(reference: bytes) -> tuple[str, bytes, str]:
    file_format = format_of(reference)
    if file_format is None:
        raise GenerationFailed("The picture to go by is not a PNG, JPEG or WebP.")
    return f"reference.{file_format}", reference, f"image/{file_format}"


def _check_settings(base_url: str, api_key: str) -> None:
    try:
        read_address(base_url)
    except AddressRefused:
        raise InvalidSetting(
            "The image service's base URL must be like https://api.openai.com/v1"
        ) from None
    if not all("!" <= character <= "~" for character in api_key):
        raise InvalidSetting("The image service's key must be ASCII without spaces")
