# SPDX-License-Identifier: Apache-2.0
"""`cfc-sp agree`, as a person calls it."""

import pytest

from image_classification.CFC_SP import cli
from image_classification.CFC_SP.commands import measure_agreement
from image_classification.CFC_SP.core.annotation import Interval, annotation_from
from image_classification.CFC_SP.scoring.rater_agreement import EVERY_S
from image_classification.CFC_SP.support.command_line import Parser
from image_classification.CFC_SP.writers.boris import write_boris
from image_classification.CFC_SP.writers.elan import write_eaf

OURS = "start_s,end_s,label,track\n0,2,Neutral,1\n2,4,Happiness,1\n"


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ours.csv").write_text(OURS)
    write_eaf(tmp_path / "coder.eaf", annotation_from([Interval("1", 0.0, 3.0, "calm"), Interval("1", 3.0, 4.0, "joy")]))
    (tmp_path / "labels.yaml").write_text("calm: Neutral\njoy: Happiness\n")
    return tmp_path


def test_two_files_are_compared_and_tables_written(desk, capsys):
    assert cli.main(["agree", "ours.csv", "coder.eaf", "-mapping", "labels.yaml", "-out", "found"]) == 0
    said = capsys.readouterr().out
    # They agree on 3 of 4 seconds, by chance on 1/2 * 3/4 + 1/2 * 1/4 of them.
    assert "0.5000  75.00%" in said and "2.00 to 3.00 s, track 1: OURS Happiness, THEIRS Neutral" in said
    assert (desk / "found" / "agreement.csv").is_file() and "found/confusion.png" in said


def test_the_clip_s_name_chooses_in_a_project(desk, capsys):
    write_boris(desk / "clips.boris", annotation_from([Interval("1", 0.0, 4.0, "Neutral")], media=str(desk / "ours.mp4")))
    assert cli.main(["agree", "ours.csv", "clips.boris", "-every", "1"]) == 0
    assert "1 samples a second" in capsys.readouterr().out


def test_the_step_is_the_library_s():
    parser = Parser()
    measure_agreement.add_options(parser)
    assert parser.parse_args(["a", "b"]).every == EVERY_S


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("ours.csv coder.eaf", "coder.eaf: expected labels among"),
        ("ours.csv none.eaf", "none.eaf: cannot be read"),
        ("ours.csv coder.eaf -mapping none.yaml", "none.yaml: cannot be read"),
        ("ours.csv coder.eaf -mapping labels.yaml -every 0", "-every: expected seconds"),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_written(desk, capsys, words, told):
    assert cli.main(["agree", *words.split(), "-out", "found"]) == 2
    said = capsys.readouterr()
    assert told in said.err and said.err.count("\n") == 1 and not said.out and not (desk / "found").exists()
