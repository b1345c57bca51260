"""`python -m docs.site`: gather, build strictly, follow every link. Ends with 1 when anything is not sound."""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import yaml  # type: ignore[import-untyped]

from docs.site import api, links, pages, poster

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Print what is wrong, or where the site lies."""
    parser = argparse.ArgumentParser(prog="python -m docs.site", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=ROOT / "build" / "docs", help="where to build (default: build/docs)"
    )
    parser.add_argument("--poster", type=Path, metavar="FILE", help="write the employees' poster alone, and end")
    args = parser.parse_args()
    if args.poster:
        args.poster.write_bytes(poster.pdf())
        return 0
    try:
        gather(ROOT, args.out)
    except pages.PageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if not build(args.out):
        return 1
    broken = links.broken(args.out / "site")
    sys.stdout.write(("\n".join(broken) or f"{args.out}/site/index.html: every link leads somewhere") + "\n")
    return bool(broken)


def gather(root: Path, out: Path) -> None:
    """The sources as the generator wants them: out/mkdocs.yml and out/pages. Raises PageError."""
    shutil.rmtree(out, ignore_errors=True)
    made = out / "pages"
    made.mkdir(parents=True)
    homes = pages.homes(root)
    for home, page in homes.items():
        target = made / page
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(pages.rendered(root, home, homes))
    shutil.copytree(root / "docs" / "pictures", made / "pictures")
    (made / "api.md").write_text(api.reference())
    (made / "openapi.json").write_text(api.document())
    (made / "poster.pdf").write_bytes(poster.pdf())
    settings = yaml.safe_load((root / "mkdocs.yml").read_text())
    settings["nav"] = pages.navigation(settings["nav"], {page: pages.title(made / page) for page in homes.values()})
    (out / "mkdocs.yml").write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False))


def build(out: Path) -> bool:
    """Whether the generator found nothing to complain of."""
    program = Path(sys.executable).parent / "zensical"
    done = subprocess.run([program, "build", "--strict", "--clean", "-f", out / "mkdocs.yml"], check=False)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
