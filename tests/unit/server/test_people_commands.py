"""`hazri-server org|office|registration|service|numbers`, as somebody would type them. Everybody is synthetic."""

import datetime as dt
import io
import json
import sys
from pathlib import Path

import pytest
from PIL import Image

from server.__main__ import command
from server.people.verhoeff import check_digit


class Console:
    """Types commands and reads what they say."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._capsys, self._monkeypatch = folder, capsys, monkeypatch
        (folder / "server.toml").write_text(f'state_dir = "{folder / "state"}"\n', encoding="utf-8")

    def __call__(self, *words: str, stdin: str = "", code: int = 0) -> str:
        fed = io.TextIOWrapper(io.BytesIO(stdin.encode()))
        self._monkeypatch.setattr(sys, "stdin", fed)
        assert command([*words, "--config", str(self.folder / "server.toml")]) == code, self._capsys.readouterr().err
        said = self._capsys.readouterr()
        return said.out if code == 0 else said.err


@pytest.fixture
def say(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Console:
    return Console(tmp_path, capsys, monkeypatch)


OFFICES = """code,under,level,name,name_hi,urban,block,latitude,longitude,desk_phone,grade
st,,state,Sample State,नमूना राज्य,urban,,30.7,76.8,0172-2500000,office
d1,st,district,Sample District,नमूना ज़िला,,,,,,
s1,d1,office,Sample School 1,नमूना विद्यालय 1,rural,Sample Block,,,,high
s2,d1,office,Sample School 2,नमूना विद्यालय 2,rural,Sample Block,,,,primary
"""


def set_up(say: Console) -> None:
    say("org", "make", "sample", "--name", "Sample Board", "--name-hi", "नमूना बोर्ड")
    say("org", "set", "sample", "nodal_name", "Sample Officer")
    say("org", "division", "sample", "teaching", "--name", "Teaching", "--name-hi", "शिक्षण")
    teacher = ("--name", "Teacher", "--name-hi", "शिक्षक", "--equivalent", "teacher")
    say("org", "designation", "sample", "teacher", *teacher)
    say("office", "import", "sample", "--on", "2024-04-01", stdin=OFFICES)


def test_an_organisation_is_set_up_from_the_console(say: Console) -> None:
    set_up(say)
    assert "sample" in say("org", "list")
    assert say("office", "tree", "sample", "--on", "2024-03-31").strip() == "no offices on that day"
    assert "    s1  Sample School 1 · नमूना विद्यालय 1  (office, mapped)" in say("office", "tree", "sample")
    say("office", "event", "sample", "s1", "life", "life=trial", "--on", "2024-05-01", "--order", "12")
    say("office", "event", "sample", "s1", "posts", "designation=teacher", "posts=6")
    assert "s1  Sample School 1 · नमूना विद्यालय 1  (office, trial)" in say("office", "tree", "sample")
    assert "(office, mapped)" in say("office", "tree", "sample", "--on", "2024-04-30")
    assert "still open" in say("office", "event", "sample", "d1", "close", code=1)
    assert "FIELD=VALUE" in say("office", "event", "sample", "d1", "rename", "x", code=1)
    assert "no office of this code" in say("office", "event", "sample", "zz", "close", code=1)
    say("org", "set", "sample", "region", "district")


def test_every_bad_office_is_told_and_none_opened(say: Console) -> None:
    set_up(say)
    rows = "code,under,level,name,name_hi,urban\nS 9,d1,office,A,अ,\ns8,zz,office,B,ब,\ns7,d1,office,C,स,maybe\n"
    for dry in ((), ("--dry-run",)):
        said = say("office", "import", "sample", *dry, stdin=rows, code=1)
        assert [line.split(":")[0] for line in said.splitlines()[1:]] == ["row 1, code", "row 2, under", "row 3, urban"]
    assert "s9" not in say("office", "tree", "sample")


def test_people_come_in_are_transferred_and_leave(say: Console) -> None:
    set_up(say)
    photos = say.folder / "photos"
    photos.mkdir()
    Image.new("RGB", (240, 300), (128, 120, 110)).save(photos / "1.jpg")
    number = "48157263948" + check_digit("48157263948")
    told = {"name": "Sample One", "born_on": "05-11-1984", "gender": "male", "aadhaar": number}
    told |= {"email": "one@example.invalid", "mobile": "9000000001", "employee_type": "government"}
    told |= {"division": "teaching", "designation": "teacher", "office": "s1", "photo": "1.jpg"}
    (say.folder / "people.ndjson").write_text(json.dumps(told), encoding="utf-8")
    load = ("registration", "import", "sample", str(say.folder / "people.ndjson"), "--photos", str(photos))
    assert "1 rows: would be registered" in say(*load, "--dry-run")
    assert say("registration", "list", "sample").strip() == "nothing waits"
    one = say(*load).splitlines()[0]
    assert one in say("registration", "list", "sample")
    assert "row 1, aadhaar: this number is registered already" in say(*load, code=1)
    verified = say("registration", "verify", one)
    assert "attendance id: last six" in verified
    assert number[-6:] not in verified
    assert "cannot be changed" in say("registration", "reject", one, "--reason", "x", code=1)
    ref = verified.split("verified as ")[1][:16]
    moved = ("service", "record", "sample", ref, "joining", "--order", "J/1", "--on", "2020-01-01", "--to", "s2")
    assert "not open" in say(*moved, code=1)
    left = ("service", "record", "sample", ref, "resignation", "--order", "R/1", "--on", "2024-05-01")
    answer = say(*left)
    assert "left; entered after it was issued" in answer
    assert "entered at the console" in answer  # R6.3
    month = dt.datetime.now(dt.UTC).strftime("%Y-%m")
    listed = [json.loads(line) for line in say("service", "late", "sample", month).splitlines()]
    assert [(one["order_no"], one["back_entered"], one["at_console"]) for one in listed] == [("R/1", True, True)]
    assert "left, not expected" in say("service", "history", ref)
    assert "1 0" not in say("org", "coverage", "sample")
    assert say("numbers", "status").strip() == "1 numbers, 0 not under key 1"
    say("numbers", "new-key")
    assert say("numbers", "status").strip() == "1 numbers, 1 not under key 2"
    assert "1 numbers brought under key 2" in say("numbers", "rotate")
    assert "erased here; to be wiped at no terminal" in say("service", "erase", ref, "--reason", "asked in writing")
    assert say("numbers", "status").strip() == "0 numbers, 0 not under key 2"


def test_a_synthetic_department_is_one_command(say: Console) -> None:
    assert "synthetic offices" in say("synthetic", "--schools", "4", "--seed", "9")
    assert "choose another seed" in say("synthetic", "--schools", "4", "--seed", "9", code=1)
    lines = say("org", "coverage", "sample-9", "--json").splitlines()
    assert {json.loads(line)["enrolled"] for line in lines} == {0}
