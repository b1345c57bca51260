"""What a technician sets a machine up with: `hazri-edge setup`, `claim`, `firstboot`, `logs` and `image`."""

import os
import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace

from edge import SetupError
from edge.health.report import line as say
from edge.settings import Settings, Uplink
from edge.trust.claim import Step, Waiting

_TOLD = {
    Step.NETWORK: "{terminal}: the server is not reached: {why}",
    Step.APPROVAL: "{terminal}: waits until it is approved, on the dashboard or with `hazri-server claim approve`",
    Step.ADMITTED: "{terminal}: admitted",
}


def setup(args: Namespace, settings: Settings, uplink: Uplink) -> int:
    """Pages where there is a terminal to show them on, else lines."""
    from edge.screen.words import Language
    from edge.setup import plain
    from edge.setup.said import Desk

    names = [word for word in args.what if "=" not in word]
    given = dict(word.split("=", 1) for word in args.what if "=" in word)
    bare = os.environ.get("TERM") == "linux"  # the kernel's own console has no Devanagari
    desk, language = Desk(settings, uplink), Language(args.language or ("en" if bare else "hi"))
    if args.plain or names or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return plain.run(desk, names, given, language)
    try:
        from edge.setup import app
    except ImportError:
        raise SetupError("setup: pages need the package textual (hazri[setup]); `--plain` does without") from None
    return app.run(desk, language)


def logs(args: Namespace, settings: Settings) -> int:
    from edge.health import logs as bundle

    say(f"{bundle.write(settings, args.out)}: no name, digit, finger or key is in it")
    return 0


def claim(args: Namespace, settings: Settings) -> int:
    from edge.image import dropin
    from edge.trust import claim as claiming

    one = dropin.read(args.token_file)
    if args.server:
        one = replace(one, server=args.server)
        dropin.check(one)
    claiming.claim(settings.state_dir, one, claiming.Patience(tell, limit_s=args.wait))
    return 0


def firstboot(args: Namespace, settings: Settings) -> int:
    import shutil

    from edge.image import dropin
    from edge.image import firstboot as first
    from edge.trust import sealing

    path = first.find((args.source,) if args.source else first.CARDS)
    if path is None:
        say("no hazri.toml with a token: there is nothing to do")
        return 0
    machine = sealing.Machine()
    with sealing.opened(settings.state_dir, machine):
        first.boot(
            path, settings.state_dir, first.System(settings=args.config), _shown(settings, dropin.read(path).server)
        )
    if shutil.which(machine.program):
        say(f"the keys are sealed: {sealing.seal(settings.state_dir, machine)}")
    return 0


def image(args: Namespace, _settings: Settings | None) -> int:
    if args.what == "dropin":
        from edge.image import card as images
        from edge.image import dropin

        if args.file is None or args.to is None:
            raise SetupError("image dropin: name --file and --to")
        say(images.put(dropin.read(args.file), args.to))
        return 0
    from edge.image import deb as image_deb

    say(str(image_deb.build(args.arch, args.wheels, args.out)))
    return 0


def _shown(settings: Settings, server: str) -> Callable[[Waiting], None]:
    """Says each step, and shows it where there is a panel."""
    from edge.image import firstboot_screen
    from edge.screen import shows
    from edge.screen.words import Language

    panel = shows.panel(settings)
    if panel is None:
        return tell
    languages = tuple(Language(code) for code in settings.shown.languages)
    show = firstboot_screen.shower(panel, languages, f"{server.rstrip('/')}/claims")

    def both(waiting: Waiting) -> None:
        tell(waiting)
        show(waiting)

    return both


def tell(waiting: Waiting) -> None:
    say(_TOLD[waiting.step].format(terminal=waiting.terminal, why=waiting.why))
