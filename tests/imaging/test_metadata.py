"""What generators embed is read from files built here, and hostile files harm nothing."""

import io
import json
import logging
import os
import struct
import time
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from gallery.imaging.metadata import EmbeddedMetadata, read_metadata

INFOTEXT = """a red fox, (snow:1.2)
by a frozen lake
Negative prompt: blurry,
low quality
Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 1234567890, Size: 512x768, \
Lora hashes: "fox: 1a2b, Model: wrong", Model: dreamshaper_8, Version: v1.9.0"""

CORPUS = Path(
    os.environ.get(
        "GALLERY_CORPUS", Path(__file__).parents[2].parent / "shared" / "corpus" / "open"
    )
)


class NoComplaints(logging.Handler):
    """Turns a guarded failure into a failed test: never raising must not hide a bug."""

    def emit(self, record: logging.LogRecord) -> None:
        raise AssertionError(record.getMessage()) from (record.exc_info or (None, None))[1]


def read(content: bytes, *, opened_from: bytes | None = None) -> EmbeddedMetadata | None:
    """Read *content*; Pillow, which refuses much of what is survived here, may see another."""
    logger, handler = logging.getLogger("gallery.imaging.metadata"), NoComplaints()
    logger.addHandler(handler)
    try:
        with Image.open(io.BytesIO(opened_from or content)) as image:
            return read_metadata(image, content)
    finally:
        logger.removeHandler(handler)


def found(content: bytes) -> EmbeddedMetadata:
    metadata = read(content)
    assert metadata is not None
    return metadata


def drawn(image_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 6), "teal").save(file, image_format, **options)
    return file.getvalue()


def png(**texts: str) -> bytes:
    info = PngInfo()
    for keyword, text in texts.items():
        info.add_text(keyword.replace("_dash_", "-"), text)
    return drawn("PNG", pnginfo=info)


def png_chunk(name: bytes, payload: bytes) -> bytes:
    checksum = zlib.crc32(name + payload)
    return struct.pack(">I", len(payload)) + name + payload + struct.pack(">I", checksum)


def png_with(*chunks: bytes, after_data: bool = False) -> bytes:
    plain = drawn("PNG")
    at = plain.index(b"IEND" if after_data else b"IDAT") - 4
    return plain[:at] + b"".join(chunks) + plain[at:]


def jpeg_with(marker: int, payload: bytes) -> bytes:
    plain = drawn("JPEG")
    segment = struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload
    return plain[:2] + segment + plain[2:]


def webp_with(name: bytes, payload: bytes) -> bytes:
    body = drawn("WEBP")[8:] + name + struct.pack("<I", len(payload)) + payload
    body += b"\0" * (len(payload) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def user_comment(value: bytes) -> Image.Exif:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = value
    return exif


def xmp(inside: str, attributes: str = "", prefix: str = "Iptc4xmpExt") -> bytes:
    return f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
        xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
        xmlns:{prefix}="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" {attributes}>{inside}
        </rdf:Description></rdf:RDF></x:xmpmeta>""".encode()


def source_type(name: str) -> str:
    return f"http://cv.iptc.org/newscodes/digitalsourcetype/{name}"


def jumbf(label: bytes, uuid: bytes = b"\0" * 16) -> bytes:
    described = b"jumd" + uuid + b"\x03" + label + b"\0"
    box = b"jumb" + struct.pack(">I", len(described) + 4) + described
    return struct.pack(">I", len(box) + 4) + box


def node(kind: str, **inputs: object) -> dict[str, object]:
    return {"class_type": kind, "inputs": inputs}


def graph(**changes: object) -> dict[str, object]:
    nodes: dict[str, object] = {
        "3": node(
            "KSampler",
            seed=42,
            steps=25,
            sampler_name="euler",
            model=["10", 0],
            positive=["6", 0],
            negative=["7", 0],
            latent_image=["5", 0],
        ),
        "4": node("CheckpointLoaderSimple", ckpt_name="sdxl.safetensors"),
        "5": node("EmptyLatentImage", width=832, height=1216, batch_size=1),
        "6": node("CLIPTextEncode", text="a lighthouse", clip=["10", 1]),
        "7": node("CLIPTextEncode", text="people", clip=["10", 1]),
        "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
        "9": node("SaveImage", images=["8", 0]),
        "10": node("LoraLoader", lora_name="sea.safetensors", model=["4", 0], clip=["4", 1]),
    }
    return nodes | {name.removeprefix("n"): value for name, value in changes.items()}


def comfyui(**changes: object) -> EmbeddedMetadata:
    return found(png(prompt=json.dumps(graph(**changes))))


def sampler(**inputs: object) -> dict[str, object]:
    basis = graph()["3"]
    assert isinstance(basis, dict)
    return node("KSampler", **{**basis["inputs"], **inputs})


class TestAutomatic1111:
    def test_all_settings_are_read(self) -> None:
        """An infotext gives prompt, negative prompt, model, seed, steps, sampler and size."""
        metadata = found(png(parameters=INFOTEXT))

        assert metadata == EmbeddedMetadata(
            generator="automatic1111",
            prompt="a red fox, (snow:1.2)\nby a frozen lake",
            negative_prompt="blurry,\nlow quality",
            model="dreamshaper_8",
            seed=1234567890,
            steps=20,
            sampler="DPM++ 2M Karras",
            size=(512, 768),
            marks=(),
            raw={"parameters": INFOTEXT},
        )

    def test_international_text_is_read(self) -> None:
        """A text beyond Latin-1, which PNG keeps in iTXt, is read."""
        metadata = found(png(parameters="灯台 🦊\nSteps: 20, Sampler: Euler a, Seed: 1"))

        assert metadata.prompt == "灯台 🦊"

    def test_quoted_value_may_hold_commas_and_escapes(self) -> None:
        """A quoted setting is one value, unescaped."""
        metadata = found(png(parameters='fox\nSteps: 5, Model: "a, \\"b\\", c", Seed: 9'))

        assert (metadata.model, metadata.seed) == ('a, "b", c', 9)

    def test_unclosed_quote_ends_at_the_comma(self) -> None:
        """A value that only begins with a quote is taken as it stands."""
        metadata = found(png(parameters='fox\nSteps: 5, Model: "a, Seed: 9'))

        assert (metadata.model, metadata.seed) == ('"a', 9)

    def test_quote_within_a_value_is_part_of_it(self) -> None:
        """A quoted word at the beginning doesn't make a quoted value."""
        metadata = found(png(parameters='fox\nSteps: 5, Model: "a" b, Seed: 9'))

        assert (metadata.model, metadata.seed) == ('"a" b', 9)

    def test_prompt_may_hold_a_steps_line(self) -> None:
        """Only the last line of settings counts as one."""
        metadata = found(png(parameters="how to\nSteps: many\nSteps: 7, Seed: 3"))

        assert (metadata.prompt, metadata.steps) == ("how to\nSteps: many", 7)

    def test_lines_below_the_settings_are_left_out(self) -> None:
        """What extensions write below the settings isn't taken for prompt."""
        metadata = found(png(parameters="fox\nSteps: 7, Seed: 3\nTemplate: {fox|cat}"))

        assert (metadata.prompt, metadata.negative_prompt, metadata.seed) == ("fox", None, 3)

    def test_other_text_stays_raw(self) -> None:
        """A text without settings names no generator and no prompt."""
        metadata = found(png(parameters="<script>alert(1)</script>"))

        assert (metadata.generator, metadata.prompt) == (None, None)
        assert metadata.raw == {"parameters": "<script>alert(1)</script>"}

    @pytest.mark.parametrize("image_format", ["JPEG", "WEBP"])
    @pytest.mark.parametrize(
        "value",
        [
            b"UNICODE\0" + INFOTEXT.encode("utf-16-be"),
            b"UNICODE\0" + INFOTEXT.encode("utf-16-le"),
            b"UNICODE\0" + INFOTEXT.encode("utf-16"),
            b"UNICODE\0" + INFOTEXT.encode(),
            b"ASCII\0\0\0" + INFOTEXT.encode(),
            INFOTEXT.encode(),
        ],
        ids=["big-endian", "little-endian", "byte-order-mark", "utf-8", "ascii", "bare"],
    )
    def test_user_comment_is_read(self, image_format: str, value: bytes) -> None:
        """EXIF UserComment is read in each encoding that tools write."""
        metadata = found(drawn(image_format, exif=user_comment(value)))

        assert (metadata.generator, metadata.seed) == ("automatic1111", 1234567890)
        assert metadata.raw == {"exif:UserComment": INFOTEXT}

    def test_wide_text_without_latin_letters_is_read(self) -> None:
        """UTF-16 without a single zero byte follows the byte order of the EXIF."""
        text = "灯台狐雪湖"

        exif = b"MM\0*" + struct.pack(">IHHHIII", 8, 1, 0x9286, 7, 18, 26, 0)
        exif += b"UNICODE\0" + text.encode("utf-16-be")
        metadata = found(webp_with(b"EXIF", exif))

        assert metadata.raw == {"exif:UserComment": text}


class TestComfyUI:
    def test_graph_is_read_from_its_sampler(self) -> None:
        """The graph gives texts, model (through a LoRA), seed, steps, sampler and size."""
        metadata = comfyui()

        assert metadata.generator == "comfyui"
        assert (metadata.prompt, metadata.negative_prompt) == ("a lighthouse", "people")
        assert (metadata.model, metadata.sampler) == ("sdxl.safetensors", "euler")
        assert (metadata.seed, metadata.steps, metadata.size) == (42, 25, (832, 1216))

    def test_text_behind_links_is_found(self) -> None:
        """A prompt typed into a string node, joined by another, is followed there."""
        metadata = comfyui(
            n6=node("CLIPTextEncode", text=["20", 0], clip=["4", 1]),
            n20=node("StringConcatenate", string_a=["21", 0], string_b="at dusk", delimiter=", "),
            n21=node("PrimitiveString", value="a lighthouse"),
        )

        assert metadata.prompt == "at dusk\na lighthouse"

    def test_control_net_keeps_the_sides_apart(self) -> None:
        """A node with a positive and a negative input passes each to its own side."""
        metadata = comfyui(
            n3=sampler(positive=["20", 0], negative=["20", 1]),
            n20=node("ControlNetApplyAdvanced", positive=["6", 0], negative=["7", 0]),
        )

        assert (metadata.prompt, metadata.negative_prompt) == ("a lighthouse", "people")

    def test_zeroed_conditioning_is_no_negative_prompt(self) -> None:
        """ConditioningZeroOut makes nothing of the text that it is given."""
        metadata = comfyui(
            n3=sampler(negative=["20", 0]), n20=node("ConditioningZeroOut", conditioning=["6", 0])
        )

        assert (metadata.prompt, metadata.negative_prompt) == ("a lighthouse", None)

    def test_same_text_counts_once(self) -> None:
        """SDXL's and Flux's two encoders with one text give one prompt."""
        metadata = comfyui(n6=node("CLIPTextEncodeFlux", clip_l="a fox", t5xxl="a fox"))

        assert metadata.prompt == "a fox"

    def test_custom_sampler_is_read_through_its_parts(self) -> None:
        """SamplerCustomAdvanced has guider, noise, sampler and sigmas as nodes of their own."""
        metadata = comfyui(
            n3=node(
                "SamplerCustomAdvanced",
                noise=["20", 0],
                guider=["21", 0],
                sampler=["22", 0],
                sigmas=["23", 0],
                latent_image=["5", 0],
            ),
            n20=node("RandomNoise", noise_seed=77),
            n21=node("BasicGuider", model=["24", 0], conditioning=["6", 0]),
            n22=node("KSamplerSelect", sampler_name="heun"),
            n23=node("BasicScheduler", steps=4, model=["24", 0]),
            n24=node("UNETLoader", unet_name="flux1-dev.safetensors"),
        )

        assert (metadata.prompt, metadata.negative_prompt) == ("a lighthouse", None)
        assert (metadata.seed, metadata.steps, metadata.sampler) == (77, 4, "heun")
        assert (metadata.model, metadata.size) == ("flux1-dev.safetensors", (832, 1216))

    def test_first_pass_counts(self) -> None:
        """With a second pass after it, the pass that began the picture is told."""
        metadata = comfyui(
            n8=node("VAEDecode", samples=["20", 0]),
            n20=sampler(seed=1, steps=9, latent_image=["21", 0]),
            n21=node("LatentUpscale", samples=["3", 0], width=1664, height=2432),
        )

        assert (metadata.seed, metadata.steps, metadata.size) == (42, 25, (832, 1216))

    def test_saved_sampler_counts(self) -> None:
        """A sampler that leads to no output is passed over."""
        nodes = {"1": sampler(seed=5), **graph()}

        metadata = found(png(prompt=json.dumps(nodes)))

        assert metadata.seed == 42

    def test_linked_seed_and_size_are_followed(self) -> None:
        """Numbers kept in primitive nodes are found behind their links."""
        metadata = comfyui(
            n3=sampler(seed=["20", 0]),
            n5=node("EmptyLatentImage", width=["21", 0], height=640),
            n20=node("Seed (rgthree)", seed=8),
            n21=node("PrimitiveInt", value=960),
        )

        assert (metadata.seed, metadata.size) == (8, (960, 640))

    def test_cycles_end(self) -> None:
        """A graph that bites its tail is read without end in sight."""
        metadata = comfyui(
            n5=node("LatentUpscale", samples=["3", 0]),
            n6=node("CLIPTextEncode", text=["20", 0]),
            n10=node("LoraLoader", model=["10", 0]),
            n20=node("StringConcatenate", string_a=["6", 0], string_b=["20", 0]),
        )

        assert (metadata.generator, metadata.prompt, metadata.seed) == ("comfyui", None, 42)

    def test_workflow_alone_names_the_generator(self) -> None:
        """A workflow without its prompt graph says no more than who made it."""
        metadata = found(png(workflow='{"nodes": [], "links": []}'))

        assert (metadata.generator, metadata.prompt) == ("comfyui", None)

    def test_webp_tags_are_read(self) -> None:
        """ComfyUI's WebP has "prompt:{…}" in Model and "workflow:{…}" in Make."""
        exif = Image.Exif()
        exif[0x0110] = f"prompt:{json.dumps(graph())}"
        exif[0x010F] = 'workflow:{"nodes": [], "links": []}'

        metadata = found(drawn("WEBP", exif=exif))

        assert (metadata.generator, metadata.prompt) == ("comfyui", "a lighthouse")
        assert sorted(metadata.raw) == ["exif:Make", "exif:Model"]

    def test_infotext_fills_what_the_graph_leaves_open(self) -> None:
        """Beside an A1111 text, the graph's own values win and its gaps are filled."""
        nodes = graph(n6=node("CustomText", hidden="?"))

        metadata = found(png(prompt=json.dumps(nodes), parameters=INFOTEXT))

        assert (metadata.generator, metadata.seed) == ("comfyui", 42)
        assert metadata.prompt == "a red fox, (snow:1.2)\nby a frozen lake"

    def test_nan_costs_nothing_else(self) -> None:
        """ComfyUI's own NaN in the JSON doesn't hide the rest."""
        metadata = comfyui(n7=node("CLIPTextEncode", text="people", is_changed=[float("nan")]))

        assert metadata.negative_prompt == "people"


class TestInvokeAI:
    @pytest.mark.parametrize("model", [{"name": "juggernaut"}, {"model_name": "juggernaut"}])
    def test_current_metadata_is_read(self, model: object) -> None:
        """``invokeai_metadata`` is read, with the model's name of version 3 and of 4."""
        told = {"positive_prompt": "a fox", "negative_prompt": "text", "model": model, "seed": 5}
        told |= {"steps": 30, "scheduler": "euler", "width": 1024, "height": 768}

        metadata = found(png(invokeai_metadata=json.dumps(told)))

        assert (metadata.generator, metadata.model) == ("invokeai", "juggernaut")
        assert (metadata.prompt, metadata.negative_prompt) == ("a fox", "text")
        assert (metadata.seed, metadata.steps, metadata.sampler) == (5, 30, "euler")
        assert metadata.size == (1024, 768)

    def test_second_version_is_read(self) -> None:
        """``sd-metadata`` is read, its negative prompt parted from the brackets."""
        image = {"prompt": [{"prompt": "a fox [text, blur]", "weight": 1.0}], "sampler": "k_lms"}
        image |= {"steps": 50, "seed": 5, "width": 512, "height": 768}
        told = json.dumps({"model_weights": "deliberate", "image": image})

        metadata = found(png(sd_dash_metadata=told))

        assert (metadata.generator, metadata.model) == ("invokeai", "deliberate")
        assert (metadata.prompt, metadata.negative_prompt) == ("a fox", "text, blur")
        assert (metadata.sampler, metadata.size) == ("k_lms", (512, 768))

    @pytest.mark.parametrize(
        "arguments",
        ["-s 50 -S 42 -W 512 -H 768 -C 7.5 -A k_lms -cf 0.75", "-s50 -S42 -W512 -H768 -Ak_lms"],
    )
    def test_first_version_is_read(self, arguments: str) -> None:
        """``Dream`` is a command line, with and without blanks after its switches."""
        metadata = found(png(Dream=f'"a "red" fox [text]" {arguments}'))

        assert (metadata.generator, metadata.sampler) == ("invokeai", "k_lms")
        assert (metadata.prompt, metadata.negative_prompt) == ('a "red" fox', "text")
        assert (metadata.steps, metadata.seed, metadata.size) == (50, 42, (512, 768))


class TestFooocus:
    TOLD = json.dumps(
        {
            "prompt": "a fox",
            "negative_prompt": "",
            "base_model": "juggernautXL",
            "performance": "Speed",
            "resolution": "(1152, 896)",
            "sampler": "dpmpp_2m_sde_gpu",
            "seed": "5",
            "steps": 30,
            "version": "Fooocus v2.5.5",
        }
    )

    def test_json_scheme_is_read(self) -> None:
        """Fooocus's own scheme gives its settings, the seed from a string."""
        metadata = found(png(parameters=self.TOLD, fooocus_scheme="fooocus"))

        assert (metadata.generator, metadata.model) == ("fooocus", "juggernautXL")
        assert (metadata.prompt, metadata.negative_prompt) == ("a fox", None)
        assert (metadata.seed, metadata.steps, metadata.size) == (5, 30, (1152, 896))

    def test_json_is_known_without_its_scheme(self) -> None:
        """Settings that only Fooocus has are enough."""
        assert found(png(parameters=self.TOLD)).generator == "fooocus"

    def test_a1111_scheme_is_read(self) -> None:
        """With the A1111 scheme the text is an infotext, and the generator still Fooocus."""
        metadata = found(png(parameters=INFOTEXT, fooocus_scheme="a1111"))

        assert (metadata.generator, metadata.seed) == ("fooocus", 1234567890)

    def test_version_names_fooocus(self) -> None:
        """An infotext whose version is Fooocus's is Fooocus's."""
        metadata = found(png(parameters="fox\nSteps: 5, Seed: 1, Version: Fooocus v2.5.5"))

        assert metadata.generator == "fooocus"

    @pytest.mark.parametrize("image_format", ["JPEG", "WEBP"])
    def test_exif_is_read(self, image_format: str) -> None:
        """JPEG and WebP have the settings in UserComment and the scheme in MakerNote."""
        exif = Image.Exif()
        exif[0x9286], exif[0x0131], exif[0x927C] = self.TOLD, "Fooocus v2.5.5", "fooocus"

        metadata = found(drawn(image_format, exif=exif))

        assert (metadata.generator, metadata.seed) == ("fooocus", 5)
        assert metadata.raw["exif:MakerNote"] == "fooocus"


class TestNovelAI:
    COMMENT = json.dumps(
        {"uc": "text", "seed": 5, "steps": 28, "sampler": "k_euler", "width": 832, "height": 1216}
    )

    def test_png_texts_are_read(self) -> None:
        """Description is the prompt, Source the model, Comment the settings."""
        metadata = found(
            png(Software="NovelAI", Description="a fox", Source="SD 1", Comment=self.COMMENT)
        )

        assert (metadata.generator, metadata.model) == ("novelai", "SD 1")
        assert (metadata.prompt, metadata.negative_prompt) == ("a fox", "text")
        assert (metadata.seed, metadata.steps, metadata.sampler) == (5, 28, "k_euler")
        assert metadata.size == (832, 1216)

    def test_webp_comment_is_read(self) -> None:
        """WebP has the same texts as one JSON object in UserComment."""
        texts = {"Software": "NovelAI", "Description": "a fox", "Comment": self.COMMENT}
        exif = user_comment(b"ASCII\0\0\0" + json.dumps(texts).encode())

        metadata = found(drawn("WEBP", exif=exif))

        assert (metadata.generator, metadata.prompt, metadata.seed) == ("novelai", "a fox", 5)


class TestProvenance:
    AI = source_type("trainedAlgorithmicMedia")
    ELEMENT = f"<Iptc4xmpExt:DigitalSourceType>{AI}</Iptc4xmpExt:DigitalSourceType>"

    @pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP"])
    def test_source_type_is_marked(self, image_format: str) -> None:
        """XMP's Digital Source Type is a mark, in each format."""
        packet = xmp(self.ELEMENT)
        content = {
            "PNG": png_with(png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet)),
            "JPEG": jpeg_with(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet),
            "WEBP": webp_with(b"XMP ", packet),
        }[image_format]

        metadata = found(content)

        assert metadata.marks == ("iptc:trainedAlgorithmicMedia",)
        assert metadata.raw == {"xmp": packet.decode()}

    @pytest.mark.parametrize(
        "packet",
        [
            xmp("", f'Iptc4xmpExt:DigitalSourceType="{AI}"'),
            xmp(f'<Iptc4xmpExt:DigitalSourceType rdf:resource="{AI}"/>'),
            xmp(ELEMENT.replace("Iptc4xmpExt", "i"), prefix="i"),
            xmp(ELEMENT)[:-30],
        ],
        ids=["attribute", "resource", "other-prefix", "broken-off"],
    )
    def test_source_type_is_found_in_each_spelling(self, packet: bytes) -> None:
        """RDF has several spellings of a property, and any prefix will do."""
        assert found(webp_with(b"XMP ", packet)).marks == ("iptc:trainedAlgorithmicMedia",)

    def test_two_source_types_are_two_marks(self) -> None:
        """Types are told in order, each once."""
        composite = "compositeWithTrainedAlgorithmicMedia"
        other = self.ELEMENT.replace("trainedAlgorithmicMedia", composite)

        metadata = found(webp_with(b"XMP ", xmp(other + self.ELEMENT + other)))

        assert metadata.marks == (f"iptc:{composite}", "iptc:trainedAlgorithmicMedia")

    def test_property_of_another_namespace_is_no_mark(self) -> None:
        """Only IPTC's own property counts."""
        packet = xmp(self.ELEMENT).replace(b"iptc.org/std", b"example.org/std")

        assert found(webp_with(b"XMP ", packet)).marks == ()

    def test_entities_are_refused(self) -> None:
        """A packet with entity declarations gives no marks, and no expansion."""
        bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>' + xmp(self.ELEMENT)

        assert found(webp_with(b"XMP ", bomb)).marks == ()

    @pytest.mark.parametrize(
        "content",
        [
            png_with(png_chunk(b"caBX", jumbf(b"c2pa"))),
            jpeg_with(0xEB, b"JP\0\1\0\0\0\1" + jumbf(b"c2pa")),
            webp_with(b"C2PA", jumbf(b"c2pa")),
        ],
        ids=["png", "jpeg", "webp"],
    )
    def test_c2pa_manifest_is_marked(self, content: bytes) -> None:
        """A C2PA manifest store is a mark, though no text is embedded."""
        metadata = found(content)

        assert (metadata.generator, metadata.marks, metadata.raw) == (None, ("c2pa",), {})

    def test_c2pa_is_known_by_its_uuid(self) -> None:
        """The box type alone tells a manifest store."""
        uuid = bytes.fromhex("6332706100110010800000aa00389b71")

        metadata = found(jpeg_with(0xEB, b"JP\0\1\0\0\0\1" + jumbf(b"store", uuid)))

        assert metadata.marks == ("c2pa",)

    def test_other_jumbf_is_no_c2pa(self) -> None:
        """JPEG 360, for one, has JUMBF boxes too."""
        assert read(jpeg_with(0xEB, b"JP\0\1\0\0\0\1" + jumbf(b"j360"))) is None

    def test_c2pa_in_the_image_data_is_none(self) -> None:
        """Structure counts: a manifest among the pixels or behind the file isn't one."""
        manifest = png_chunk(b"caBX", jumbf(b"c2pa"))
        behind = drawn("JPEG") + jpeg_with(0xEB, b"JP\0\1\0\0\0\1" + jumbf(b"c2pa"))[2:]

        assert read(drawn("PNG") + manifest) is None
        assert read(behind) is None

    def test_nothing_after_the_scan_begins_counts(self) -> None:
        """What looks like a segment within JPEG's image data isn't one."""
        manifest = jpeg_with(0xEB, b"JP\0\1\0\0\0\1" + jumbf(b"c2pa"))[2:]
        content = b"\xff\xd8\xff\xda\0\2" + manifest

        assert read(content, opened_from=drawn("JPEG")) is None

    def test_other_box_is_no_c2pa(self) -> None:
        """A description outside a superbox says nothing."""
        box = jumbf(b"c2pa").replace(b"jumb", b"free")

        assert read(jpeg_with(0xEB, b"JP\0\1\0\0\0\1" + box)) is None


class TestWhatIsKept:
    @pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP", "GIF"])
    def test_plain_image_has_none(self, image_format: str) -> None:
        """A picture without anything embedded gives None."""
        assert read(drawn(image_format)) is None

    def test_camera_is_left_out(self) -> None:
        """A photo's maker, model, artist, place and maker notes are not kept."""
        exif = Image.Exif()
        exif[0x010F], exif[0x0110], exif[0x013B] = "Canon", "EOS R5", "Alice"
        exif[0x927C] = b"\1\2secret"
        exif.get_ifd(0x8825)[1] = "N"

        assert read(drawn("JPEG", exif=exif)) is None

    def test_text_after_the_image_data_is_read(self) -> None:
        """Nobody needs to decode a PNG to reach its last chunks."""
        content = png_with(png_chunk(b"tEXt", b"Comment\0late"), after_data=True)

        assert found(content).raw == {"Comment": "late"}

    @pytest.mark.parametrize("text", ["café", "灯台"])
    def test_utf8_in_a_latin_chunk_is_read(self, text: str) -> None:
        """UTF-8 where PNG wants Latin-1 is read as what it is."""
        assert found(png_with(png_chunk(b"tEXt", b"a\0" + text.encode()))).raw == {"a": text}

    def test_latin_text_is_read(self) -> None:
        """Latin-1 that isn't UTF-8 is Latin-1."""
        assert found(png_with(png_chunk(b"tEXt", b"a\0caf\xe9"))).raw == {"a": "café"}

    def test_compressed_text_is_read(self) -> None:
        """zTXt and compressed iTXt are inflated."""
        deflated = zlib.compress(b"hello")
        content = png_with(
            png_chunk(b"zTXt", b"a\0\0" + deflated),
            png_chunk(b"iTXt", b"b\0\1\0en\0B\0" + deflated),
        )

        assert found(content).raw == {"a": "hello", "b": "hello"}

    def test_later_text_of_a_keyword_counts(self) -> None:
        """Of two texts with one keyword the later stays, as Pillow has it."""
        content = png_with(png_chunk(b"tEXt", b"a\0one"), png_chunk(b"tEXt", b"a\0two"))

        assert found(content).raw == {"a": "two"}

    def test_long_jpeg_exif_is_joined(self) -> None:
        """EXIF of more than one segment is read as one."""
        text = "x" * 100_000
        exif = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x9286, 2, len(text), 26, 0) + text.encode()
        first = b"\xff\xe1" + struct.pack(">H", 60_008) + b"Exif\0\0" + exif[:60_000]
        rest = exif[60_000:]
        second = b"\xff\xe1" + struct.pack(">H", len(rest) + 8) + b"Exif\0\0" + rest
        plain = drawn("JPEG")

        assert found(plain[:2] + first + second + plain[2:]).raw == {"exif:UserComment": text}

    def test_multi_picture_jpeg_is_read(self) -> None:
        """Phones write MPO, which is a JPEG with more behind it."""
        second = Image.new("RGB", (8, 6))
        content = drawn("MPO", save_all=True, append_images=[second])
        with Image.open(io.BytesIO(content)) as image:
            assert image.format == "MPO"
        packet = b"http://ns.adobe.com/xap/1.0/\0<x/>"
        segment = b"\xff\xe1" + struct.pack(">H", len(packet) + 2) + packet

        metadata = read(content[:2] + segment + content[2:], opened_from=content)

        assert metadata is not None
        assert metadata.raw == {"xmp": "<x/>"}

    def test_odd_webp_chunk_is_padded(self) -> None:
        """A chunk of odd length has a byte more, which isn't part of the next."""
        content = webp_with(b"JUNK", b"abc") + b"XMP \4\0\0\0<x/>"

        metadata = read(content, opened_from=drawn("WEBP"))

        assert metadata is not None
        assert metadata.raw == {"xmp": "<x/>"}

    def test_memoryview_is_read_like_bytes(self) -> None:
        """The bytes may come as a view of a larger buffer."""
        content = png(parameters=INFOTEXT)
        view = memoryview(b"xx" + content)[2:]

        with Image.open(io.BytesIO(content)) as image:
            assert read_metadata(image, view) == found(content)

    def test_image_is_not_decoded(self) -> None:
        """Reading leaves the pixels alone."""
        content = png(parameters=INFOTEXT)

        with Image.open(io.BytesIO(content)) as image:
            before = len(image.tile)
            read_metadata(image, content)

            assert len(image.tile) == before == 1


class TestHostileFiles:
    def test_nul_and_surrogates_are_dropped(self) -> None:
        """Strings that PostgreSQL would refuse are cleaned, values and names alike."""
        told = '{"positive_prompt": "a\\u0000 f\\ud800ox \\ud83e\\udd8a", "seed": 1}'

        metadata = found(png_with(png_chunk(b"tEXt", b"invokeai_metadata\0" + told.encode())))

        assert metadata.prompt == "a fox 🦊"

    def test_nul_in_raw_text_is_dropped(self) -> None:
        """The raw text has no NUL either."""
        content = png_with(png_chunk(b"iTXt", b"a\0\0\0\0\0x\0y\xed\xa0\x80z"))

        assert found(content).raw == {"a": "xy\ufffd\ufffd\ufffdz"}

    @pytest.mark.parametrize(
        ("told", "seed"),
        [
            ("9223372036854775807", 2**63 - 1),
            ("9223372036854775808", None),
            ("-9223372036854775808", -(2**63)),
            ("1" * 5000, None),
            ("NaN", None),
            ("1e999", None),
            ("true", None),
            ("12.5", None),
            ("12.0", 12),
            ('"17"', 17),
            ('"1_7"', None),
            ('"\u0661"', None),
            ("[1]", None),
        ],
    )
    def test_seed_fits_the_database(self, told: str, seed: int | None) -> None:
        """Numbers that aren't whole, or not in 64 bits, are None; the rest is still read."""
        metadata = found(png(invokeai_metadata=f'{{"seed": {told}, "positive_prompt": "fox"}}'))

        assert (metadata.seed, metadata.prompt) == (seed, "fox")

    @pytest.mark.parametrize(("width", "height"), [(0, 5), (-4, 5), (5, -4), (5, None)])
    def test_impossible_number_of_pixels_is_none(self, width: object, height: object) -> None:
        """Width and height count together, and only where both are positive."""
        told = json.dumps({"width": width, "height": height})

        assert found(png(invokeai_metadata=told)).size is None

    @pytest.mark.parametrize("size", ["0x5", "-4x5", "5x", "99999999999x1"])
    def test_impossible_size_is_none(self, size: str) -> None:
        """A size without two positive numbers is none."""
        assert found(png(parameters=f"fox\nSteps: 5, Seed: 1, Size: {size}")).size is None

    def test_last_of_duplicate_keys_counts(self) -> None:
        """Duplicate keys are no reason to fail."""
        assert found(png(invokeai_metadata='{"seed": 1, "seed": 2}')).seed == 2

    @pytest.mark.parametrize("opening", ["[", '{"a":', '{"3": {"inputs": {"a": '])
    def test_deep_nesting_stays_raw(self, opening: str) -> None:
        """JSON nested past Python's limit is kept as text."""
        metadata = found(png(prompt=opening * 10_000))

        assert metadata.generator is None
        assert metadata.raw == {"prompt": opening * 10_000}

    @pytest.mark.parametrize("value", ["null", "[]", "5", '"x"', "{}", '{"1": 5}', '{"1": {}}'])
    @pytest.mark.parametrize(
        "place", ["prompt", "workflow", "parameters", "invokeai_metadata", "Comment", "Dream"]
    )
    def test_json_of_another_shape_is_survived(self, place: str, value: str) -> None:
        """JSON that is something else than expected is kept."""
        assert found(png(**{place: value})).raw == {place: value}

    def test_entry_is_capped(self) -> None:
        """One text is cut at 256 KB of UTF-8, between characters."""
        metadata = found(png_with(png_chunk(b"tEXt", b"a\0b" + "é".encode() * 200_000)))

        assert metadata.raw == {"a": "b" + "é" * 131_071}

    def test_all_entries_are_capped(self) -> None:
        """All texts together are cut at 1 MB."""
        chunks = [png_chunk(b"tEXt", b"%d\0" % i + b"x" * 200_000) for i in range(9)]

        raw = found(png_with(*chunks)).raw

        assert [len(text) for text in raw.values()] == [200_000] * 5 + [48_576]

    def test_number_of_entries_is_capped(self) -> None:
        """However short they are, 256 texts are enough."""
        chunks = [png_chunk(b"tEXt", b"%d\0x" % i) for i in range(300)]

        assert len(found(png_with(*chunks)).raw) == 256

    def test_deflate_bomb_is_cut(self) -> None:
        """A text that inflates to gigabytes costs no more than the cap."""
        bomb = zlib.compress(b"x" * 50_000_000)

        content = png_with(*[png_chunk(b"zTXt", b"%d\0\0" % i + bomb) for i in range(200)])

        tracemalloc.start()
        metadata = read(content, opened_from=png_with())
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert peak_bytes < 10_000_000
        assert metadata is not None
        assert [len(text) for text in metadata.raw.values()] == [262_144] * 4

    @pytest.mark.parametrize(
        "text",
        [
            "a" * 250_000,
            " " * 250_000 + "x",
            "Steps: " + ":" * 250_000,
            "Steps: " + 'a:"' * 80_000,
            "Steps: " + 'a:"\\' * 60_000,
            "Steps: 1, Seed: 1, " + "a: 1, " * 40_000,
            "Steps: 1\n" * 25_000,
            "Negative prompt:\n" * 14_000,
            '"' + "[" * 250_000,
            "-s " * 80_000,
        ],
        ids=range(10),
    )
    @pytest.mark.parametrize("place", ["parameters", "Dream"])
    def test_hostile_text_is_read_in_linear_time(self, place: str, text: str) -> None:
        """No text of the size allowed keeps a worker for long."""
        content = png_with(png_chunk(b"tEXt", place.encode() + b"\0" + text.encode()))

        begun = time.process_time()
        read(content)

        assert time.process_time() - begun < 2

    def test_hub_of_samplers_is_walked_in_bounded_time(self) -> None:
        """Thousands of passes that each lead through all others aren't all followed."""
        one = {"seed": 1, "positive": ["0", 0], "latent_image": ["0", 0]}
        nodes = {str(i): node("x", **one) for i in range(1, 1_900)}
        links = [1] * 5_000 + list(range(1, 1_900))
        nodes["0"] = node("x", **{str(i): [to, 0] for i, to in enumerate(links)})
        text = json.dumps(nodes, separators=(",", ":"))
        assert len(text) < 262_144

        begun = time.process_time()
        metadata = found(png(prompt=text))

        assert metadata.seed == 1
        assert time.process_time() - begun < 2

    @pytest.mark.parametrize("shape", ["chain", "samplers", "fan"])
    def test_hostile_graph_is_walked_in_bounded_time(self, shape: str) -> None:
        """A graph of thousands of nodes is walked a fixed number of times."""
        link = {"chain": "text", "samplers": "latent_image", "fan": "text"}[shape]
        nodes = {
            str(i): node("CLIPTextEncode", **{link: [str(i + 1), 0], "positive": ["0", 0]})
            for i in range(2_500)
        }
        nodes["0"] = node("SaveImage", seed=1, positive=["1", 0], latent_image=["1", 0])
        if shape == "fan":
            nodes["1"] = node("Text", **{f"text{i}": [str(i), 0] for i in range(2_500)})

        begun = time.process_time()
        read(png(prompt=json.dumps(nodes)))

        assert time.process_time() - begun < 2

    def test_exif_with_many_large_values_is_bounded(self) -> None:
        """Thousands of entries that share one large value aren't copied one by one."""
        entry = struct.pack("<HHII", 0x9286, 7, 10_000_000, 8)
        exif = (
            b"II*\0" + struct.pack("<IH", 8, 65_535) + struct.pack("<HHI4s", 0x9286, 2, 4, b"fox\0")
        )
        content = webp_with(b"EXIF", exif + entry * 65_534 + b"x" * 10_000_000)

        tracemalloc.start()
        metadata = read(content, opened_from=drawn("WEBP"))
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert metadata is not None
        assert metadata.raw == {"exif:UserComment": "fox"}
        assert peak_bytes < 5_000_000

    @pytest.mark.parametrize("offset", [0, 7, 8, 9, 2**31, 2**32 - 1])
    def test_exif_directory_outside_the_file_is_none(self, offset: int) -> None:
        """An EXIF header that points anywhere harms nothing."""
        exif = b"MM\0*" + struct.pack(">I", offset) + b"\xff"

        assert read(webp_with(b"EXIF", exif), opened_from=drawn("WEBP")) is None

    def test_large_exif_value_is_cut(self) -> None:
        """A text of ten megabytes is not read whole."""
        exif = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x9286, 2, 10_000_000, 26, 0)
        content = webp_with(b"EXIF", exif + b"x" * 10_000_000)

        tracemalloc.start()
        metadata = read(content, opened_from=drawn("WEBP"))
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert metadata is not None
        assert metadata.raw == {"exif:UserComment": "x" * 262_144}
        assert peak_bytes < 5_000_000

    def test_millions_of_chunks_are_bounded(self) -> None:
        """A file of nothing but small chunks is left before it costs seconds."""
        content = png_with(png_chunk(b"juNK", b"") * 100_000, png_chunk(b"tEXt", b"a\0b"))

        assert read(content, opened_from=png_with()) is None

    def test_unreadable_buffer_gives_none_and_is_logged(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What nobody thought of costs the metadata, not the upload, and leaves a trace."""
        content = png(parameters=INFOTEXT)
        view = memoryview(content)
        view.release()

        with Image.open(io.BytesIO(content)) as image:
            metadata = read_metadata(image, view)

        assert metadata is None
        assert [record.levelname for record in caplog.records] == ["ERROR"]


def assert_storable(metadata: EmbeddedMetadata | None) -> None:
    if metadata is None:
        return
    named = (metadata.prompt, metadata.negative_prompt, metadata.model, metadata.sampler)
    texts = [*metadata.raw, *metadata.raw.values(), *metadata.marks, *filter(None, named)]
    assert all("\0" not in text and len(text.encode()) <= 262_144 for text in texts)
    numbers = [metadata.seed, metadata.steps, *(metadata.size or ())]
    assert all(-(2**63) <= number < 2**63 for number in numbers if number is not None)
    assert sum(len(text.encode()) for text in metadata.raw.values()) <= 1_048_576


KEYWORDS = st.sampled_from(
    [
        *("parameters", "prompt", "workflow", "invokeai_metadata", "sd-metadata", "Dream"),
        *("Comment", "Software", "Description", "fooocus_scheme", "XML:com.adobe.xmp"),
    ]
)
PIECES = st.sampled_from(
    [*'\n"\\,:[]{}\0\ud800é', "Steps: 5, ", "Negative prompt:", "Seed: 9", "Size: 5x5", "-s 5"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
INPUT_NAMES = st.sampled_from(
    [
        *("text", "positive", "negative", "model", "latent_image", "samples", "seed", "steps"),
        *("guider", "width", "height", "noise", "sampler_name", "ckpt_name", "image", "prompt"),
    ]
)
LINKS = st.lists(st.sampled_from(["0", "1", "2", 3, 0, -1]) | SCALARS, max_size=3)
GRAPHS = st.dictionaries(
    st.sampled_from("0123"),
    st.fixed_dictionaries(
        {
            "class_type": st.sampled_from(["KSampler", "SaveImage", "CLIPTextEncode"]) | SCALARS,
            "inputs": st.dictionaries(INPUT_NAMES, LINKS | SCALARS) | SCALARS,
        }
    )
    | SCALARS,
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(INPUT_NAMES | st.sampled_from(["image", "uc", "base_model"]), inner)
    ),
    max_leaves=10,
)
TEXTS = (
    st.lists(PIECES | st.text(max_size=8), max_size=20).map("".join)
    | GRAPHS.map(json.dumps)
    | JSON.map(json.dumps)
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(KEYWORDS, TEXTS), max_size=4))
def test_random_text_chunks_never_raise(texts: list[tuple[str, str]]) -> None:
    """Whatever text stands under a keyword, what comes back can be stored."""
    chunks = [
        png_chunk(b"iTXt", name.encode() + b"\0\0\0\0\0" + text.encode("utf-8", "surrogatepass"))
        for name, text in texts
    ]

    assert_storable(read(png_with(*chunks)))


def example_files() -> dict[str, bytes]:
    packet = xmp(TestProvenance.ELEMENT)
    comment = user_comment(b"UNICODE\0" + INFOTEXT.encode("utf-16-be"))
    return {
        "PNG": png_with(
            png_chunk(b"zTXt", b"parameters\0\0" + zlib.compress(INFOTEXT.encode())),
            png_chunk(b"tEXt", b"prompt\0" + json.dumps(graph()).encode()),
            png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet),
            png_chunk(b"eXIf", comment.tobytes()[6:]),
            png_chunk(b"caBX", jumbf(b"c2pa")),
        ),
        "JPEG": drawn("JPEG", exif=comment, xmp=packet)[:2]
        + jpeg_with(0xEB, b"JP\0\1\0\0\0\1" + jumbf(b"c2pa"))[2:60]
        + drawn("JPEG", exif=comment, xmp=packet)[2:],
        "WEBP": drawn("WEBP", exif=comment, xmp=packet),
    }


FILES = example_files()


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(sorted(FILES)),
    st.lists(st.tuples(st.integers(0, 10_000), st.binary(min_size=1, max_size=4)), max_size=6),
    st.none() | st.integers(0, 10_000),
)
def test_mutated_files_never_raise(
    image_format: str, mutations: list[tuple[int, bytes]], cut_at: int | None
) -> None:
    """A file overwritten in places and cut short is read as far as it goes."""
    content = bytearray(FILES[image_format])
    for position, patch in mutations:
        at = position % len(content)
        content[at : at + len(patch)] = patch

    assert_storable(read(bytes(content[:cut_at]), opened_from=FILES[image_format]))


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS} (set GALLERY_CORPUS)")
class TestCorpus:
    def test_known_files_are_read(self) -> None:
        """Files that the generators themselves wrote give what they are known to hold."""
        expected = {
            "ai_metadata__automatic1111_cropped.jpg": ("automatic1111", 235284042, (512, 400)),
            "ai_metadata__hypernetwork_example.png": ("comfyui", 572636856966402, (512, 512)),
            "ai_metadata__invokeai_imeta1.png": ("invokeai", 3293022630, (1024, 1024)),
            "ai_metadata__novelai1_cropped.png": ("novelai", 2253955223, None),
            "ai_metadata__text_to_video_wan.webp": ("comfyui", 82628696717253, (832, 480)),
            "ai_metadata__unclip_2pass_cropped.png": ("comfyui", 1106257833005336, (1280, 704)),
        }

        read_files = {name: found((CORPUS / name).read_bytes()) for name in expected}

        assert {n: (m.generator, m.seed, m.size) for n, m in read_files.items()} == expected

    def test_every_file_is_survived(self) -> None:
        """Whatever Pillow opens can be read, and what comes back can be stored."""
        opened = 0
        for path in sorted(CORPUS.iterdir()):
            content = path.read_bytes()
            try:
                Image.open(io.BytesIO(content)).close()
            except Exception:  # noqa: BLE001 - whatever Pillow refuses isn't read here.
                continue
            assert_storable(read(content))
            opened += 1

        assert opened > 50
