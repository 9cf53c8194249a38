"""Dataset folders in the layouts in which they are downloaded."""

from dataclasses import replace
from pathlib import Path

import pytest

from slim_cli.corpora.datasets import DATASETS, Dataset, read_dataset, read_manifests
from slim_cli.corpora.manifest import Clip, write_manifest
from slim_cli.errors import UsageError

LA19 = "LA/ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm"
LA21, DF21 = "keys/LA/CM/trial_metadata.txt", "keys/DF/CM/trial_metadata.txt"
PART = "ASVspoof2021_DF_eval_part0{}/ASVspoof2021_DF_eval/flac/DF_E_{}.flac"
MLAAD_HEADER = (
    "path|original_file|language|is_original_language|duration|training_data|model_name|architecture|transcript"
)
CONFORMER = "common_voices_prompts_from_conformer_fastspeech2_pwg_ljspeech"
CV_HEADER = (
    "client_id\tpath\tsentence_id\tsentence\tup_votes\tdown_votes\tage\tgender\taccents\tvariant\tlocale\tsegment\n"
)
OZ, QUIJOTE = "en_US/by_book/female/judy_bieber/ozma_of_oz", "es_ES/by_book/mix/don_quijote"
M_AILABS = {
    f"{OZ}/metadata.csv": 'ozma_01_f000001|To My "Readers.|To my readers.\nozma_01_f000002|B|b\n',
    f"{OZ}/wavs/ozma_01_f000001.wav": "",
    f"{OZ}/wavs/ozma_01_f000002.wav": "",
    f"{QUIJOTE}/metadata.csv": "quijote_f000035|Uno|uno\n",
    f"{QUIJOTE}/wavs/quijote_f000035.wav": "",
}
LJSPEECH = {"LJSpeech-1.1/metadata.csv": "LJ001-0001|Printing, 1|one\n", "LJSpeech-1.1/wavs/LJ001-0001.wav": ""}
JSUT = {
    "jsut_ver1.1/basic5000/transcript_utf8.txt": "BASIC5000_0001:水をマレーシアから\n",
    "jsut_ver1.1/basic5000/wav/BASIC5000_0001.wav": "",
    "jsut_ver1.1/travel1000/transcript_utf8.txt": "TRAVEL1000_0001:はい\n",
    "jsut_ver1.1/travel1000/wav/TRAVEL1000_0001.wav": "",
}

LAYOUTS = {
    "asvspoof2019-la": {
        f"{LA19}.train.trn.txt": "LA_0079 LA_T_1 - - bonafide\nLA_0080 LA_T_2 - A01 spoof\n",
        f"{LA19}.dev.trl.txt": "LA_0069 LA_D_1 - A02 spoof\n",
        f"{LA19}.eval.trl.txt": "LA_0039 LA_E_1 - A11 spoof\n",
        "LA/ASVspoof2019_LA_train/flac/LA_T_1.flac": "",
        "LA/ASVspoof2019_LA_train/flac/LA_T_2.flac": "",
        "LA/ASVspoof2019_LA_dev/flac/LA_D_1.flac": "",
        "LA/ASVspoof2019_LA_eval/flac/LA_E_1.flac": "",
    },
    "asvspoof2021-la": {
        LA21: "LA_0009 LA_E_1 alaw ita_tx A07 spoof notrim eval\n"
        "LA_0020 LA_E_2 g722 loc_tx bonafide bonafide notrim progress\n"
        "LA_0031 LA_E_3 none - bonafide bonafide trim hidden\n",
        "ASVspoof2021_LA_eval/ASVspoof2021.LA.cm.eval.trl.txt": "LA_E_1\nLA_E_2\nLA_E_3\n",
        "ASVspoof2021_LA_eval/flac/LA_E_1.flac": "",
        "ASVspoof2021_LA_eval/flac/LA_E_2.flac": "",
        "ASVspoof2021_LA_eval/flac/LA_E_3.flac": "",
    },
    "asvspoof2021-df": {
        DF21: "LA_0023 DF_E_1 nocodec asvspoof A14 spoof notrim progress traditional_vocoder - - - -\n"
        "TEF2 DF_E_2 low_m4a vcc2020 Task1-team20 spoof notrim eval neural_vocoder_autoregressive Task1 team20 FF E\n"
        "VCC2SF1 DF_E_3 oggm4a vcc2018 - bonafide notrim eval bonafide - - - -\n",
        PART.format(0, 1): "",
        PART.format(1, 2): "",
        PART.format(3, 3): "",
    },
    "asvspoof5": {
        "ASVspoof5_protocols/ASVspoof5.train.tsv": "T_4850 T_1 F - - - AC3 A05 spoof -\n"
        "T_3734 T_2 F - - - - bonafide bonafide -\n",
        "ASVspoof5_protocols/ASVspoof5.eval.track_1.tsv": "E_1607 E_1 M C05 4 E_9 AC1 A17 spoof -\n",
        "flac_T/T_1.flac": "",
        "flac_T/T_2.flac": "",
        "flac_E_eval/E_1.flac": "",
    },
    "in-the-wild": {
        "release_in_the_wild/meta.csv": "file,speaker,label\n0.wav,Alec G.,spoof\n1.wav,Alec G.,bona-fide\n",
        "release_in_the_wild/0.wav": "",
        "release_in_the_wild/1.wav": "",
    },
    "wavefake": {
        "generated_audio/ljspeech_melgan/LJ001-0001_gen.wav": "",
        "generated_audio/ljspeech_waveglow/LJ001-0001.wav": "",
        "generated_audio/jsut_multi_band_melgan/BASIC5000_0001_gen.wav": "",
        f"generated_audio/{CONFORMER}/gen_0.wav": "",
        f"generated_audio/{CONFORMER}/generated/gen_0.wav": "",
        "generated_audio/ljspeech_hifiGAN/readme.txt": "",
        **LJSPEECH,
        **JSUT,
    },
    "mlaad": {
        "fake/de/vits/meta.csv": f'{MLAAD_HEADER}\n./fake/de/vits/a.wav|a.wav|de|True|3.2|-|tts/vits|v|"J\u2028a|b\n',
        "fake/en/bark/meta.csv": f"{MLAAD_HEADER}|reference_speaker\nb.wav|b.wav|en|True|3.2|-|suno/bark|b|Yes|-\n",
        "fake/de/vits/a.wav": "",
        "fake/en/bark/b.wav": "",
        **M_AILABS,
    },
    "m-ailabs": M_AILABS,
    "ljspeech": LJSPEECH,
    "jsut": JSUT,
    "common-voice": {
        "en/train.tsv": f'{CV_HEADER}c1\tcommon_voice_en_1.mp3\ts\t"Quoted\t2\t0\t\t\t\t\ten\t\n',
        "en/test.tsv": f"{CV_HEADER}c2\tcommon_voice_en_2.mp3\ts\tB\t2\t0\t\t\t\t\ten\t\n",
        "en/validated.tsv": f"{CV_HEADER}c3\tcommon_voice_en_3.mp3\ts\tC\t2\t0\t\t\t\t\ten\t\n",
        "zh-CN/train.tsv": "client_id\tpath\tsentence\nc4\tcommon_voice_zh-CN_4\tD\n",
        "en/clips/common_voice_en_1.mp3": "",
        "en/clips/common_voice_en_2.mp3": "",
        "en/clips/common_voice_en_3.mp3": "",
        "zh-CN/clips/common_voice_zh-CN_4.mp3": "",
    },
    "ravdess": {"Actor_01/03-01-06-01-02-01-01.wav": "", "Actor_01/03-02-06-01-02-01-01.wav": ""},
    "csv": {
        "meta.csv": "File;Label;Speaker;Codec;Relatives;role;subset\n"
        "a/1.wav;Bona fide;Ann;opus;;test;calls\n2.wav;FAKE;;;HiFi, glow;;\n",
        "a/1.wav": "",
        "2.wav": "",
    },
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
                "LA_T_1 bonafide - LA_0079 en train",
                "LA_T_2 spoof asvspoof2019-A01 LA_0080 en train",
                "LA_D_1 spoof asvspoof2019-A02 LA_0069 en train",
                "LA_E_1 spoof asvspoof2019-A11 LA_0039 en test",
            ],
        ),
        ("asvspoof2019-la", "eval", ["LA_E_1 spoof asvspoof2019-A11 LA_0039 en test"]),
        (
            "asvspoof2021-la",
            None,
            [
                "LA_E_1 spoof asvspoof2019-A07 LA_0009 en test",
                "LA_E_2 bonafide - LA_0020 en test",
                "LA_E_3 bonafide - LA_0031 en test",
            ],
        ),
        ("asvspoof2021-la", "progress", ["LA_E_2 bonafide - LA_0020 en test"]),
        (
            "asvspoof2021-df",
            None,
            [
                "DF_E_1 spoof asvspoof2019-A14 LA_0023 en test",
                "DF_E_2 spoof vcc2020-Task1-team20 TEF2 - test",
                "DF_E_3 bonafide - VCC2SF1 - test",
            ],
        ),
        (
            "asvspoof5",
            None,
            [
                "T_1 spoof asvspoof5-A05 T_4850 en train",
                "T_2 bonafide - T_3734 en train",
                "E_1 spoof asvspoof5-A17 E_1607 en test",
            ],
        ),
        (
            "in-the-wild",
            None,
            ["0 spoof in-the-wild Alec G. en test", "1 bonafide - Alec G. en test"],
        ),
        (
            "wavefake",
            None,
            [
                "gen_0 spoof conformer_fastspeech2_pwg ljspeech en test",
                "BASIC5000_0001_gen spoof multi_band_melgan jsut ja test",
                "LJ001-0001_gen spoof melgan ljspeech en test",
                "LJ001-0001 spoof waveglow ljspeech en test",
                "LJ001-0001 bonafide read ljspeech en test",
                "BASIC5000_0001 bonafide read jsut ja test",
            ],
        ),
        ("wavefake", "ljspeech_melgan", ["LJ001-0001_gen spoof melgan ljspeech en test"]),
        ("wavefake", "jsut", ["BASIC5000_0001 bonafide read jsut ja test"]),
        (
            "mlaad",
            None,
            [
                "a spoof tts/vits - de test",
                "b spoof suno/bark - en test",
                "ozma_01_f000001 bonafide read judy_bieber en test",
                "ozma_01_f000002 bonafide read judy_bieber en test",
                "quijote_f000035 bonafide read - es test",
            ],
        ),
        (
            "mlaad",
            "en",
            [
                "b spoof suno/bark - en test",
                "ozma_01_f000001 bonafide read judy_bieber en test",
                "ozma_01_f000002 bonafide read judy_bieber en test",
            ],
        ),
        ("m-ailabs", "es_ES", ["quijote_f000035 bonafide read - es test"]),
        ("ljspeech", None, ["LJ001-0001 bonafide read ljspeech en test"]),
        (
            "jsut",
            None,
            ["BASIC5000_0001 bonafide read jsut ja test", "TRAVEL1000_0001 bonafide read jsut ja test"],
        ),
        ("jsut", "travel1000", ["TRAVEL1000_0001 bonafide read jsut ja test"]),
        (
            "common-voice",
            None,
            [
                "common_voice_en_1 bonafide read c1 en train",
                "common_voice_zh-CN_4 bonafide read c4 zh train",
                "common_voice_en_2 bonafide read c2 en test",
            ],
        ),
        ("common-voice", "validated", ["common_voice_en_3 bonafide read c3 en test"]),
        ("ravdess", None, ["03-01-06-01-02-01-01 bonafide acted ravdess-01 en test"]),
        ("csv", None, ["1 bonafide - Ann - test", "2 spoof - - - train"]),
        ("csv", "calls", ["1 bonafide - Ann - test"]),
    ],
)
def test_a_folder_becomes_clips(tmp_path: Path, name: str, subset: str | None, expected: list[str]) -> None:
    origin = lay_out(tmp_path / name, LAYOUTS[name])
    clips = read_dataset(name, origin, subset)
    shown = [(c.path.stem, c.label, c.system, c.speaker, c.language, c.role) for c in clips]
    assert [" ".join(word or "-" for word in words) for words in shown] == expected
    assert all(c.path.is_file() and c.origin == name for c in clips)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("asvspoof2019-la", [("train", "", ""), ("train", "", ""), ("dev", "", ""), ("eval", "", "")]),
        (
            "asvspoof2021-la",
            [("eval", "alaw", "ita_tx"), ("progress", "g722", "loc_tx"), ("hidden", "none", "trim")],
        ),
        (
            "asvspoof2021-df",
            [("progress", "nocodec", "asvspoof"), ("eval", "low_m4a", "vcc2020"), ("eval", "oggm4a", "vcc2018")],
        ),
        ("asvspoof5", [("train", "", ""), ("train", "", ""), ("eval", "C05", "quality 4")]),
        ("csv", [("calls", "opus", ""), ("", "", "")]),
    ],
)
def test_subset_codec_and_condition_are_kept(tmp_path: Path, name: str, expected: list[tuple[str, ...]]) -> None:
    clips = read_dataset(name, lay_out(tmp_path, LAYOUTS[name]), None)
    assert [(c.subset, c.codec, c.condition) for c in clips] == expected


@pytest.mark.parametrize(
    ("name", "moves"),
    [
        pytest.param("asvspoof2021-df", {"keys/DF": "DF-keys-full/keys/DF"}, id="keys in the folder of their archive"),
        pytest.param("asvspoof2021-df", {"keys/DF": "DF-keys-stage-1/keys"}, id="keys of the first stage"),
        pytest.param("asvspoof2021-df", {"keys/DF": "keys"}, id="keys of the first stage, unpacked here"),
        pytest.param("asvspoof2021-df", {"keys/DF": "DF"}, id="what the archive's folder holds"),
        pytest.param("asvspoof2021-df", {"keys/DF": "DF-keys-full/DF"}, id="the same in a folder of its name"),
        pytest.param(
            "asvspoof2021-df",
            {f"ASVspoof2021_DF_eval_part0{n}/ASVspoof2021_DF_eval": "ASVspoof2021_DF_eval" for n in (0, 1, 3)},
            id="parts unpacked into one",
        ),
        pytest.param(
            "asvspoof2021-la",
            {"keys/LA": "ASVspoof2021_LA_eval/keys/LA"},
            id="keys beside the audio",
        ),
        pytest.param("asvspoof2021-la", {"ASVspoof2021_LA_eval/flac": "flac"}, id="the inner folder"),
        pytest.param("asvspoof2019-la", {"LA/": ""}, id="the folder LA itself"),
        pytest.param("asvspoof5", {"ASVspoof5_protocols/": ""}, id="lists beside the audio"),
        pytest.param("in-the-wild", {"release_in_the_wild/": ""}, id="the folder of the archive"),
        pytest.param("wavefake", {"generated_audio/": ""}, id="the folder generated_audio"),
        pytest.param("mlaad", {"en_US/": "original/en_US/", "es_ES/": "original/es_ES/"}, id="recordings in original"),
        pytest.param("ljspeech", {"LJSpeech-1.1/": ""}, id="the folder of the archive"),
        pytest.param("jsut", {"jsut_ver1.1/": ""}, id="the folder of the archive"),
        pytest.param("ravdess", {"Actor_01": "Audio_Speech_Actors_01-24/Actor_01"}, id="the archive's name as folder"),
    ],
)
def test_the_other_places_where_archives_are_unpacked_read_the_same(
    tmp_path: Path, name: str, moves: dict[str, str]
) -> None:
    moved = LAYOUTS[name]
    for old, new in moves.items():
        assert any(file.startswith(old) for file in moved)
        moved = {new + file.removeprefix(old) if file.startswith(old) else file: text for file, text in moved.items()}
    there, elsewhere = lay_out(tmp_path / "a" / name, LAYOUTS[name]), lay_out(tmp_path / "b" / name, moved)
    expected, found = read_dataset(name, there, None), read_dataset(name, elsewhere, None)
    assert [(vars(c) | {"path": c.path.name}) for c in found] == [(vars(c) | {"path": c.path.name}) for c in expected]


@pytest.mark.parametrize("track", ["LA", "DF"])
@pytest.mark.parametrize("homes", ["keys/{}", "{}-keys-full/keys/{}", "{}-keys-stage-1/keys", "{}"])
def test_keys_of_both_tracks_may_lie_beside_each_other(tmp_path: Path, track: str, homes: str) -> None:
    name = f"asvspoof2021-{track.lower()}"
    for each in ("LA", "DF"):
        files = LAYOUTS[f"asvspoof2021-{each.lower()}"]
        lay_out(tmp_path / "both", {f.replace(f"keys/{each}", homes.format(each, each)): t for f, t in files.items()})
    lay_out(
        tmp_path / "both",
        {
            "keys/CM/trial_metadata.txt": LAYOUTS["asvspoof2021-la" if track == "DF" else "asvspoof2021-df"][
                DF21 if track == "LA" else LA21
            ]
        },
    )
    alone = read_dataset(name, lay_out(tmp_path / "alone", LAYOUTS[name]), None)
    both = read_dataset(name, tmp_path / "both", None)
    assert [replace(c, path=Path(c.path.name)) for c in both] == [replace(c, path=Path(c.path.name)) for c in alone]


def test_where_common_voice_has_only_validated_it_is_read_and_said(tmp_path: Path) -> None:
    files, told = LAYOUTS["common-voice"], list[str]()
    both = lay_out(
        tmp_path / "both",
        files | {"de/validated.tsv": f"{CV_HEADER}c5\tde_5.mp3\ts\tE\t2\t0\t\t\t\t\tde\t\n", "de/clips/de_5.mp3": ""},
    )
    clips = read_dataset("common-voice", both, None, told.append)
    assert [(c.path.stem, c.subset, c.role) for c in clips if c.language in ("de", "en")] == [
        ("common_voice_en_1", "train", "train"),
        ("common_voice_en_2", "test", "test"),
        ("de_5", "validated", "test"),
    ]
    assert told == ["common-voice: 1 clips are of the list 'validated', where none of the usual lists is there"]
    for subset, folder in (("validated", both), (None, lay_out(tmp_path / "usual", files))):
        assert read_dataset("common-voice", folder, subset, told.append)
    assert len(told) == 1


def test_readers_of_mixed_books_are_not_known(tmp_path: Path) -> None:
    deeper = {
        f"uk_UK/by_book/mix/poems/part_1/{name}": text
        for name, text in (("metadata.csv", "p1|A|a\n"), ("wavs/p1.wav", ""))
    }
    clips = read_dataset("m-ailabs", lay_out(tmp_path, M_AILABS | deeper), None)
    assert [(c.path.stem, c.speaker_known) for c in clips] == [
        ("ozma_01_f000001", True),
        ("ozma_01_f000002", True),
        ("quijote_f000035", False),
        ("p1", False),
    ]


@pytest.mark.parametrize(
    ("name", "inner"), [("m-ailabs", "en_US"), ("common-voice", "en"), ("mlaad", "fake/.."), ("csv", "meta.csv")]
)
def test_a_part_of_a_dataset_can_be_named_itself(tmp_path: Path, name: str, inner: str) -> None:
    assert read_dataset(name, lay_out(tmp_path, LAYOUTS[name]) / inner, None)


def test_recordings_that_lie_elsewhere_join_their_spoof_in_one_origin(tmp_path: Path) -> None:
    folders = [lay_out(tmp_path / str(n), files) for n, files in enumerate((M_AILABS, LJSPEECH, JSUT))]
    names = ["mlaad", "wavefake", "wavefake"]
    clips = read_manifests([Path(f"{name}={folder}") for name, folder in zip(names, folders, strict=True)])
    assert [(c.path.stem, c.origin) for c in clips if not c.is_spoof] == [
        ("ozma_01_f000001", "mlaad"),
        ("ozma_01_f000002", "mlaad"),
        ("quijote_f000035", "mlaad"),
        ("LJ001-0001", "wavefake"),
        ("BASIC5000_0001", "wavefake"),
    ]


def test_a_list_of_ones_own_keeps_all_that_a_manifest_keeps(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    clip = Clip(
        tmp_path / "a.wav", "spoof", "glow", "Ann", "lab", "en", tmp_path / "b.wav", "page", frozenset({"hifi"})
    )
    clip = replace(clip, role="test", subset="calls", codec="opus", condition="far")
    write_manifest(tmp_path / "manifest.csv", [clip])
    assert read_dataset("csv", tmp_path, None) == [clip]


@pytest.mark.parametrize(
    ("name", "gone", "told"),
    [
        ("asvspoof2019-la", "LA/ASVspoof2019_LA_dev/flac/LA_D_1.flac", "1 of 4"),
        ("asvspoof2021-df", PART.format(3, 3), "1 of 3"),
        ("asvspoof5", "flac_E_eval/E_1.flac", "1 of 3"),
        ("in-the-wild", "release_in_the_wild/0.wav", "1 of 2"),
        ("mlaad", "fake/en/bark/b.wav", "1 of 5"),
        ("m-ailabs", f"{OZ}/wavs/ozma_01_f000002.wav", "1 of 3"),
        ("jsut", "jsut_ver1.1/travel1000/wav/TRAVEL1000_0001.wav", "1 of 2"),
        ("common-voice", "en/clips/common_voice_en_2.mp3", "1 of 3"),
        ("csv", "2.wav", "1 of 2"),
    ],
)
def test_missing_audio_is_counted_and_left_out(tmp_path: Path, name: str, gone: str, told: str) -> None:
    folder = lay_out(tmp_path, LAYOUTS[name])
    whole, lines = len(read_dataset(name, folder, None)), list[str]()
    (folder / gone).unlink()
    clips = read_manifests([Path(f"{name}={folder}")], lines.append)
    assert len(clips) == whole - 1
    assert len(lines) == 1
    assert lines[0].startswith(f"{name}: {told} listed audio files are missing")
    assert lines[0].endswith(Path(gone).name)


@pytest.mark.parametrize(
    ("name", "file", "text", "message"),
    [
        ("asvspoof2019-la", f"{LA19}.dev.trl.txt", "\nLA_0069 LA_D_1 spoof\n", r"dev\.trl\.txt, line 2: 3 columns"),
        ("asvspoof2019-la", f"{LA19}.dev.trl.txt", "s LA_D_1 - - fake\n", "line 1: the label 'fake'"),
        ("asvspoof2021-la", LA21, "s LA_E_1 alaw ita_tx A07 spoof notrim\n", r"metadata\.txt, line 1: 7 columns"),
        ("asvspoof2021-df", DF21, "s ../x nocodec asvspoof A14 spoof notrim eval\n", "line 1: .* out of the folder"),
        ("asvspoof5", "ASVspoof5_protocols/ASVspoof5.train.tsv", "T_1 T_1 F\n", r"train\.tsv, line 1: 3 columns"),
        (
            "in-the-wild",
            "release_in_the_wild/meta.csv",
            "file,speaker,label\n0.wav,A,real\n",
            "line 2: the label 'real'",
        ),
        ("in-the-wild", "release_in_the_wild/meta.csv", "file,label\n0.wav,spoof\n", "line 1: the columns"),
        ("in-the-wild", "release_in_the_wild/meta.csv", "file,speaker,label\n0.wav,A\n", "line 2: 2 cells"),
        ("in-the-wild", "release_in_the_wild/meta.csv", 'file,speaker,label\n0.wav,"A"x,spoof\n', "line 2: not CSV"),
        ("mlaad", "fake/en/bark/meta.csv", "path|model_name\n./../../c.wav|bark\n", "line 2: .* out of the folder"),
        ("m-ailabs", f"{OZ}/metadata.csv", "/etc/passwd|a|a\n", r"metadata\.csv, line 1: .* out of the folder"),
        (
            "common-voice",
            "en/test.tsv",
            "client_id\tsentence\nc\ts\n",
            r"test\.tsv, line 1: the columns client_id, path",
        ),
        ("ravdess", "Actor_01/03-01-06-02.wav", "", "03-01-06-02.wav is not seven numbers"),
        ("csv", "meta.csv", "path,label\na.wav,maybe\n", r"meta\.csv, line 2: the label 'maybe' is none of bonafide"),
        ("csv", "meta.csv", "name,label\na.wav,real\n", r"meta\.csv needs a column path or file"),
        ("csv", "meta.csv", "path,label,role\na.wav,real,dev\n", r"line 2: the role 'dev' is neither"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, name: str, file: str, text: str, message: str) -> None:
    folder = lay_out(tmp_path, LAYOUTS[name] | {file: text})
    with pytest.raises(UsageError, match=message) as caught:
        read_dataset(name, folder, None)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_a_wrong_folder_or_subset_is_refused_with_what_was_looked_for(tmp_path: Path, dataset: Dataset) -> None:
    name = dataset.name
    with pytest.raises(UsageError, match="does not exist"):
        read_dataset(name, tmp_path / "none", None)
    with pytest.raises(UsageError, match=r"nothing was found\. Looked for ") as caught:
        read_dataset(name, lay_out(tmp_path, {"unrelated.txt": ""}), None)
    assert dataset.layout in str(caught.value)
    with pytest.raises(UsageError, match="'nonsense'"):
        read_dataset(name, lay_out(tmp_path, LAYOUTS[name]), "nonsense")


def test_lists_without_any_audio_are_refused(tmp_path: Path) -> None:
    files = {name: text for name, text in LAYOUTS["asvspoof2021-df"].items() if text}
    with pytest.raises(UsageError, match=r"none of the 3 audio files .* ASVspoof2021_DF_eval_part00 to 03"):
        read_dataset("asvspoof2021-df", lay_out(tmp_path, files), None)


def test_a_dataset_stands_where_a_manifest_does(tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "with:colon", LAYOUTS["asvspoof2021-la"])
    plain = tmp_path / "mlaad=plain.csv"
    plain.write_text("path,label\nx.wav,bonafide\n")
    clips = read_manifests([Path(f"asvspoof2021-la={folder}"), Path(f"asvspoof2021-la={folder}:eval"), plain])
    assert [c.path.name for c in clips] == ["LA_E_1.flac", "LA_E_2.flac", "LA_E_3.flac", "LA_E_1.flac", "x.wav"]
    with pytest.raises(UsageError, match=r"no reader for the dataset 'other'.*mlaad"):
        read_manifests([Path(f"other={folder}")])
