"""`hazri-edge status` for a person: words, and nothing that only a programmer reads."""

from edge.health import plain

ANSWER = {
    "ok": True,
    "serving": False,
    "uptime_s": 90_061,
    "log": None,
    "seq": 7,
    "bad_readings": 2,
    "devices": {
        "zfm": {"here": True, "readings": 4, "garbled": 1, "gone": 0, "resets": 0, "abandoned": 0},
        "camera": {"here": False, "readings": 0, "garbled": 0, "gone": 3, "resets": 0, "abandoned": 0},
    },
    "selftest": {"zfm": {"verdict": "here", "model": "R307", "glass": "clean", "score": 100}},
    "connection": {"link": "wifi", "up": True},
    "some_plugins_figure": 3,
}


def test_every_figure_is_a_line_in_words() -> None:
    lines = dict(line.split("  ", 1) for line in plain.status(ANSWER))
    said = {name: value.strip() for name, value in lines.items()}
    assert said["running"] == "yes"
    assert said["serving people"] == "no"
    assert said["running for"] == "1 d 1 h 1 min"
    assert said["log"] == "not known"
    assert said["zfm"] == "here, 4 read, 1 garbled, model R307, glass clean, score 100"
    assert said["camera"] == "not there, 0 read, gone 3 times"
    assert (said["network"], said["connected to the aggregator"]) == ("wifi", "yes")
    assert said["some plugins figure"] == "3"


def test_nothing_is_written_as_a_program_writes_it() -> None:
    text = "\n".join(plain.status(ANSWER))
    for odd in ("{", "}", "True", "False", "None", "_"):
        assert odd not in text
