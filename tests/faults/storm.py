"""The broker wiped, again and again, in the middle of a storm of punches: killed, and all it kept deleted.

Brokers lose what they acknowledged; here a record counts as delivered only on the server's signed receipt.
"""

import os
import random
import shutil
import signal
import threading
import time
from pathlib import Path

from sync.record import record_body
from tests.contract.test_broker_kill import bodies
from tests.faults.table import Result, Step, memory, quiet
from tests.flow.test_one_punch import children
from tests.unit.server.aggregator import punch
from tests.unit.server.process import Server, Unit

UNITS = 4
PERSON = b"person-1"
_PATIENCE_S = 120.0


def run(n: int, seed: int = 0, step: Step = quiet, wipes: int = 5) -> Result:
    """About `n` punches on four terminals with real agents, through a broker that is wiped `wipes` times."""
    result = Result("punches lost or doubled when the broker is wiped in a storm")
    folder = memory()
    server = Server(folder)
    units: list[Unit] = []
    try:
        server.people(1)
        server.start()
        units = [Unit(server, f"t-{k}").start() for k in range(UNITS)]
        _storm(server, units, n // UNITS, wipes, random.Random(seed), result, step)
        for unit in units:
            unit.stop()
        assert server.stop() == 0
        held = bodies(server)
        for unit in units:
            made = [record_body(record) for _, record in unit.outbox.records()]
            if held.get(unit.terminal.name) != made:
                result.wrong(f"seed {seed}: {unit.terminal.name} made {len(made)}, the ledger differs")
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)
    result.remark = f"{wipes} times wiped"
    return result


def _storm(
    server: Server, units: list[Unit], each: int, wipes: int, dice: random.Random, result: Result, step: Step
) -> None:
    def punches(unit: Unit) -> None:
        for k in range(each):
            unit.append(punch(PERSON, k))
            time.sleep(0.002)

    people = [threading.Thread(target=punches, args=(unit,)) for unit in units]
    for one in people:
        one.start()
    for _ in range(wipes):
        time.sleep(dice.uniform(0.2, 1.5))
        _wipe(server)
    for one in people:
        one.join()
    give_up = time.monotonic() + _PATIENCE_S
    while any(unit.agent.state.receipted < each for unit in units):
        if time.monotonic() > give_up:
            result.wrong(f"receipted {[unit.agent.state.receipted for unit in units]} of {each}")
            break
        time.sleep(0.05)
    result.tried = each * len(units)
    step(result.tried)


def _wipe(server: Server) -> None:
    assert server.process is not None
    for pid in children(server.process.pid):
        comm = Path(f"/proc/{pid}/comm")
        if comm.exists() and comm.read_text().strip() == "mosquitto":
            os.kill(pid, signal.SIGKILL)
    for kept in (server.folder / "state" / "broker").glob("*.db*"):
        kept.unlink(missing_ok=True)
