"""Pictures from OpenAI, or from any server that speaks its images API.

The SDK is an optional extra, so it is loaded when a generator is built and
not before: a gallery that draws with the demo neither has nor needs it.
"""

from collections.abc import Mapping

from gallery.errors import InvalidSetting
from gallery.generators.base import GeneratedImage, GenerationFailed

__all__ = ["OpenAIGenerator"]

# A picture of 30 MB is 40 MB in base64; more than that is no picture of this API.
MOST_ANSWER_BYTES = 40 * 1024 * 1024
# A pause between two attempts, whatever the server asks for.
LONGEST_PAUSE_SECONDS = 20.0
FORMATS = ("png", "jpeg", "webp")
_SDK = {"openai", "httpx2", "httpcore2"}


class OpenAIGenerator:
    """Asks ``/images/generations``, or ``/images/edits`` where there is a reference.

    *size* is what is asked for, such as ``1024x1536``; ``auto`` and nothing
    leave it to the server. A caller's width and height are not looked at:
    providers offer few sizes and charge by them, so the operator's choice
    stands. Nor are *parameters* sent, for the same reason; they are noted.

    One attempt lasts *timeout_seconds* at the most, and *most_attempts* are
    made. Safe to share between threads.

    Raises:
        InvalidSetting: the extra is missing, or a value can't be used.
    """

    name = "openai"

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        model: str,
        size: str,
        timeout_seconds: float,
        most_attempts: int,
        most_answer_bytes: int = MOST_ANSWER_BYTES,
    ) -> None:
        try:
            from gallery.generators.openai.service import ImageService
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in _SDK:
                raise
            raise InvalidSetting(
                "IMAGE_GENERATOR openai needs the extra: pip install 'gallery[openai]'"
            ) from error
        self.model = model
        self._size = "" if size == "auto" else size
        self._timeout_seconds = timeout_seconds
        self._most_attempts = most_attempts
        self._service = ImageService(
            base_url=base_url,
            api_key=api_key,
            timeout_seconds=timeout_seconds,
            most_attempts=most_attempts,
            longest_pause_seconds=LONGEST_PAUSE_SECONDS,
            most_answer_bytes=most_answer_bytes,
        )

    @property
    def longest_seconds(self) -> float:
        """All attempts at their longest, the pauses between them, and fetching the picture."""
        pauses = (self._most_attempts - 1) * LONGEST_PAUSE_SECONDS
        return (self._most_attempts + 1) * self._timeout_seconds + pauses

    def generate(
        self,
        prompt: str,
        *,
        width: int = 1024,  # noqa: ARG002 - see the class
        height: int = 1024,  # noqa: ARG002
        format: str = "png",  # noqa: A002 (the word of the contract, as in Pillow)
        parameters: Mapping[str, object] | None = None,
        reference: bytes | None = None,
    ) -> GeneratedImage:
        """Ask the service to draw *prompt*, after the picture in *reference* if there is one.

        *format* is a wish that only GPT Image models are told; the answer's own
        format is what it turns out to be. Asked again, the same prompt gives
        another picture: this API knows no seed.

        Raises:
            GenerationFailed: whatever went wrong, in words fit for a visitor.
        """
        if format not in FORMATS:
            raise GenerationFailed(f"The format is png, jpeg or webp, not {format[:20]!r}.")
        asked = self._asked(prompt, format)
        answer = self._service.draw(asked, reference=reference)
        noted = {name: value for name, value in asked.items() if name in ("size", "output_format")}
        if reference is not None:
            noted["reference"] = True
        if answer.revised_prompt:
            noted["revised_prompt"] = answer.revised_prompt
        return GeneratedImage(
            content=answer.content,
            format=answer.format,
            model=self.model,
            seed=None,
            parameters={**(parameters or {}), **noted},
            cost=answer.cost,
            url=answer.url,
        )

    def _asked(self, prompt: str, file_format: str) -> dict[str, object]:
        asked: dict[str, object] = {
            "model": self.model,
            # JSON can't carry half of a surrogate pair.
            "prompt": prompt.encode("utf-8", "replace").decode(),
        }
        if self._size:
            asked["size"] = self._size
        if self.model.startswith(("gpt-image", "chatgpt-image")):
            asked["output_format"] = file_format
        elif self.model.startswith("dall-e"):
            # The others refuse this parameter or don't know it.
            asked["response_format"] = "b64_json"
        return asked
