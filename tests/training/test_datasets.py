"""Dataset folders in the layouts in which they are downloaded."""

from pathlib import Path

import pytest

from slim_cli.errors import UsageError
from slim_cli.training.datasets import READERS, read_dataset
from slim_cli.training.manifest import read_manifests

LA19 = "ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm"
LA21, DF21 = "keys/LA/CM/trial_metadata.txt", "keys/DF/CM/trial_metadata.txt"
MLAAD_HEADER = (
    "path|original_file|language|is_original_language|duration|training_data|model_name|architecture|transcript"
)

LAYOUTS = {
    "asvspoof2019-la": {
        f"{LA19}.train.trn.txt": "LA_0079 LA_T_1 - - bonafide\nLA_0080 LA_T_2 - A01 spoof\n",
        f"{LA19}.dev.trl.txt": "LA_0069 LA_D_1 - A02 spoof\n",
        f"{LA19}.eval.trl.txt": "LA_0039 LA_E_1 - A11 spoof\n",
        "ASVspoof2019_LA_train/flac/LA_T_1.flac": "",
        "ASVspoof2019_LA_train/flac/LA_T_2.flac": "",
        "ASVspoof2019_LA_dev/flac/LA_D_1.flac": "",
        "ASVspoof2019_LA_eval/flac/LA_E_1.flac": "",
    },
    "asvspoof2021-la": {
        LA21: "LA_0009 LA_E_1 alaw ita_tx A07 spoof notrim eval\n"
        "LA_0020 LA_E_2 g722 loc_tx bonafide bonafide notrim progress\n",
        "flac/LA_E_1.flac": "",
        "flac/LA_E_2.flac": "",
    },
    "asvspoof2021-df": {
        DF21: "LA_0023 DF_E_1 nocodec asvspoof A14 spoof notrim progress traditional_vocoder - - - -\n"
        "TEF2 DF_E_2 low_m4a vcc2020 Task1-team20 spoof notrim eval neural_vocoder_autoregressive Task1 team20 FF E\n",
        "flac/DF_E_1.flac": "",
        "flac/DF_E_2.flac": "",
    },
    "asvspoof5": {
        "ASVspoof5_protocols/ASVspoof5.train.tsv": "T_4850 T_1 F - - - AC3 A05 spoof -\n"
        "T_3734 T_2 F - - - - bonafide bonafide -\n",
        "ASVspoof5_protocols/ASVspoof5.eval.track_1.tsv": "E_1 E_1 M C05 4 E_9 AC1 A17 spoof -\n",
        "flac_T/T_1.flac": "",
        "flac_T/T_2.flac": "",
        "flac_E_eval/E_1.flac": "",
    },
    "in-the-wild": {
        "meta.csv": "file,speaker,label\n0.wav,Alec Guinness,spoof\n1.wav,Alec Guinness,bona-fide\n",
        "0.wav": "",
        "1.wav": "",
    },
    "wavefake": {"ljspeech_melgan/LJ001-0001_gen.wav": "", "jsut_multi_band_melgan/BASIC5000_0001_gen.wav": ""},
    "mlaad": {
        "fake/de/vits/meta.csv": f'{MLAAD_HEADER}\n./fake/de/vits/a.wav|a.wav|de|True|3.2|css10|tts/vits|v|"J\u2028a\n',
        "fake/en/bark/meta.csv": f"{MLAAD_HEADER}\nb.wav|en_US/b.wav|en|True|3.2|-|suno/bark|bark|Yes\n",
        "fake/de/vits/a.wav": "",
        "fake/en/bark/b.wav": "",
    },
    "ravdess": {"Actor_01/03-01-06-01-02-01-01.wav": "", "Actor_01/03-02-06-01-02-01-01.wav": ""},
}


def lay_out(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("name", "subset", "expected"),
    [
        (
            "asvspoof2019-la",
            None,
            [
                ("LA_T_1", "bonafide", "", "LA_0079", "train"),
                ("LA_T_2", "spoof", "asvspoof2019-A01", "LA_0080", "train"),
                ("LA_D_1", "spoof", "asvspoof2019-A02", "LA_0069", "train"),
                ("LA_E_1", "spoof", "asvspoof2019-A11", "LA_0039", "test"),
            ],
        ),
        ("asvspoof2019-la", "eval", [("LA_E_1", "spoof", "asvspoof2019-A11", "LA_0039", "test")]),
        (
            "asvspoof2021-la",
            None,
            [
                ("LA_E_1", "spoof", "asvspoof2019-A07", "LA_0009", "test"),
                ("LA_E_2", "bonafide", "", "LA_0020", "test"),
            ],
        ),
        ("asvspoof2021-la", "progress", [("LA_E_2", "bonafide", "", "LA_0020", "test")]),
        (
            "asvspoof2021-df",
            None,
            [
                ("DF_E_1", "spoof", "asvspoof2019-A14", "LA_0023", "test"),
                ("DF_E_2", "spoof", "vcc2020-Task1-team20", "TEF2", "test"),
            ],
        ),
        (
            "asvspoof5",
            None,
            [
                ("T_1", "spoof", "asvspoof5-A05", "T_4850", "train"),
                ("T_2", "bonafide", "", "T_3734", "train"),
                ("E_1", "spoof", "asvspoof5-A17", "E_1", "test"),
            ],
        ),
        (
            "in-the-wild",
            None,
            [
                ("0", "spoof", "in-the-wild", "Alec Guinness", "test"),
                ("1", "bonafide", "", "Alec Guinness", "test"),
            ],
        ),
        ("wavefake", "ljspeech_melgan", [("LJ001-0001_gen", "spoof", "melgan", "ljspeech", "train")]),
        ("wavefake", "jsut_multi_band_melgan", [("BASIC5000_0001_gen", "spoof", "multi_band_melgan", "jsut", "train")]),
        ("mlaad", None, [("a", "spoof", "tts/vits", "", "train"), ("b", "spoof", "suno/bark", "", "train")]),
        ("mlaad", "en", [("b", "spoof", "suno/bark", "", "train")]),
        ("ravdess", None, [("03-01-06-01-02-01-01", "bonafide", "acted", "ravdess-01", "train")]),
    ],
)
def test_a_folder_becomes_clips(tmp_path: Path, name: str, subset: str | None, expected: list[tuple[str, ...]]) -> None:
    clips = read_dataset(name, lay_out(tmp_path, LAYOUTS[name]), subset)
    assert [(c.path.stem, c.label, c.system, c.speaker, c.role) for c in clips] == expected
    assert all(c.path.is_file() and c.origin == name for c in clips)


@pytest.mark.parametrize(
    ("name", "file", "text", "message"),
    [
        ("asvspoof2019-la", f"{LA19}.dev.trl.txt", "\nLA_0069 LA_D_1 spoof\n", r"dev\.trl\.txt, line 2: 3 columns"),
        ("asvspoof2019-la", f"{LA19}.dev.trl.txt", "s LA_D_1 - - fake\n", "line 1: the label 'fake'"),
        ("asvspoof2019-la", f"{LA19}.dev.trl.txt", "s LA_D_9 - - spoof\n", r"line 1: the audio file .*LA_D_9\.flac"),
        ("asvspoof2021-la", LA21, "s LA_E_1 alaw ita_tx A07 spoof notrim\n", r"metadata\.txt, line 1: 7 columns"),
        ("asvspoof2021-df", DF21, "s ../x nocodec asvspoof A14 spoof notrim eval\n", "line 1: .* out of the folder"),
        ("asvspoof5", "ASVspoof5_protocols/ASVspoof5.train.tsv", "T_1 T_1 F\n", r"train\.tsv, line 1: 3 columns"),
        ("in-the-wild", "meta.csv", "file,speaker,label\n0.wav,A,real\n", r"meta\.csv, line 2: the label 'real'"),
        ("in-the-wild", "meta.csv", "file,label\n0.wav,spoof\n", r"meta\.csv, line 1: the columns"),
        ("in-the-wild", "meta.csv", "file,speaker,label\n0.wav,A\n", r"meta\.csv, line 2: 2 cells"),
        ("in-the-wild", "meta.csv", 'file,speaker,label\n0.wav,"A"x,spoof\n', r"meta\.csv, line 2: not CSV"),
        ("mlaad", "fake/en/bark/meta.csv", "path|model_name\nc.wav|bark\n", r"meta\.csv, line 2: the audio .*c\.wav"),
        ("wavefake", "ljspeech_waveglow/readme.txt", "", r"ljspeech_waveglow holds no files \*_gen\.wav"),
        ("ravdess", "Actor_01/03-01-06-02.wav", "", "03-01-06-02.wav is not seven numbers"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, name: str, file: str, text: str, message: str) -> None:
    folder = lay_out(tmp_path, LAYOUTS[name] | {file: text})
    with pytest.raises(UsageError, match=message) as caught:
        read_dataset(name, folder, None)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", READERS)
def test_a_wrong_folder_or_subset_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        read_dataset(name, tmp_path / "none", None)
    with pytest.raises(UsageError, match=r"None of|cannot be read|holds no clips"):
        read_dataset(name, tmp_path, None)
    with pytest.raises(UsageError, match="'nonsense'"):
        read_dataset(name, lay_out(tmp_path, LAYOUTS[name]), "nonsense")


def test_a_dataset_stands_where_a_manifest_does(tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "with:colon", LAYOUTS["mlaad"])
    plain = tmp_path / "mlaad=plain.csv"
    plain.write_text("path,label\nx.wav,bonafide\n")
    clips = read_manifests([Path(f"mlaad={folder}"), Path(f"mlaad={folder}:en"), plain])
    assert [c.path.name for c in clips] == ["a.wav", "b.wav", "b.wav", "x.wav"]
    with pytest.raises(UsageError, match=r"no reader for the dataset 'other'.*mlaad"):
        read_manifests([Path(f"other={folder}")])
