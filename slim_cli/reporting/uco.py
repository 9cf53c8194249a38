"""`results.jsonld`: what was examined with what, in the ontologies CASE and UCO, for case management systems.

Scores are not part of these ontologies; they stand in the namespace `slim` of each analytic result.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slim_cli.evidence.names import safe_name
from slim_cli.results import FileResult
from slim_cli.run_record import RunRecord
from slim_cli.words import Words

if TYPE_CHECKING:
    from slim_cli.reporting.case_file import Case
    from slim_cli.reporting.writers import Findings

_UCO = "https://ontology.unifiedcyberontology.org/uco/"
CONTEXT = {
    "kb": "urn:slim-audit:record:",
    "slim": "urn:slim-audit:vocabulary:",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    **{f"uco-{name}": f"{_UCO}{name}/" for name in ("action", "analysis", "core", "observable", "tool", "types")},
    "uco-configuration": f"{_UCO}configuration/",
}
Node = dict[str, Any]


def write_uco(findings: Findings, target: Path) -> None:
    """Writes `results.jsonld`."""
    graph = _Graph(findings.report.identity, findings.report.words)
    files = [graph.file(number, result) for number, result in enumerate(findings.results, start=1)]
    results = [graph.result(i, r, f) for i, (r, f) in enumerate(zip(findings.results, files, strict=True), start=1)]
    stated = graph.case(findings.style.case) if findings.style.case else []
    graph.action(findings.run, files + stated, results)
    document = {"@context": CONTEXT, "@graph": graph.nodes}
    target.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


class _Graph:
    """The nodes of a record, with identifiers that follow from the report's number."""

    def __init__(self, identity: str, words: Words) -> None:
        self._words = words
        self.nodes: list[Node] = []
        self._space = uuid.uuid5(uuid.NAMESPACE_URL, f"{CONTEXT['kb']}{identity}")

    def add(self, types: str | list[str], name: object, properties: Node) -> Node:
        """Adds a node, without the properties that are None or empty; returns a reference to it."""
        kind = (types if isinstance(types, str) else types[-1]).split(":")[1]
        identifier = f"kb:{kind}-{uuid.uuid5(self._space, f'{kind} {name}')}"
        kept = {key: value for key, value in properties.items() if value not in (None, "", [])}
        self.nodes.append({"@id": identifier, "@type": types, **kept})
        return {"@id": identifier}

    def file(self, number: int, result: FileResult) -> Node:
        """A file with its name, hash and format."""
        name = safe_name(result.path)
        about = {
            "uco-observable:fileName": name.rsplit("/", 1)[-1],
            "uco-observable:filePath": name,
            "uco-observable:isDirectory": False,
            "uco-observable:sizeInBytes": _typed("integer", result.size_bytes),
            "uco-observable:modifiedTime": _typed("dateTime", result.modified),
        }
        facets = [self.add("uco-observable:FileFacet", number, about)]
        if result.sha256:
            value = _typed("hexBinary", result.sha256)
            digest = self.add(
                "uco-types:Hash", number, {"uco-types:hashMethod": "SHA256", "uco-types:hashValue": value}
            )
            facets.append(self.add("uco-observable:ContentDataFacet", number, {"uco-observable:hash": digest}))
        if result.media:
            sound = {
                "uco-observable:format": safe_name(f"{result.media.container} {result.media.codec}"),
                "uco-observable:duration": _typed("integer", round(result.media.duration_s)),
                "uco-observable:bitRate": _typed("integer", result.media.bit_rate_bps),
            }
            facets.append(self.add("uco-observable:AudioFacet", number, sound))
        return self.add("uco-observable:File", number, {"uco-core:hasFacet": facets})

    def case(self, case: Case) -> list[Node]:
        """The files in which the examiner stated the case, with their hashes."""
        nodes = []
        for name, content in case.sources.items():
            value = _typed("hexBinary", hashlib.sha256(content).hexdigest())
            digest = self.add(
                "uco-types:Hash", f"case {name}", {"uco-types:hashMethod": "SHA256", "uco-types:hashValue": value}
            )
            facets = [
                self.add(
                    "uco-observable:FileFacet",
                    f"case {name}",
                    {
                        "uco-observable:fileName": safe_name(name).rsplit("/", 1)[-1],
                        "uco-observable:filePath": f"case/{safe_name(name)}",
                        "uco-observable:isDirectory": False,
                        "uco-observable:sizeInBytes": _typed("integer", len(content)),
                    },
                ),
                self.add("uco-observable:ContentDataFacet", f"case {name}", {"uco-observable:hash": digest}),
            ]
            about = {"uco-core:description": "stated by the examiner, not measured", "uco-core:hasFacet": facets}
            nodes.append(self.add("uco-observable:File", f"case {name}", about))
        return nodes

    def result(self, number: int, result: FileResult, file: Node) -> Node:
        """What was found about a file."""
        found = {
            "uco-core:object": file,
            "uco-core:description": safe_name(self._words.sentence(result.reason)),
            "slim:status": result.status,
            "slim:score": _typed("decimal", result.score),
            "slim:mismatch": _typed("decimal", result.mismatch),
            "slim:likelihoodRatioStatus": result.lr_status if result.score is not None else None,
            "slim:log10LikelihoodRatio": _typed("decimal", result.lr.log10 if result.lr else None),
            "slim:pipelineFingerprint": result.fingerprint,
        }
        return self.add(["uco-core:Annotation", "uco-analysis:AnalyticResult"], number, found)

    def action(self, run: RunRecord, files: list[Node], results: list[Node]) -> None:
        """The scan, with the tool and its configuration."""
        settings = {"model": f"{run.model.get('name')} {run.model.get('version')}", "fingerprint": run.fingerprint}
        entries = [
            self.add(
                "uco-configuration:ConfigurationEntry",
                name,
                {"uco-configuration:itemName": name, "uco-configuration:itemValue": value},
            )
            for name, value in settings.items()
        ]
        own = {"uco-configuration:configurationEntry": entries}
        tool = {
            "uco-core:name": "SLIM audit",
            "uco-tool:toolType": "audio analysis",
            "uco-tool:version": run.tool_version,
            "uco-configuration:usesConfiguration": self.add("uco-configuration:Configuration", "", own),
        }
        done = {
            "uco-core:name": "examined for signs of speech synthesis",
            "uco-action:startTime": _typed("dateTime", run.started),
            "uco-action:endTime": _typed("dateTime", run.finished),
            "uco-action:instrument": self.add(["uco-tool:AnalyticTool", "uco-tool:ConfiguredTool"], "", tool),
            "uco-action:object": files,
            "uco-action:result": results,
        }
        self.add("case-investigation:InvestigativeAction", "", done)


def _typed(kind: str, value: Any) -> Node | None:
    if value is None:
        return None
    return {"@type": f"xsd:{kind}", "@value": f"{value:.4f}" if kind == "decimal" else str(value)}
