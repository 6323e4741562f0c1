"""The lens: looks for an onboarding code in a stream of frames.

Bounded on purpose: at most `READS_PER_SECOND` frames are looked at, one at a time, in one thread of its own, with a
rest after each that is as long as the look; the frames in between are let go. So scanning takes at most half a core of
a small camera, and never fills a queue.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import structlog
import zxingcpp
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from signaling.protocol.qr import BadPayload, OnboardingCode, read

log = structlog.get_logger(__name__)

READS_PER_SECOND = 6.0
"""A hand is held still for about a second; six looks are enough and leave the processor free."""
MAX_FOREIGN = 32
"""Foreign codes that are remembered so that each is reported once; a poster wall has fewer."""
QR_CODES = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
SMALL_SIDE = 720
"""Frames up to this height are also looked at enlarged; larger ones have pixels enough."""

Frame = NDArray[np.uint8]


def texts_in(frame: Frame) -> list[str]:
    """The texts of all QR codes in a grey (height, width) or RGB (height, width, 3) frame; [] if there is none.

    First as it is; then sharpened and stretched, which rescues pictures that are out of focus or badly lit.
    """
    gray = _gray(frame)
    found = _read(gray)
    return found or _read(np.asarray(_rescued(Image.fromarray(gray))))


def _gray(frame: Frame) -> Frame:
    if frame.ndim == 2:
        return np.ascontiguousarray(frame)
    return np.asarray(Image.fromarray(frame).convert("L"))


def _rescued(image: Image.Image) -> Image.Image:
    stretched = ImageOps.autocontrast(image, cutoff=1)
    if image.height <= SMALL_SIDE:
        stretched = stretched.resize((image.width * 2, image.height * 2), Image.Resampling.BICUBIC)
    return stretched.filter(ImageFilter.UnsharpMask(radius=4, percent=200, threshold=0))


def _read(gray: Frame) -> list[str]:
    results = zxingcpp.read_barcodes(gray, formats=QR_CODES)
    return [result.text for result in results if result.valid and result.text]


class Lens:
    """Consumes frames (grey or RGB arrays) until one shows a code of ours that is not to be skipped."""

    def __init__(
        self,
        frames: AsyncIterator[Frame],
        *,
        monotonic: Callable[[], float],
        decode: Callable[[Frame], list[str]] = texts_in,
        skip: Callable[[OnboardingCode], bool] = lambda _: False,
    ) -> None:
        self._frames = frames
        self._monotonic = monotonic
        self._decode = decode
        self._skip = skip
        self._foreign: set[str] = set()

    async def scan(self) -> OnboardingCode | None:
        """The first onboarding code seen; None when the frames end. Errors of the frames pass through."""
        with ThreadPoolExecutor(1, thread_name_prefix="lens") as reader:
            loop = asyncio.get_running_loop()
            due = self._monotonic()
            async for frame in self._frames:
                if self._monotonic() < due:
                    continue
                began = self._monotonic()
                code = self._ours(await loop.run_in_executor(reader, self._decode, frame))
                ended = self._monotonic()
                due = max(began + 1 / READS_PER_SECOND, ended + (ended - began))
                if code is not None:
                    return code
        return None

    def _ours(self, texts: list[str]) -> OnboardingCode | None:
        for text in texts:
            try:
                code = read(text)
            except BadPayload as error:
                self._report(text, str(error))
                continue
            if not self._skip(code):
                return code
        return None

    def _report(self, text: str, reason: str) -> None:
        """Once for each foreign code; its text stays out of the log, because it may hold somebody's password."""
        if text not in self._foreign and len(self._foreign) < MAX_FOREIGN:
            self._foreign.add(text)
            log.warning("foreign_code", reason=reason, advice="show the code of your server's “Add a camera” page")
