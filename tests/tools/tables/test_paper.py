# SPDX-License-Identifier: Apache-2.0
from tests.tools.tables.measured import write
from tools.collect_results import tables


def test_the_papers_tables_show_what_was_computed_and_what_is_missing(tmp_path):
    known = {"table": 2, "negative": "n", "flat": "", "window": 256, "data": "a simulation", "split": "test", "git_sha": "abcdef0123"}
    rows = [{**known, "row": 1, "coarse": "a b", "paper_f1": 43.78, "f1": 51.2345, "accuracy": 0.6789, "frames": 1800, "missing": ""}]
    rows.append({**known, "row": 2, "coarse": "c", "paper_f1": 42.74, "f1": "", "accuracy": "", "frames": "", "missing": "c"})
    write(tmp_path, "tables/stand-in/tables", rows)
    text = tables(tmp_path)["stand-in"]()
    assert "| 2 | 1 | coarse: a, b; negative: n | 256 | 43.78 | 51.2 | 67.9% |" in text and "| 256 | 42.74 | *c* |  |" in text
    assert "a simulation, test, 1,800 annotated frames, computed at abcdef0." in text


def test_the_other_prior_stands_beside(tmp_path):
    known = {"table": 2, "coarse": "a", "negative": "n", "flat": "", "window": 0, "data": "FER+", "split": "test", "git_sha": "abcdef0123"}
    known |= {"row": 1, "paper_f1": 43.78, "accuracy": 0.6789, "frames": 1800, "missing": ""}
    write(tmp_path, "tables/ferplus/tables", [{**known, "f1": 51.2345, "prior_tau": 0.0}])
    write(tmp_path, "tables/ferplus-prior/tables", [{**known, "f1": 54.321, "prior_tau": 0.8}])
    text = tables(tmp_path)["ferplus-tables"]()
    assert "| ours, prior ^ 0.8 taken out |" in text and "| 43.78 | 51.2 | 67.9% | 54.3 |" in text
