# SPDX-License-Identifier: Apache-2.0
import pytest

from image_classification.CFC_SP.config import load_config
from image_classification.CFC_SP.exporting.members import load_members, sources_of_cascade
from image_classification.CFC_SP.support.errors import UserError

pytestmark = pytest.mark.usefixtures("tiny_network")


@pytest.fixture
def cascade(tmp_path):
    """Writes a cascade's config, its networks' configs beside it, and returns its path."""

    def write(coarse, negative):
        for stage in ("coarse", "negative", "flat"):
            text = load_config(f"configs/lite/lite_repvgg_{stage}.yaml", ["MODEL.INPUT_SIZE", "16", "DATA.CROP_SIZE", "16"]).dump()
            (tmp_path / f"{stage}.yaml").write_text(text)
        path = tmp_path / "cascade.yaml"
        path.write_text(f"SP:\n  WINDOW: 64\nCASCADE:\n  COARSE: {coarse}\n  NEGATIVE: {negative}\n")
        return path

    return write


def test_a_config_names_the_runs_of_both_stages(cascade, runs):
    config, sources = sources_of_cascade(cascade("[coarse, flat]", "[flat]"), runs, random=False)
    assert config.SP.WINDOW == 64
    assert {stage: [path.parent.name for path in paths] for stage, paths in sources.items()} == {
        "coarse": ["coarse", "flat"],
        "negative": ["flat"],
    }
    assert all(path.is_file() for paths in sources.values() for path in paths)


def test_a_run_that_is_not_there_is_told(cascade, runs):
    with pytest.raises(UserError, match=r"cascade.yaml names a run whose .*elsewhere/best.safetensors is missing: train it"):
        sources_of_cascade(cascade("[coarse, elsewhere]", "[flat]"), runs, random=False)


def test_a_stage_without_runs_is_told(cascade, runs):
    with pytest.raises(UserError, match="CASCADE.NEGATIVE: expected the names of one run or more, found none"):
        sources_of_cascade(cascade("[coarse]", "[]"), runs, random=False)


def test_random_networks_are_those_of_their_configs(cascade, tmp_path):
    _, sources = sources_of_cascade(cascade("[coarse, flat]", "[negative, flat]"), tmp_path / "none", random=True)
    members = load_members(sources)
    stems = {stage: [member.stem for member in listed] for stage, listed in members.items()}
    assert stems == {"coarse": ["coarse_repvgg_lite", "flat_repvgg_lite"], "negative": ["negative_repvgg_lite", "flat_repvgg_lite"]}
    assert members["coarse"][1] is members["negative"][1]
    assert {(member.origin, member.validation) for listed in members.values() for member in listed} == {("random", None)}
    arrays = [listed[0].stored for listed in members.values()]
    name = max(arrays[0], key=lambda name: arrays[0][name].size)
    assert (arrays[0][name] != arrays[1][name]).mean() > 0.9


def test_the_config_of_a_random_network_lies_beside_the_cascades(cascade, tmp_path):
    with pytest.raises(UserError, match="no config file .*elsewhere.yaml"):
        sources_of_cascade(cascade("[elsewhere]", "[flat]"), tmp_path, random=True)


def test_networks_of_one_kind_are_numbered(checkpoints, runs):
    other = runs / "other.safetensors"
    other.write_bytes((runs / "flat" / "best.safetensors").read_bytes())
    members = load_members({"coarse": [checkpoints["flat"], other], "negative": [checkpoints["negative"], runs / "flat/best.safetensors"]})
    assert [member.stem for member in members["coarse"]] == ["flat_repvgg_lite", "flat_repvgg_lite_2"]
    assert members["negative"][1] is members["coarse"][0]


def test_checkpoints_of_the_wrong_stage_are_told(checkpoints):
    with pytest.raises(UserError, match="expected a network of the coarse stage, or a flat one, found one of the negative stage"):
        load_members({"coarse": [checkpoints["negative"]], "negative": [checkpoints["negative"]]})
    with pytest.raises(UserError, match="expected a network of the negative stage, or a flat one, found one of the coarse stage"):
        load_members({"coarse": [checkpoints["coarse"]], "negative": [checkpoints["flat"], checkpoints["coarse"]]})


def test_crops_must_be_of_one_geometry(checkpoints, cascade):
    small = load_config(cascade("[]", "[]").with_name("negative.yaml"))
    with pytest.raises(
        UserError, match=r"crops of one geometry, found \(size, margin, align\) \[\(16, 0.0, 'none'\), \(48, 0.0, 'none'\)\]"
    ):
        load_members({"coarse": [checkpoints["coarse"]], "negative": [small]})
