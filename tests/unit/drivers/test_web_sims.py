"""The pretended web services before other software: FFmpeg looks through the cameras, httpx asks the others."""

import base64
import ssl
from contextlib import closing
from xml.etree import ElementTree as Xml

import cv2
import httpx
import numpy as np
import pytest

from drivers.camera import NET_VARIANTS
from drivers.camera.sim import CameraSimulation
from drivers.entry import Stage
from drivers.http_capture.sim import CaptureSimulation
from drivers.rdservice.sim import RdSimulation


@pytest.mark.parametrize("variant", NET_VARIANTS)
def test_ffmpeg_plays_a_pretended_camera(variant: str) -> None:
    with closing(CameraSimulation(Stage(tcp="127.0.0.1:0", variant=variant), NET_VARIANTS)) as sim:
        film = cv2.VideoCapture(sim.where, cv2.CAP_FFMPEG)
        pictures = [film.read() for _ in range(3)]
        film.release()
    assert [fine for fine, _ in pictures] == [True] * 3
    for _, picture in pictures:
        assert picture is not None
        assert picture.shape == (240, 320, 3)
        corner = np.asarray(picture)[-8:, -8:].mean(axis=(0, 1))
        assert corner[0] > 200, "blue grows to the right, green downwards, as on the card"
        assert corner[1] > 200


def test_a_browser_would_talk_to_a_pretended_rd_service() -> None:
    """The verbs are asked for beforehand (CORS), then used; paths as the service names them."""
    sim = RdSimulation(Stage(tcp="127.0.0.1:0", variant="mantra", pacing=False))
    with closing(sim), httpx.Client(base_url=sim.where) as client:
        allowed = client.options("/", headers={"Origin": "https://example.org"})
        assert "CAPTURE" in allowed.headers["Access-Control-Allow-Methods"]
        service = Xml.fromstring(client.request("RDSERVICE", "/").content)  # noqa: S314 - it is ours
        paths = {i.attrib["id"]: i.attrib["path"] for i in service.findall("Interface")}
        device = Xml.fromstring(client.request("DEVICEINFO", paths["DEVICEINFO"]).content)  # noqa: S314
        assert (service.attrib["status"], device.attrib["mi"]) == ("READY", "SIM-L1")
        sim.do("touch")
        options = '<PidOptions ver="1.0"><Opts fCount="1" fType="0" timeout="2000" env="P"/></PidOptions>'
        codes = []
        for _ in range(2):
            pid = Xml.fromstring(client.request("CAPTURE", paths["CAPTURE"], content=options).content)  # noqa: S314
            response = pid.find("Resp")
            assert response is not None
            codes.append(response.attrib["errCode"])
        assert codes == ["-1509", "0"], "as Mantra's does, it is still checking when it is asked for the first time"
        wrong = client.request("CAPTURE", paths["CAPTURE"], content="nothing")
        assert 'errCode="100"' in wrong.text


def test_other_software_captures_from_pretended_services() -> None:
    with closing(CaptureSimulation(Stage(tcp="127.0.0.1:0", variant="mantra", pacing=False))) as sim:
        assert httpx.get(sim.url + "info").json()["DeviceInfo"]["Model"] == "SIM100"
        sim.do("touch")
        found = httpx.post(sim.url + "capture", json={"Quality": 60, "TimeOut": 10}).json()
        assert found["ErrorCode"] == "0"
        assert base64.b64decode(found["BitmapData"])[:2] == b"BM"
        assert httpx.post(sim.url + "capture", content=b"nothing").json()["ErrorCode"] == "-1"
        assert httpx.post(sim.url + "dance", json={"TimeOut": 1}).status_code == 404
    with closing(CaptureSimulation(Stage(tcp="127.0.0.1:0", variant="secugen", pacing=False))) as sim:
        unchecked = ssl.create_default_context()
        unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE  # as those who use it mostly do
        with httpx.Client(verify=unchecked) as client:
            form = {"Timeout": "100", "Quality": "50", "templateFormat": "ISO"}
            assert client.post(sim.url + "SGIFPCapture", data=form).json() == {"ErrorCode": 54}
            sim.do("touch")
            found = client.post(sim.url + "SGIFPCapture", data=form).json()
            assert (found["ErrorCode"], found["ImageDPI"]) == (0, 500)
            assert base64.b64decode(found["TemplateBase64"])[:3] == b"FMR"
