"""How well the lens reads: decode rate against size, tilt, blur and contrast, for compact and long form.

Each frame is judged alone; the camera looks at six a second. `make bench-qr`; ends with one line of JSON, rates in
percent. Takes about two minutes.
"""

import json
import os
from dataclasses import replace

from tests.benchmarks.qr_trials import BAD_LIGHT, FORMS, HEIGHT_SHARE, LARGEST_VERSION, Shown, draw, read_rate
from tests.ending import end_what_we_started

TRIALS = int(os.environ.get("BELVEDERE_QR_TRIALS", "20"))
TILT = 25.0
SIZES = (0.2, 0.25, 0.3, 0.4, 0.6)
TILTS = (0.0, 15.0, 25.0, 35.0, 45.0)
BLURS = (0.0, 1.0, 2.0, 2.5, 3.0)
CONTRASTS = (1.0, 0.5, 0.25, 0.15, 0.1)


def percent(shown: Shown, *, share: float = HEIGHT_SHARE, tilt: float = TILT, **light: float) -> int:
    base = replace(BAD_LIGHT, **light)
    return round(100 * read_rate(shown, base, share=share, tilt=tilt, trials=TRIALS))


def table(title: str, columns: tuple[float, ...], rows: list[tuple[str, list[int]]]) -> None:
    print(f"\n{title:38}" + "".join(f"{column:>8g}" for column in columns))
    for label, rates in rows:
        print(f"  {label:36}" + "".join(f"{rate:>6} %" for rate in rates))


def main() -> None:
    codes = [draw(label, level) for label in FORMS for level in "LM"]
    names = [f"{code.label} {code.level} (v{code.version}, {len(code.text)} bytes)" for code in codes]
    print(
        f"QR codes in a 1280x720 frame, {TRIALS} frames each. Unless the column says otherwise: {HEIGHT_SHARE:.0%} of "
        f"the height,\ntilted up to {TILT:g}°, turned freely, blur {BAD_LIGHT.blur:g} px, "
        f"contrast {BAD_LIGHT.contrast:g}, noise {BAD_LIGHT.noise:g}, JPEG {BAD_LIGHT.quality}."
    )
    assert all(code.version <= LARGEST_VERSION for code in codes)
    size = [[percent(code, share=value) for value in SIZES] for code in codes]
    table("part of the frame's height", SIZES, list(zip(names, size, strict=True)))
    tilt = [[percent(code, tilt=value) for value in TILTS] for code in codes]
    table("tilted up to (degrees)", TILTS, list(zip(names, tilt, strict=True)))
    blur = [[percent(code, blur=value) for value in BLURS] for code in codes]
    table("blur (pixels)", BLURS, list(zip(names, blur, strict=True)))
    contrast = [[percent(code, contrast=value) for value in CONTRASTS] for code in codes]
    table("contrast", CONTRASTS, list(zip(names, contrast, strict=True)))
    judged = {
        f"{code.label}_{code.level}".replace("+k,x,h", "_full").lower(): rates[SIZES.index(HEIGHT_SHARE)]
        for code, rates in zip(codes, size, strict=True)
    }
    print("\n" + json.dumps({f"{name}_pct": rate for name, rate in judged.items()}))


if __name__ == "__main__":
    end_what_we_started()
    main()
