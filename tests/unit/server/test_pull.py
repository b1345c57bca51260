"""`hazri-server pull` against a real web server: exact over kill -9 of the puller at any point, and clear when it fails."""

import datetime as dt
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from server import PullError, pull, tokens
from server.ledger.views import ApiPage
from server.pull import PAGE, State
from server.run import _start_web
from server.settings import WebSettings
from server.tokens import Scope
from server.web.services import Services
from tests.unit.server.aggregator import Aggregator, Line, Terminal, aggregator, until
from tests.unit.server.process import ROOT

N = 12_000


class Source:
    """An aggregator that holds N punches and shows them."""

    def __init__(self, one: Aggregator, stack: object) -> None:
        self.one = one
        self.line = Line(one.hub, one.admit(Terminal("t-1")))
        self.add(N)
        self.token = tokens.make(one.ledger, "test", Scope.PULL, 1)

    def add(self, n: int) -> None:
        terminal = self.line.terminal
        done = len(terminal.records)
        terminal.punches(n)
        for first in range(done + 1, done + n + 1, 500):
            self.line.send("batch", terminal.batch_bytes(first, min(first + 499, done + n)))
        self.one.wait("punches", done + n)
