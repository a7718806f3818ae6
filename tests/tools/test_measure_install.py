# SPDX-License-Identifier: Apache-2.0
from tools.measure_install import measure


def test_a_row_counts_what_was_installed(monkeypatch):
    monkeypatch.setattr("tools.measure_install.venv.create", lambda folder, with_pip: None)

    def install(folder, extras):
        assert extras == "cpu,report"
        for name in ("pip", "setuptools", "numpy"):
            (folder / "lib" / f"{name}-1.dist-info").mkdir(parents=True)
        (folder / "lib" / "numpy.so").write_bytes(b"x" * 3_000_000)

    row = measure("cpu,report", install)
    assert (row["extras"], row["packages"], row["mb"]) == ("cpu,report", 1, 3)
    assert row["seconds"] >= 0 and row["python"].startswith("3.")
