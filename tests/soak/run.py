"""A terminal used as on a busy morning, again and again: the people, their sessions, and what comes of it."""

import itertools
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from drivers.base import CLEAR, ENTER
from drivers.entry import Stage
from drivers.evdev.sim import KeypadSim
from drivers.lines import LineClient, Message
from matching.synthetic import generate
from tests.flow.terminal_site import Site, person
from tests.flow.test_old_machines import Bridge
from tests.flow.test_terminal_faces import NETWORKS, face_of, networks
from tests.soak.measure import Growth, Sample, growth, helpers, sample
from tests.soak.stages import DEVICES, Device, block

IMPRESSIONS, ENROLLED = 7, 3
GIVEN_UP = 10  # every so many sessions somebody walks away
_SAMPLE_S = 0.25
_MORNING = datetime(2026, 4, 1, 9, 0, 0)  # noqa: DTZ001 - wall time of a machine
_BRIDGED_S, _LOOK_S = 30.0, 0.02
Tell = Callable[[str, int, int], None]


@dataclass(slots=True)
class Result:
    """What a soak found. `outcomes` counts how sessions ended; `trouble` is what is wrong, empty when nothing is."""

    name: str
    sessions: int
    seconds: float
    outcomes: Counter[str]
    growth: dict[str, Growth]
    trouble: list[str] = field(default_factory=list)
    green_ms: list[float] = field(default_factory=list)

    @property
    def a_minute(self) -> float:
        return 60 * self.sessions / self.seconds


@dataclass(frozen=True, slots=True)
class Plan:
    """`a_minute` 0: as fast as it goes. After `warm_up` sessions nothing may grow by more than the limits."""

    sessions: int
    a_minute: float
    warm_up: int
    kb_per_1000: float
    kb: int


class Soak:
    """One terminal with some of the devices, and people with six digits each: one person for each device."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self.names = [name for name in names if NETWORKS or not name.startswith("camera")]
        self._stack = ExitStack()
        self._pictures = folder / "fingers"
        generate(len(self.names), IMPRESSIONS, 23, self._pictures, condition="good")
        policy = "lockout_failures = 100\nface_turns = 0\ndone_s = 0.5\ndebounce_s = 1\n"
        self.site = Site(folder, patience_s=5, policy=policy)
        self.devices = [DEVICES[name](self.site, self._pictures) for name in self.names]
        # A numpad beside the sensors, as in the field: a device that is both is deaf to keys while it is read.
        self.keypad = KeypadSim(Stage(pty=folder / "numpad"))
        self._stack.callback(self.keypad.close)
        self._configure()
        self.bridge: Bridge | None = None
        for sim in (sim for device in self.devices for sim in device.sims):
            self._stack.callback(sim.close)

    def open(self) -> None:
        """Start it, and enrol everybody where their device is."""
        entries = []
        for n, device in enumerate(self.devices, 1):
            faces = [face_of(self.site, self.site.folder / "networks", person(n))] if device.face else []
            entries.append(self.site.authority.entry(person(n), _digits(n), faces))
        self.site.people(*entries)
        self.site.start()
        if any(device.network for device in self.devices):
            self.bridge = Bridge(self.site.config)
        self.site.wait(lambda: all(d["here"] for d in self.site.status()["devices"].values()))
        for n, device in enumerate(self.devices, 1):
            if device.glass is not None:
                self._enrol(n, device)

    def close(self) -> None:
        """Raises AssertionError when a process does not end as it should."""
        with self._stack:
            if self.bridge is not None and self.bridge.process.poll() is None:
                assert self.bridge.end() == 0
            if self.site.process is not None:
                assert self.site.stop() == 0

    def run(self, plan: Plan, tell: Tell) -> Result:
        """Play the sessions; what they came to, and what grew. Raises DeviceGone when the terminal ends."""
        assert self.site.process is not None
        pids = self._processes()
        samples: dict[str, list[Sample]] = {name: [] for name in pids}
        outcomes, green_ms = Counter[str](), list[float]()
        turns = itertools.cycle(enumerate(self.devices, 1))
        start_s, sampled_s = time.monotonic(), 0.0
        name = "+".join(self.names)
        with self.site.control() as eyes:
            eyes.ask({"do": "watch"})
            for done in range(plan.sessions):
                if plan.a_minute:
                    time.sleep(max(0.0, start_s + 60 * done / plan.a_minute - time.monotonic()))
                if time.monotonic() - sampled_s >= _SAMPLE_S:
                    sampled_s = time.monotonic()
                    for who, pid in pids.items():
                        samples[who].append(sample(pid, done))
                n, device = next(turns)
                if done % GIVEN_UP == GIVEN_UP - 1:
                    self._press(*_digits(n)[:3], CLEAR)
                    outcomes[f"given up: {_outcome(eyes)['outcome']}"] += 1
                    continue
                seen = self._session(eyes, n, device, done)
                outcomes[f"{device.name}: {seen['outcome']}"] += 1
                green_ms.extend([seen["touch_to_green_ms"]] if "touch_to_green_ms" in seen else [])
                tell(name, done + 1, plan.sessions)
        seconds = time.monotonic() - start_s
        for who, pid in pids.items():
            samples[who].append(sample(pid, plan.sessions))
        grown = {who: growth(found, plan.warm_up) for who, found in samples.items()}
        result = Result(name, plan.sessions, seconds, outcomes, grown, green_ms=green_ms)
        result.trouble = list(self._troubles(result, plan))
        return result

    def _processes(self) -> dict[str, int]:
        """What is measured: the terminal, the bridge, and the helpers of either."""
        assert self.site.process is not None
        pids = {"terminal": self.site.process.pid}
        if self.bridge is not None:
            pids["bridge"] = self.bridge.process.pid
        started = [child for pid in pids.values() for child in helpers(pid)]
        return pids | {f"helper {number}": pid for number, pid in enumerate(started, 1)}

    def _bridged(self, n: int, device: Device, turn: int) -> Message:
        """A punch on an old machine, until the terminal has it on disk. A second a turn by the machine's clock."""
        assert device.punch is not None
        before, until_s = self.site.status()["bridged"], time.monotonic() + _BRIDGED_S
        device.punch(str(n), _MORNING + timedelta(seconds=turn))
        while self.site.status()["bridged"] == before:
            if time.monotonic() > until_s:
                return {"outcome": "lost"}
            time.sleep(_LOOK_S)
        return {"outcome": "accepted"}

    def _session(self, eyes: LineClient, n: int, device: Device, turn: int) -> Message:
        """Digits, then a finger each time one is asked for; or ENTER, and a face; or an old machine's own punch."""
        if device.punch is not None:
            return self._bridged(n, device, turn)
        more = IMPRESSIONS - ENROLLED
        self._press(*_digits(n), ENTER)
        while (seen := eyes.next(30)).get("event") != "outcome":
            if seen.get("state") == "place" and device.glass is None:
                self._press(ENTER)
            elif seen.get("state") == "place" and device.glass is not None:
                device.glass.lay(self._picture(n, ENROLLED + 1 + turn % more))
                turn += 1
        if device.glass is not None:
            device.glass.lift()
        return seen

    def _press(self, *keys: str) -> None:
        self.keypad.do(" ".join(("press", *keys)))

    def _troubles(self, result: Result, plan: Plan) -> list[str]:
        found = [
            f"{who}: {words}" for who, g in result.growth.items() if (words := g.trouble(plan.kb_per_1000, plan.kb))
        ]
        status = self.site.status()
        if status["not_recorded"]:
            found.append(f"{status['not_recorded']} punches were not recorded")
        for name, counts in status["devices"].items():
            bad = {word: counts[word] for word in ("resets", "abandoned") if counts[word]}
            if bad or not counts["here"]:
                found.append(f"{name}: {'here' if counts['here'] else 'gone'} {bad}")
        accepted = sum(count for words, count in result.outcomes.items() if words.endswith(": accepted"))
        meant = result.sessions - sum(n for words, n in result.outcomes.items() if words.startswith("given up"))
        if accepted < 0.95 * meant:
            found.append(f"{accepted} of {meant} sessions were accepted")
        return found

    def _enrol(self, n: int, device: Device) -> None:
        pictures = [self._picture(n, view) for view in range(1, ENROLLED + 1)]
        assert device.glass is not None
        glasses = [self.site.glass, device.glass] if device.module else [device.glass]
        # A module asks as often as it likes, and the keypad's own sensor before it as often as there are pictures.
        first = [(glass, picture) for glass in glasses[:-1] for picture in pictures]
        left = itertools.chain(first, ((glasses[-1], picture) for picture in itertools.cycle(pictures)))
        with self.site.control() as control:
            seen = control.ask({"do": "enrol", "person": person(n).hex(), "finger": 1})
            while "ok" not in seen:
                if seen.get("event") == "place":
                    glass, picture = next(left)
                    glass.lay(picture)
                seen = control.next()
        for glass in glasses:
            glass.lift()
        assert seen["ok"], f"{device.name}: {seen}"

    def _picture(self, n: int, view: int) -> Path:
        return self._pictures / f"{100 + n}_{view}.png"

    def _configure(self) -> None:
        badges = "".join(f'{n} = "{person(n).hex()}"\n' for n in range(1, len(self.devices) + 1))
        (self.site.state / "badges.toml").write_text(f"[any]\n{badges}")
        with self.site.config.open("a") as file:
            file.write(block("evdev", f'{{ device = "{self.keypad.where}" }}'))
            file.writelines(device.block for device in self.devices)
        if any(device.face for device in self.devices):
            text = self.site.config.read_text()
            folder = networks(self.site.folder / "networks")
            lines = [f'models_dir = "{folder}"' if at.startswith("models_dir") else at for at in text.splitlines()]
            self.site.config.write_text("\n".join(lines) + "\n")


def _outcome(eyes: LineClient) -> Message:
    while (seen := eyes.next(30)).get("event") != "outcome":
        pass
    return seen


def _digits(n: int) -> str:
    return f"{n:06}"
