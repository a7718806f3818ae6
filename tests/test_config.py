# SPDX-License-Identifier: Apache-2.0
import os
import re

import pytest
import yaml

from image_classification.CFC_SP.config import CONFIG_FOLDER, config_of_run, default_config, load_config, parse_config, shipped_configs
from image_classification.CFC_SP.support.errors import UserError

FILES = sorted(CONFIG_FOLDER.rglob("*.yaml"))
TABLE2 = CONFIG_FOLDER / "table2.yaml"
SHIPPED = [(path, None) for path in shipped_configs() if path != TABLE2] + [(TABLE2, row) for row in range(1, 11)]


@pytest.fixture
def write(tmp_path):
    """Writes a file of the folder that the test's configs lie in and returns its path."""

    def write(name, text):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


def leaves(tree, prefix=""):
    for key, value in tree.items():
        yield from leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else [(f"{prefix}{key}", value)]


def test_a_file_says_only_what_differs(write):
    config = load_config(write("mine.yaml", "STAGE: flat\nTRAIN:\n  EPOCHS: 3\n"))
    defaults = dict(leaves(default_config()))
    assert {key: value for key, value in leaves(config) if value != defaults[key]} == {"STAGE": "flat", "TRAIN.EPOCHS": 3, "NAME": "mine"}


def test_bases_come_first_in_their_order(write):
    write("grand.yaml", "SEED: 1\nSTAGE: negative\nTRAIN:\n  EPOCHS: 5\n  BATCH_SIZE: 7\n")
    write("first.yaml", "BASE: grand.yaml\nTRAIN:\n  EPOCHS: 6\n  SAVE_EVERY: 4\n")
    write("second.yaml", "TRAIN:\n  SAVE_EVERY: 9\n")
    config = load_config(write("top.yaml", "BASE: [first.yaml, second.yaml]\nSTAGE: coarse\n"))
    assert (config.SEED, config.STAGE, config.NAME) == (1, "coarse", "top")
    assert (config.TRAIN.EPOCHS, config.TRAIN.BATCH_SIZE, config.TRAIN.SAVE_EVERY) == (6, 7, 9)


def test_two_files_may_share_a_base(write):
    write("base.yaml", "SEED: 3\n")
    write("left.yaml", "BASE: base.yaml\n")
    write("right.yaml", "BASE: base.yaml\n")
    assert load_config(write("top.yaml", "BASE: [left.yaml, right.yaml]\n")).SEED == 3


def test_options_go_on_top_and_the_tree_is_frozen(write):
    path = write("mine.yaml", "TRAIN:\n  EPOCHS: 5\n")
    config = load_config(path, ["TRAIN.EPOCHS", "9", "AUG.BLUR_SIGMA", "[0.1, 2]", "DATA.ROOT", "some/folder"])
    assert (config.TRAIN.EPOCHS, config.AUG.BLUR_SIGMA, config.DATA.ROOT) == (9, [0.1, 2], "some/folder")
    with pytest.raises(AttributeError):
        config.TRAIN.EPOCHS = 1


@pytest.mark.parametrize(("word", "number"), [("1e-3", 0.001), ("1", 1.0), ("0.25", 0.25), ("1.5E-4", 0.00015)])
def test_numbers_as_people_write_them(write, word, number):
    from_file = load_config(write("mine.yaml", f"TRAIN:\n  BASE_LR: {word}\n")).TRAIN.BASE_LR
    from_option = load_config(write("plain.yaml", ""), ["TRAIN.BASE_LR", word]).TRAIN.BASE_LR
    assert from_file == from_option == number
    assert type(from_file) is type(from_option) is float


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TRAIN:\n  EPOCH: 3\n", ["mine.yaml", "TRAIN.EPOCH", "did you mean TRAIN.EPOCHS?"]),
        ("STAGES: flat\n", ["STAGES", "did you mean STAGE?"]),
        ("AUG:\n  XYZ: 3\n", ["AUG.XYZ", "AUG.ROTATION", "AUG.ERASING_AREA"]),
        ("TRAIN:\n  EPOCHS: many\n", ["TRAIN.EPOCHS", "expected int", "'many'"]),
        ("TRAIN:\n  EPOCHS: 3.5\n", ["TRAIN.EPOCHS", "expected int", "3.5"]),
        ("TRAIN:\n  EPOCHS: true\n", ["TRAIN.EPOCHS", "expected int", "True"]),
        ("TRAIN:\n  BASE_LR: [1]\n", ["TRAIN.BASE_LR", "expected float", "[1]"]),
        ("AUG:\n  BLUR_SIGMA: 0.5\n", ["AUG.BLUR_SIGMA", "expected list", "0.5"]),
        ("TRAIN: 3\n", ["TRAIN is a group of keys", "3"]),
        ("TRAIN:\n  EPOCHS: 3\n SEED: 1\n", ["mine.yaml", "expected YAML", "line 3"]),
        ("- STAGE\n", ["mine.yaml", "expected keys and values", "list"]),
        ("BASE: nowhere.yaml\n", ["mine.yaml", "'nowhere.yaml'"]),
        ("BASE: mine.yaml\n", ["mine.yaml", "loop"]),
    ],
)
def test_mistakes_in_a_file_are_named(write, text, expected):
    with pytest.raises(UserError) as error:
        load_config(write("mine.yaml", text))
    assert [part for part in expected if part not in str(error.value)] == []


def test_a_longer_circle_of_bases(write):
    write("a.yaml", "BASE: b.yaml\n")
    write("b.yaml", "BASE: c.yaml\n")
    with pytest.raises(UserError, match="loop"):
        load_config(write("c.yaml", "BASE: a.yaml\n"))


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / "weights.yaml").write_bytes(bytes(range(256)))
    with pytest.raises(UserError, match="weights.yaml: expected YAML"):
        load_config(tmp_path / "weights.yaml")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["TRAIN.EPOCHS"], "pairs of KEY VALUE, found 1 words"),
        (["TRAIN.EPOHCS", "3"], "-opts: unknown config key TRAIN.EPOHCS; did you mean TRAIN.EPOCHS?"),
        (["TRAIN", "3"], "TRAIN is a group of keys"),
        (["TRAIN.EPOCHS.MORE", "3"], "TRAIN.EPOCHS"),
        (["TRAIN.EPOCHS", "[3"], "-opts TRAIN.EPOCHS: expected YAML"),
    ],
)
def test_mistakes_in_options_are_named(write, options, expected):
    with pytest.raises(UserError) as error:
        load_config(write("mine.yaml", ""), options)
    assert expected in str(error.value)


def test_a_missing_file_lists_the_shipped_ones():
    with pytest.raises(UserError, match="'nowhere.yaml'.*configs/lite/lite_repvgg_coarse.yaml") as error:
        load_config("nowhere.yaml")
    assert "/_" not in str(error.value)
    with pytest.raises(UserError, match="such as configs/lite/lite_repvgg_64.yaml$"):
        load_config("configs/lite_repvgg_64.yaml")


def test_a_run_has_its_config():
    assert config_of_run("lite_repvgg_64") == "configs/lite/lite_repvgg_64.yaml"
    assert load_config(config_of_run("swin_s_coarse")).NAME == "swin_s_coarse"
    with pytest.raises(UserError, match="no config of a run '../secret' ships: expected one of .*swin_s_flat"):
        config_of_run("../secret")


def test_a_row_lies_on_top_of_its_file(write):
    write("base.yaml", "STAGE: flat\nSEED: 1\n")
    path = write("two.yaml", "BASE: base.yaml\nSEED: 2\nROWS:\n  3: {SEED: 5}\n  4: {TRAIN: {EPOCHS: 7}}\n")
    assert [(c.NAME, c.STAGE, c.SEED, c.TRAIN.EPOCHS) for c in (load_config(path, row=row) for row in (3, 4))] == [
        ("two_03", "flat", 5, 30),
        ("two_04", "flat", 2, 7),
    ]
    assert load_config(path, ["SEED", "9"], row=3).SEED == 9
    with pytest.raises(UserError, match=r"two.yaml, row 5: unknown config key SEEDS; did you mean SEED\?"):
        load_config(write("two.yaml", "ROWS:\n  5: {SEEDS: 1}\n"), row=5)


def test_shipped_configs_are_found_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load_config("configs/lite/lite_repvgg_negative.yaml")
    assert (config.NAME, config.STAGE) == ("lite_repvgg_negative", "negative")
    (tmp_path / "configs/lite").mkdir(parents=True)
    (tmp_path / "configs/lite/lite_repvgg_negative.yaml").write_text("SEED: 5\n", encoding="utf-8")
    assert load_config("configs/lite/lite_repvgg_negative.yaml").SEED == 5


@pytest.mark.parametrize(("path", "row"), SHIPPED, ids=lambda value: getattr(value, "stem", value))
def test_every_shipped_config_loads_and_survives_a_dump(path, row):
    config = load_config(path, ["TRAIN.BASE_LR", "1e-5", "TRAIN.MIN_LR", "1e-7"], row)
    again = parse_config(config.dump())
    assert again == config
    assert again.is_frozen()
    assert (again.TRAIN.BASE_LR, again.TRAIN.MIN_LR) == (1e-5, 1e-7)


def test_every_row_of_table_2_names_the_papers_runs():
    named = {run for row in range(1, 11) for stage in ("COARSE", "NEGATIVE") for run in load_config(TABLE2, row=row).CASCADE[stage]}
    assert named <= {path.stem for path in CONFIG_FOLDER.glob("*.yaml")}
    with pytest.raises(UserError, match=r"table2.yaml holds rows: expected the number of one, 1, .*10, none was named"):
        load_config(TABLE2)


def bases_of(path):
    bases = yaml.safe_load(path.read_text(encoding="utf-8")).get("BASE", [])
    return [path.parent / base for base in ([bases] if isinstance(bases, str) else bases)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_config_stands_on_no_recipe_and_two_steps_deep_at_most(path):
    def depth(path):
        return 1 + max(map(depth, bases_of(path)), default=-1)

    assert depth(path) <= 2
    assert all(base.name.startswith("_") for base in bases_of(path)), "a recipe that builds on another changes with it"


def test_names_of_runs_are_unique():
    assert len({path.stem for path in shipped_configs()}) == len(shipped_configs())


def test_parse_config_refuses_what_no_longer_exists():
    tree = yaml.safe_load(load_config(*SHIPPED[0]).dump())
    tree["TRAIN"]["GAMMA"] = 0.9
    with pytest.raises(UserError, match=r"a checkpoint's config: unknown config key TRAIN\.GAMMA"):
        parse_config(yaml.safe_dump(tree))


def test_a_name_may_look_like_a_number_or_be_empty():
    config = load_config("configs/lite/lite_repvgg_coarse.yaml", ["OUTPUT", "2024", "MODEL.PRETRAINED", ""])
    assert (config.OUTPUT, config.MODEL.PRETRAINED) == ("2024", "")


@pytest.mark.parametrize("range_", ["[1.0]", "[0.0, 1.0]", "[2.0, 1.0]", "[a, b]"])
def test_ranges_hold_two_rising_numbers(range_):
    with pytest.raises(UserError, match="AUG.BLUR_SIGMA: expected a range"):
        load_config("configs/lite/lite_repvgg_coarse.yaml", ["AUG.BLUR_SIGMA", range_])


def test_bases_that_double_are_refused(write):
    for i in range(1, 24):
        write(f"{i}.yaml", f"BASE: [{i - 1}.yaml, {i - 1}.yaml]\n")
    write("0.yaml", "SEED: 3\n")
    with pytest.raises(UserError, match="32 files at most through BASE"):
        load_config(write("top.yaml", "BASE: 23.yaml\n"))


@pytest.mark.parametrize("name", ["secret.txt", "/etc/passwd", "pipe", "secret"])
def test_a_base_that_is_no_yaml_file_is_not_opened(write, name):
    write(name, "password: hunter2\n") if name.startswith("secret") else None
    with pytest.raises(UserError, match="BASE: expected a .yaml file") as error:
        load_config(write("mine.yaml", f"BASE: {name}\n"))
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    "text", ["user:x:0:secret\n", "{a secret: [", "a secret here: 1\n", "NAME: x\n\tsecret: [", "'the secret': 1", "- secret"]
)
def test_an_error_prints_no_line_of_a_base(write, text):
    write("other.yaml", text)
    with pytest.raises(UserError, match="other.yaml: expected") as error:
        load_config(write("mine.yaml", "BASE: other.yaml\n"))
    assert "secret" not in str(error.value)


def test_a_pipe_is_not_waited_for(tmp_path, write):
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(UserError, match="pipe.yaml'?, which is not there"):
        load_config(write("mine.yaml", "BASE: pipe.yaml\n"))


@pytest.mark.parametrize("name", ["../up", "/tmp/x", "a/b", "..", ".hidden", "a" * 300])
def test_a_name_stays_in_the_output_folder(write, name):
    with pytest.raises(UserError, match="NAME: expected the name of a folder in OUTPUT"):
        load_config(write("mine.yaml", f"NAME: {name}\n"))
    with pytest.raises(UserError, match="NAME: expected the name of a folder in OUTPUT"):
        parse_config(f"NAME: {name}\n")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ("TRAIN.EPOCHS 1:30", "expected int such as 30, found '1:30'"),
        ("SEED 18446744073709551616", "expected int such as 0, found a number of 20 digits"),
        ("TRAIN.EPOCHS 010", "found '010'"),
        ("TRAIN.BASE_LR 1_0", "found '1_0'"),
        ("TRAIN.BASE_LR nan", "found 'nan'"),
        ("SEED 9223372036854775808", "SEED: expected 9223372036854775807 at most"),
        (f"SEED {'9' * 5000}", "found a number of 5000 digits"),
        ("MODEL.INPUT_SIZE 100000000", "MODEL.INPUT_SIZE: expected 1024 at most"),
        ("DATA.CROP_SIZE 100000000", "DATA.CROP_SIZE: expected 1024 at most"),
    ],
)
def test_numbers_that_surprise_are_refused(write, options, found):
    with pytest.raises(UserError, match=re.escape(found)):
        load_config(write("mine.yaml", ""), options.split())
