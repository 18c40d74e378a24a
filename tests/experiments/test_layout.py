"""Where things lie."""

from experiments import layout, work
from tests.experiments.shortened import TINY


def test_another_device_has_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(work, "device_named", lambda name: name)
    folders = [work.folder_of(TINY, device, tmp_path).name for device in ("cpu", "cuda:0")]
    assert folders == [TINY.id, f"{TINY.id}-cuda0"]
    assert all(
        layout.MEASURE_FOLDER.fullmatch(layout.named(TINY.reads[0].id, device))
        for device in ("cpu", "cuda", "cuda:11")
    )
