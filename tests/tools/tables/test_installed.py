# SPDX-License-Identifier: Apache-2.0
from tests.tools.tables.measured import cells, write
from tools.tables.installed import install


def test_the_last_row_of_each_set(tmp_path):
    assert "Not measured yet" in install(tmp_path)
    around = {"python": "3.13.0", "platform": "linux x86_64", "packages": 20, "git_sha": "abcdef0123"}
    rows = [
        {"extras": extras, "mb": mb, "seconds": "" if extras == "onnx" else 60, **around}
        for extras, mb in (("cpu", 1000), ("onnx", 400), ("cpu", 900))
    ]
    write(tmp_path / "speed", "install", rows)
    found = install(tmp_path)
    assert cells(found, "`'.[cpu]'`") == ["`'.[cpu]'`", "20", "900", "60"] and cells(found, "`'.[onnx]'`")[2:] == ["400", "-"]
    assert "Python 3.13.0 on linux x86_64, commit abcdef0" in found
