"""The datasets that can be read: what they hold, how their folders look, and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from slim_cli.corpora.datasets import asvspoof, in_the_wild, mlaad, own, ravdess, recordings, wavefake
from slim_cli.corpora.manifest import Clip

Reader = Callable[[Path, str | None], Iterator[Clip]]


@dataclass(frozen=True)
class Dataset:
    """A dataset.

    Attributes:
        name: what it is called on the command line.
        title: what it is.
        bona_fide, spoof: which of its clips are so; empty for none.
        subsets: the parts that can be read alone; empty where there are none.
        layout: what its folder holds, as published.
        licence: its terms, in short.
        source: where it is published.
        read: folder and subset to clips, whether their audio is there or not.
        instead: the subset that is read, which is then said, where none is named and the usual ones are not there.
    """

    name: str
    title: str
    bona_fide: str
    spoof: str
    subsets: str
    layout: str
    licence: str
    source: str
    read: Reader
    instead: str = ""

    @property
    def described(self) -> str:
        """What it is, where it comes from and how its folder looks, in lines."""
        facts = {
            "bona fide": self.bona_fide or "none",
            "spoof": self.spoof or "none",
            "subsets": self.subsets,
            "folder": self.layout,
            "licence": self.licence,
            "from": self.source,
        }
        return "\n".join(
            [f"{self.name}: {self.title}", *(f"  {name:<9}  {fact}" for name, fact in facts.items() if fact)]
        )


DATASETS = (
    Dataset(
        name="asvspoof2019-la",
        title="ASVspoof 2019, logical access",
        bona_fide="recordings of VCTK",
        spoof="attacks A01 to A19; A01 to A06 in train and dev",
        subsets="train, dev, eval",
        layout="[LA/]ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.*.txt, ASVspoof2019_LA_{train,dev,eval}/flac",
        licence="ODC-By 1.0",
        source="datashare.ed.ac.uk/handle/10283/3336",
        read=asvspoof.read_2019_la,
    ),
    Dataset(
        name="asvspoof2021-la",
        title="ASVspoof 2021, logical access: sent over telephone networks",
        bona_fide="recordings of VCTK",
        spoof="attacks A07 to A19 of 2019",
        subsets="progress, eval, hidden",
        layout="ASVspoof2021_LA_eval/flac, [keys/]LA/CM/trial_metadata.txt (or in LA-keys-full, LA-keys-stage-1)",
        licence="ODC-By 1.0",
        source="zenodo.org/records/4837263; keys: asvspoof.org/index2021.html",
        read=partial(asvspoof.read_2021, "LA"),
    ),
    Dataset(
        name="asvspoof2021-df",
        title="ASVspoof 2021, deepfake: coded as on the internet",
        bona_fide="recordings of VCTK and of the Voice Conversion Challenges 2018 and 2020",
        spoof="attacks of 2019 and systems of these challenges",
        subsets="progress, eval, hidden",
        layout="ASVspoof2021_DF_eval_part00 to 03, each with ASVspoof2021_DF_eval/flac (or one ASVspoof2021_DF_eval), "
        "[keys/]DF/CM/trial_metadata.txt (or in DF-keys-full, DF-keys-stage-1)",
        licence="ODC-By 1.0",
        source="zenodo.org/records/4835108; keys: asvspoof.org/index2021.html",
        read=partial(asvspoof.read_2021, "DF"),
    ),
    Dataset(
        name="asvspoof5",
        title="ASVspoof 5, track 1",
        bona_fide="recordings of Multilingual LibriSpeech",
        spoof="attacks A01 to A32",
        subsets="train, dev, eval",
        layout="[ASVspoof5_protocols/]ASVspoof5.{train,dev.track_1,eval.track_1}.tsv, flac_T, flac_D, flac_E_eval",
        licence="its LICENSE.txt",
        source="zenodo.org/records/14498691",
        read=asvspoof.read_5,
    ),
    Dataset(
        name="in-the-wild",
        title="speech of 58 persons of public life",
        bona_fide="found on the internet",
        spoof="found on the internet, of unknown systems",
        subsets="",
        layout="[release_in_the_wild/]meta.csv beside the WAV files",
        licence="CC BY-SA 4.0",
        source="deepfake-total.com/in_the_wild",
        read=in_the_wild.read,
    ),
    Dataset(
        name="mlaad",
        title="synthesis in many languages",
        bona_fide="M-AILABS, where it lies in the folder; or name mlaad again with M-AILABS's folder",
        spoof="all; the system is the column model_name",
        subsets="a language, such as en",
        layout="fake/<language>/<model>/meta.csv; beside it, or in original or M-AILABS: <locale>/by_book",
        licence="CC BY-NC 4.0",
        source="huggingface.co/datasets/mueller91/MLAAD",
        read=mlaad.read,
    ),
    Dataset(
        name="wavefake",
        title="vocoders on two voices",
        bona_fide="LJSpeech and JSUT (basic5000), where they lie in the folder; or name wavefake again with theirs",
        spoof="all of generated_audio",
        subsets="a folder, such as ljspeech_melgan; ljspeech and jsut for the recordings",
        layout="[generated_audio/]{ljspeech,jsut}_<vocoder>/*.wav, common_voices_prompts_from_<system>_ljspeech; "
        "beside it LJSpeech-1.1, jsut_ver1.1",
        licence="CC BY-SA 4.0",
        source="zenodo.org/records/5642694",
        read=wavefake.read,
    ),
    Dataset(
        name="m-ailabs",
        title="audio books in eight languages",
        bona_fide="all",
        spoof="",
        subsets="a locale or a language, such as en_US or en",
        layout="<locale>/by_book/{female,male}/<speaker>/<book>/ and by_book/mix/<book>/, with metadata.csv and wavs",
        licence="its own, for any use with its notice; Ukrainian for machine learning only",
        source="github.com/i-celeste-aurora/m-ailabs-dataset",
        read=recordings.read_m_ailabs,
    ),
    Dataset(
        name="ljspeech",
        title="one English reader",
        bona_fide="all",
        spoof="",
        subsets="",
        layout="[LJSpeech-1.1/]metadata.csv and wavs",
        licence="public domain",
        source="keithito.com/LJ-Speech-Dataset",
        read=recordings.read_ljspeech,
    ),
    Dataset(
        name="jsut",
        title="one Japanese reader",
        bona_fide="all",
        spoof="",
        subsets="a part, such as basic5000",
        layout="[jsut_ver1.1/]<part>/transcript_utf8.txt and wav",
        licence="audio for research and personal use; its LICENCE.txt",
        source="sites.google.com/site/shinnosuketakamichi/publication/jsut",
        read=recordings.read_jsut,
    ),
    Dataset(
        name="common-voice",
        title="sentences read by volunteers",
        bona_fide="all",
        spoof="",
        subsets="train, dev, test (these three where none is named, else validated), validated, other",
        layout="[<language>/]clips/*.mp3, train.tsv, dev.tsv, test.tsv, validated.tsv",
        licence="CC0 1.0",
        source="commonvoice.mozilla.org/datasets",
        read=recordings.read_common_voice,
        instead=recordings.VALIDATED,
    ),
    Dataset(
        name="ravdess",
        title="acted emotion; speech only",
        bona_fide="all",
        spoof="",
        subsets="",
        layout="[Audio_Speech_Actors_01-24/]Actor_01 to Actor_24",
        licence="CC BY-NC-SA 4.0",
        source="zenodo.org/records/1188976",
        read=ravdess.read,
    ),
    Dataset(
        name="csv",
        title="any list of your own",
        bona_fide=f"label {', '.join(own.BONA_FIDE)}",
        spoof=f"label {', '.join(own.SPOOF)}",
        subsets="what its column subset says",
        layout=f"a CSV with a header, or a folder with {', '.join(own.FILES)}; columns {'|'.join(own.PATHS)} and "
        f"{'|'.join(own.LABELS)}, and where known {', '.join(own.KEPT)}",
        licence="",
        source="",
        read=own.read,
    ),
)
