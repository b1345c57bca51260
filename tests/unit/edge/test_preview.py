"""The screen's picture over HTTP: on loopback, under its own name, and nothing else."""

import http.client
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge import SetupError
from edge.screen.preview import Preview

PNG = b"\x89PNG\r\n\x1a\n synthetic"


@pytest.fixture
def preview(tmp_path: Path) -> Iterator[Preview]:
    with closing(Preview(tmp_path / "screen.png", 0)) as preview:
        preview.open()
        yield preview


def get(preview: Preview, path: str, host: str = "127.0.0.1", method: str = "GET") -> tuple[int, str, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", preview.port, timeout=5)) as connection:
        connection.request(method, path, headers={"Host": f"{host}:{preview.port}"})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Cache-Control", ""), answer.read()


def test_the_newest_picture_is_shown_and_kept_by_nobody(preview: Preview, tmp_path: Path) -> None:
    assert get(preview, "/screen.png")[0] == 503
    for picture in (PNG, PNG + b"2"):
        (tmp_path / "screen.png").write_bytes(picture)
        assert get(preview, "/screen.png?1") == (200, "no-store", picture)
    assert b"screen.png" in get(preview, "/")[2]


def test_nothing_but_the_picture_is_served(preview: Preview, tmp_path: Path) -> None:
    (tmp_path / "screen.png").write_bytes(b"something else")
    assert get(preview, "/screen.png")[0] == 503
    for path in ("/edge.toml", "/../../etc/passwd", "//etc/passwd"):
        assert get(preview, path)[0] == 404
    assert get(preview, "/", method="POST")[0] == 501


def test_a_page_of_another_name_cannot_read_the_screen(preview: Preview) -> None:
    assert get(preview, "/screen.png", host="evil.example")[0] == 403


def test_a_port_that_is_taken_is_named(preview: Preview, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=f":{preview.port}"):
        Preview(tmp_path / "x.png", preview.port).open()
