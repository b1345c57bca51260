"""The pictures a pretended device is given, and what is said of those it cannot take."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers import OptionError, ProtocolError
from drivers.pictures import every, picture

GREY = np.full((30, 20), 7, np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("2_1.png", "1_1.BMP"):
        assert cv2.imwrite(str(tmp_path / name), GREY)
    (tmp_path / "about.txt").write_text("whose they are")
    return tmp_path


def test_a_folder_is_its_pictures_by_name_and_a_file_one(folder: Path) -> None:
    assert [(name, image.shape) for name, image in every(folder)] == [("1_1", (30, 20)), ("2_1", (30, 20))]
    assert [(name, image.shape) for name, image in every(folder / "2_1.png", colours=True)] == [("2_1", (30, 20, 3))]
    assert np.array_equal(picture(folder / "2_1.png"), GREY)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("none", "none: No such file"),
        ("2_1.png/more", "more: Not a directory"),
        ("x" * 300, "File name too long"),
        ("about.txt", "about.txt: not a picture"),
        ("empty.png", "empty.png: not a picture"),
        ("tiny.png", "tiny.png: 9 × 9 px"),
        ("pipe", "pipe: not a file"),
        ("bare", "bare: no pictures"),
    ],
)
def test_what_is_wrong_with_it_is_said(name: str, why: str, folder: Path) -> None:
    (folder / "empty.png").touch()
    (folder / "bare").mkdir()
    os.mkfifo(folder / "pipe")
    assert cv2.imwrite(str(folder / "tiny.png"), GREY[:9, :9])
    with pytest.raises(OptionError, match=why):
        list(every(folder / name))


def test_one_of_a_folder_that_is_no_picture_is_named(folder: Path) -> None:
    (folder / "3_1.png").write_bytes(b"no picture")
    with pytest.raises(OptionError, match=r"3_1\.png: not a picture"):
        list(every(folder))
    with pytest.raises(ProtocolError, match=r"3_1\.png: not a picture"):
        picture(folder / "3_1.png")
