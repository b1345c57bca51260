"""What is measured, drawn and grown on a desk: `hazri-edge bench`, `trace` and `synth`. Each returns the exit code."""

import json
import os
from argparse import Namespace
from functools import partial
from pathlib import Path
from typing import Any

from edge import SetupError
from edge.health.report import line as say
from edge.progress import progress
from edge.settings import Settings


def bench(args: Namespace, _settings: Settings | None) -> int:
    if args.what == "start":
        from edge.start_bench import bench_start

        report = bench_start()
        say(json.dumps(report) if args.json else json.dumps(report, indent=2))
        return 0
    if args.data is None:
        raise SetupError(f"bench {args.what}: name a folder, --data DIR")
    from matching import MatchingError
    from matching.bench import bench_fingerprint
    from matching.bench_face import bench_face
    from matching.bench_identify import bench_identify
    from matching.leave_out import leave_out

    if args.leave_one_out and args.what != "fingerprint":
        raise SetupError("--leave-one-out is for bench fingerprint only")
    if args.plot and (args.what == "identify" or args.leave_one_out):
        raise SetupError("--plot draws the curves of bench fingerprint and bench face only")
    try:
        with progress() as tell:
            if args.what == "face":
                report = bench_face(args.data, tell)
            elif args.what == "identify":
                report = bench_identify(args.data, args.cache, grown=args.people, dpi=dict(args.dpi), progress=tell)
            elif args.leave_one_out:
                report = leave_out(args.data, dict(args.dpi), tell)
            else:
                report = bench_fingerprint(args.data, args.protocol, dict(args.dpi), tell)
    except MatchingError as error:
        raise SetupError(str(error)) from None
    if args.plot:
        _plot(args.plot, report)
    say(json.dumps(report) if args.json else json.dumps(report, indent=2))
    return 0


def _plot(file: Path, report: dict[str, Any]) -> None:
    from matching.plot import det_svg

    write_file(file, det_svg(report["det"], "Detection error trade-off").encode(), 0o644)


def trace(args: Namespace, _settings: Settings | None) -> int:
    """Pictures of what the pipeline saw of a finger, or of two; only their owner can read them."""
    from matching import MatchingError, trace_pictures

    first = _picture(args.image)
    second = _picture(args.against) if args.against else None
    try:
        seen = trace_pictures.trace(first, args.dpi, second)
        files = trace_pictures.save(seen.pictures, args.out)
    except MatchingError as error:
        raise SetupError(str(error)) from None
    for side, view in zip("ab", seen.views, strict=False):
        q = view.quality
        advice = q.advice.value if q.advice else "none"
        say(
            f"finger {side}: {q.minutiae} minutiae, clarity {q.clarity or 0:.2f}, {q.area_mm2:.0f} mm², advice {advice}"
        )
    if seen.score is not None:
        say(f"score {seen.score:.3f}")
    say(f"{len(files)} pictures in {args.out}; {files[-1].name} has them all")
    return 0


def synth(args: Namespace, _settings: Settings | None) -> int:
    from matching.synthetic import SyntheticError, generate

    try:
        with progress() as tell:
            grown = partial(tell, "synthetic pictures")
            paths = generate(args.people, args.impressions, args.seed, args.out, grown, condition=args.condition)
    except SyntheticError as error:
        raise SetupError(str(error)) from None
    say(f"{len(paths)} synthetic pictures of {args.people} fingers that nobody has in {args.out}")
    return 0


def _picture(file: Path) -> Any:
    """The grey picture in `file`."""
    import cv2
    import numpy as np

    try:
        data = np.frombuffer(file.read_bytes(), np.uint8)
    except OSError as error:
        raise SetupError(f"{file}: {error.strerror}") from None
    image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if len(data) else None
    if image is None:
        raise SetupError(f"{file} is not a picture that can be read")
    return image


def write_file(path: Path, data: bytes, mode: int) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(data)
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror}") from None
