"""Spoken prompts: one sound file a message and language, made by espeak-ng and free to be replaced by a person's voice.

    FOLDER/hi/accepted.in.wav, FOLDER/hi/advice.wipe.wav, …      names as in edge.screen.words.catalogue

A message without a file is not spoken. Whatever is being said stops when there is something newer to say.
"""

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from edge import SetupError
from edge.files import make_folder
from edge.screen.latest import Latest
from edge.screen.scene import Screen, screen
from edge.screen.words import Language, Words, catalogue
from edge.session.states import Done, IdentifyReady, Idle, Pin, State, SuperviseTyping, Technician, Typing, Working

_VOICES = {Language.HINDI: "hi", Language.ENGLISH: "en-gb", Language.KANNADA: "kn", Language.URDU: "ur"}
_WORDS_A_MINUTE = 150
_BLANKS = re.compile(r"\([^)]*\{[^)]*\)|\{\w+\}")
_SILENT = ("pin", "pin_wrong", "receipt", "clock_corner", "yes", "no")
_PREFIXES_SILENT = ("page.", "fact.")
_MAKE_S = 30.0
_HUSH_S = 0.3


def spoken(words: Words, language: Language) -> str:
    """What is said of a message: without what the screen fills in, and without signs."""
    text = _BLANKS.sub(" ", words.within(language)).replace("↵", _ENTER[language]).replace("…", "")
    return " ".join(text.split())


_ENTER = {Language.HINDI: "एंटर", Language.ENGLISH: "enter", Language.KANNADA: "ಎಂಟರ್", Language.URDU: "اینٹر"}


def to_say(state: State) -> tuple[str, ...]:
    """The names of the messages to speak in a state, in order; a key or a technician's page says nothing (S16)."""
    match state:
        case Idle() | IdentifyReady() | Working() | Pin() | Technician():
            return ()
        case Typing(keys, kind) if keys != 1 or kind is None:
            return ()
        case SuperviseTyping(keys) if keys:
            return ()
    return tuple(name for name in map(_name, _said(screen(state), isinstance(state, Done))) if name)


def _said(picture: Screen, ending: bool) -> Sequence[Words]:
    return picture.lines if ending else picture.lines[:1]


def _name(words: Words) -> str:
    return _NAMES.get(words.unfilled or words, "")


_NAMES = {words: name for name, words in catalogue().items()}


class Voice:
    """A Show (see edge.session.states). `play` starts one sound after the other: a command, the files follow it."""

    def __init__(
        self,
        folder: Path,
        languages: Sequence[Language],
        trouble: Callable[[str], None] = lambda _: None,
        play: Sequence[str] = ("aplay", "-q"),
    ) -> None:
        self._folder = folder
        self._languages = tuple(languages)
        self._command = tuple(play)
        self._playing: subprocess.Popen[bytes] | None = None
        self._latest = Latest("voice", self._say, trouble)

    def __call__(self, state: State) -> None:
        self._latest.put(state)

    def close(self) -> None:
        """Silence."""
        self._latest.close()
        self._hush()

    def files(self, state: State) -> list[Path]:
        """What would be played now: in each language what there is a file for."""
        names = to_say(state)
        paths = (self._folder / language / f"{name}.wav" for language in self._languages for name in names)
        return [path for path in paths if path.is_file()]

    def _say(self, state: State) -> None:
        if isinstance(state, Typing) and not to_say(state):
            return  # a key does not cut off the prompt that asked for it
        self._hush()
        files = self.files(state)
        if files:
            self._playing = subprocess.Popen(
                [*self._command, *map(str, files)], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )

    def _hush(self) -> None:
        playing, self._playing = self._playing, None
        if playing is None:
            return
        playing.terminate()
        try:
            playing.wait(_HUSH_S)
        except subprocess.TimeoutExpired:  # a player that waits for a sound card that hangs is deaf
            playing.kill()
            playing.wait()


def make(out: Path, languages: Sequence[Language], tell: Callable[[str], None]) -> None:
    """Speak every message into a file; files that are there are left alone. Raises SetupError."""
    if shutil.which("espeak-ng") is None:
        raise SetupError("espeak-ng is not installed: apt install espeak-ng, or put your own recordings in the folder")
    for language in languages:
        folder = out / language
        make_folder(folder)
        made = 0
        for name, words in catalogue().items():
            path = folder / f"{name}.wav"
            if name in _SILENT or name.startswith(_PREFIXES_SILENT) or path.exists():
                continue
            _speak(spoken(words, language), _VOICES[language], path)
            made += 1
        tell(f"{folder}: {made} made, {len(list(folder.glob('*.wav'))) - made} kept")


def _speak(text: str, voice: str, path: Path) -> None:
    fresh = path.with_name(f".{path.name}")
    command = ["espeak-ng", "-v", voice, "-s", str(_WORDS_A_MINUTE), "-w", str(fresh), "--", text]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_MAKE_S)
    except (OSError, subprocess.SubprocessError) as error:
        raise SetupError(f"espeak-ng: {error}") from None
    fresh.replace(path)
