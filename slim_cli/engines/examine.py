"""One file from its name to its result: the same function wherever files are examined, with no state across files."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from typing import Any

from slim_cli.assessment.occlusion import Occluder, ScoredChannel, noise_like
from slim_cli.audio.overview import FileOverview, Overview
from slim_cli.audio.pcm import PcmDigests
from slim_cli.audio.proxy import ProxyWriter, proxy_name
from slim_cli.audio.scoring import ChannelScorer, WindowBatches
from slim_cli.audio.speech import ChannelSpeech
from slim_cli.audio.stage_times import StageTimes
from slim_cli.audio.stream import AudioPass, Consumer
from slim_cli.custody.ledger import hashed
from slim_cli.engines.examination_tools import Tools, Watch
from slim_cli.engines.opinions import OpinionScorer
from slim_cli.errors import EvidenceError
from slim_cli.evidence.decoding import AudioStream
from slim_cli.evidence.discovery import Candidate
from slim_cli.evidence.exhibits import Exhibit
from slim_cli.evidence.remote import at_hand
from slim_cli.observations.measure import FileMeasures
from slim_cli.observations.provenance import read_provenance
from slim_cli.observations.rejected_voiced import RejectedVoiced, rejected_voiced_remarks
from slim_cli.observations.stability import Rescoring, StabilityCheck, crossings
from slim_cli.observations.voice import VoiceQuality
from slim_cli.results import MODEL_RATE_HZ, ChannelResult, FileResult, Remark


def examine(candidate: Candidate, tools: Tools, watch: Watch | None = None) -> FileResult:
    """The result row of one entry; what is known of a file is kept whatever happens to its audio.

    Args:
        candidate: what discovery found.
        tools: what to examine it with.
        watch: who follows the work.

    Raises:
        IntegrityError: the file changed while it was examined.
    """
    watch = watch or Watch(StageTimes())
    result = FileResult(
        candidate.name,
        candidate.status,
        candidate.refusal,
        path_hex=candidate.path_hex,
        root=candidate.root,
        fingerprint=tools.fingerprint,
    )
    if candidate.refusal:
        return result
    ledger = tools.ledger
    try:
        with at_hand(candidate) as place, Exhibit(place) as exhibit:
            result = replace(result, size_bytes=exhibit.size_bytes, modified=exhibit.modified)
            limit = tools.options.max_size_bytes
            if limit and exhibit.size_bytes > limit:
                raise EvidenceError(Remark("size_over_limit", {"bytes": exhibit.size_bytes, "limit": limit}), "refused")
            with watch.times.measure("decode"):
                others = tools.options.hashes
                known = False
                if ledger:
                    result, known = ledger.recall(exhibit, result, others)
                else:
                    result = hashed(exhibit, result, others)
            try:
                if not known:
                    result = _Examination(exhibit, tools, watch).result(result)
                    if ledger:
                        ledger.propose(exhibit, result)
            finally:
                exhibit.check_unchanged()
    except EvidenceError as error:
        return replace(result, status=error.status, reason=error.remark)
    return tools.weighed(result)


class _Examination:
    """The passes over one open file."""

    def __init__(self, exhibit: Exhibit, tools: Tools, watch: Watch) -> None:
        self._exhibit, self._tools, self._watch, self._options = exhibit, tools, watch, tools.options
        self._kind = exhibit.kind()
        self._digests, self._measures, self._voice = PcmDigests(), FileMeasures(), VoiceQuality()
        self._overview = FileOverview() if tools.options.output else None
        self._batches = WindowBatches(tools.detector.score) if tools.detector else None
        self._scorer = ChannelScorer(self._batches, tools.options.min_net_speech_s) if self._batches else None
        self._voiced = RejectedVoiced(self._batches)
        self._opinions = [OpinionScorer(one, tools.options.min_net_speech_s) for one in tools.options.opinions]
        found = (
            self._digests,
            self._scorer,
            *(one.scorer for one in self._opinions),
            self._measures,
            self._voice,
            self._voiced,
            self._overview,
        )
        self._pass = AudioPass([one for one in found if one], tools.network, watch.times)

    def _opened(self) -> AbstractContextManager[AudioStream]:
        return self._tools.decoder.open(self._exhibit, self._kind, self._tools.limits, self._options.track)

    def result(self, result: FileResult) -> FileResult:
        """The row, with what both passes found."""
        with self._opened() as stream:
            self._pass.read(stream, lambda seconds: self._watch.tell(seconds, stream.expected_s))
            result = replace(
                result, media=stream.media, remarks=tuple(stream.remarks), status="scored", **stream.account()
            )
        result = replace(result, channels=self._channels())
        with self._watch.times.measure("opinions"):
            result = replace(result, opinions={one.name: one.opinion(self._pass.speech) for one in self._opinions})
        top = result.top_channel
        shown = (top or max(result.channels, key=lambda c: (c.net_speech_s, len(c.rejected_voiced)))).index
        result = replace(result, observations=self._observe(shown, result))
        result = replace(result, remarks=(*result.remarks, *self._remarks(result)))
        if all(c.net_speech_s < self._options.min_net_speech_s for c in result.channels):
            result = replace(result, status="insufficient_speech", reason=self._shortage(range(len(result.channels))))
        if top:
            result = replace(result, score=top.score, mismatch=top.mismatch)
        with self._watch.times.measure("pictures"):
            overview = self._overview.finish(shown) if self._overview else None
        name = f"overview/{(result.sha256 or '')[:12]}-{result.channels[shown].pcm_sha256[:12]}.npz"
        if top or result.channels[shown].rejected_voiced:
            result = self._second_pass(result, result.channels[shown], name if overview else None)
        return self._drawn(result, overview, name) if overview else result

    def _channels(self) -> tuple[ChannelResult, ...]:
        if self._scorer and self._batches:
            with self._watch.times.measure("encoders"):
                self._scorer.close()
                self._batches.flush()
            found = self._scorer.channels(self._pass.speech)
        else:
            found = tuple(ChannelResult(index, "", spoken.net_s) for index, spoken in enumerate(self._pass.speech))
        hashed = zip(found, self._digests.channels, strict=True)
        return tuple(
            replace(
                channel,
                pcm_sha256=digest,
                speech=_seconds(self._pass.speech[channel.index]),
                rejected_voiced=self._voiced.finish(channel.index),
            )
            for channel, digest in hashed
        )

    def _observe(self, shown: int, result: FileResult) -> dict[str, Any]:
        assert result.media is not None
        with self._watch.times.measure("pictures"):
            measured = self._measures.finish(shown, self._pass.speech[shown])
            voice = self._voice.finish(shown, measured["snr_db"])
        with self._watch.times.measure("decode"):
            return {**measured, **voice, **read_provenance(self._exhibit.fd, self._kind, result.media)}

    def _drawn(self, result: FileResult, overview: Overview, name: str) -> FileResult:
        if self._options.output is None:
            return result
        overview.save(self._options.output / name)
        return replace(result, overview=name)

    def _second_pass(self, result: FileResult, top: ChannelResult, overview: str | None) -> FileResult:
        """What needs what the first pass found; decoded once more, because memory must not grow with the file."""
        limit, scored = self._tools.occlude_above, top.score is not None
        occluded = limit is not None and scored and (top.score or 0.0) > limit
        stability = self._stability(top) if self._options.stability and scored else None
        occluder = self._occluder(top) if occluded else None
        with ExitStack() as stack:
            proxy = None
            if self._options.embed_audio and self._options.output and overview and result.media:
                path = self._options.output / proxy_name(overview)
                proxy = stack.enter_context(ProxyWriter(path, result.media.sample_rate_hz, top.index))
            consumers: Sequence[Consumer] = [one for one in (stability, occluder, proxy) if one]
            if consumers:
                try:
                    with self._opened() as stream:
                        AudioPass(consumers, None, StageTimes(self._watch.times.seconds)).read(stream)
                except EvidenceError as error:
                    failed = [Remark("second_pass_failed")] if stability or occluder else []
                    failed += [Remark("no_proxy")] if proxy else []
                    return replace(result, remarks=(*result.remarks, *failed, error.remark))
            remarks = list(result.remarks)
            if stability:
                result = replace(result, stability=stability.finish())
                remarks += crossings(result.score or 0.0, result.stability, self._options.review_score)
            if occluder:
                result = replace(result, occlusion=occluder.finish())
            if occluded and result.occlusion is None:
                remarks.append(Remark("no_occlusion"))
            if proxy and not proxy.keep(top.pcm_sha256):
                remarks.append(Remark("no_proxy_samples_differ"))
        return replace(result, remarks=tuple(remarks))

    def _stability(self, top: ChannelResult) -> StabilityCheck:
        assert self._tools.detector is not None
        scoring = Rescoring(self._tools.detector.score, self._tools.network, self._options.min_net_speech_s)
        return StabilityCheck(scoring, top.index, self._pass.samples, self._pass.speech[top.index])

    def _occluder(self, top: ChannelResult) -> Occluder | None:
        assert self._tools.detector is not None
        noise = self._measures.noise(top.index)
        if noise is None:
            return None
        speech = self._pass.speech[top.index].speech_s
        loop = noise_like(noise.power, noise.step_hz)
        found = ScoredChannel(top.index, top.windows, self._pass.samples, speech, loop)
        return Occluder(self._tools.detector.score, found)

    def _remarks(self, result: FileResult) -> list[Remark]:
        remarks, passed = [], self._pass
        if passed.not_numbers:
            remarks.append(Remark("samples_not_numbers", {"n": passed.not_numbers}))
        peak = max(max(passed.high), -min(passed.low))
        if peak > 1.5:
            remarks.append(Remark("over_full_scale", {"factor": float(peak)}))
        remarks += rejected_voiced_remarks(result.channels)
        if result.top_channel is not None:
            unscored = [c.index for c in result.channels if c.score is None]
            remarks += [self._unscored(index, len(result.channels)) for index in unscored]
        return remarks

    def _shortage(self, channels: range) -> Remark:
        """Why none of these channels is scored."""
        needed, passed = self._options.min_net_speech_s, self._pass
        speech = max(passed.speech[c].net_s for c in channels)
        if speech > 0:
            return Remark("little_speech", {"speech_s": speech, "needed_s": needed})
        if all(passed.low[c] == passed.high[c] for c in channels):
            return Remark("digital_silence", {"needed_s": needed})
        return Remark("no_speech", {"seconds": passed.seconds, "needed_s": needed})

    def _unscored(self, index: int, count: int) -> Remark:
        """Why one channel beside others is not scored."""
        shortage = self._shortage(range(index, index + 1))
        values = {"channel": index + 1, "channels": count, **shortage.values}
        if shortage.code == "little_speech":
            return Remark("channel_little_speech", values)
        return Remark("channel_digital_silence" if shortage.code == "digital_silence" else "channel_no_speech", values)


def _seconds(speech: ChannelSpeech) -> tuple[tuple[float, float], ...]:
    """Stretches of speech, (start, end) in seconds."""
    return tuple((float(start), float(stop)) for start, stop in speech.stretches() / MODEL_RATE_HZ)
