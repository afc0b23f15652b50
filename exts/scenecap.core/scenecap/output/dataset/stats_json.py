"""A dataset's statistics for machines: what ``scenecap stats --json`` prints, and what the report draws."""

from __future__ import annotations

from typing import Any

from scenecap.output.dataset.stats import DatasetStats


def stats_json(stats: DatasetStats) -> dict[str, Any]:
    """Return the statistics as JSON values."""
    return {
        "frames": {status.value: count for status, count in stats.frames.items()},
        "unfinished": stats.unfinished,
        "scenes": dict(stats.scenes),
        "cameras": stats.cameras,
        "files": stats.files,
        "bytes": stats.bytes,
        "objects_per_frame": stats.objects.as_json(),
        "labels": {
            label: {
                "objects": item.objects,
                "frames": item.frames,
                "scenes": item.scenes,
                "share_of_scenes": round(stats.share_of_scenes(label), 4),
            }
            for label, item in stats.labels.items()
        },
        "relations": {
            which: {"pairs": dict(counts), "pairs_without_relation": stats.silent[which]}
            for which, counts in stats.relations.items()
        },
        "captions": {
            name: {
                "words": item.words.as_json(),
                "distinct": item.distinct,
                "duplicates": item.duplicates,
                "most_repeated": dict(item.repeated),
                "sources": dict(item.sources),
            }
            for name, item in stats.texts.items()
        },
        "vocabulary": {"size": len(stats.vocabulary), "words": dict(stats.vocabulary)},
        "questions": {
            "per_frame": stats.questions_per_frame.as_json(),
            "distinct": stats.distinct_questions,
            "vocabulary_size": stats.question_vocabulary,
            "kinds": {kind: {"count": item.count, "yes": item.yes, "no": item.no} for kind, item in stats.questions.items()},
            "yes": sum(item.yes for item in stats.questions.values()),
            "no": sum(item.no for item in stats.questions.values()),
            "most_frequent_answers": dict(stats.answers),
        },
        "verdicts": {kind: item.as_json() for kind, item in stats.verdicts.items()},
        "faults": [
            {"status": item.status.value, "reason": item.reason, "frames": item.frames, "example": item.example}
            for item in stats.faults
        ],
        "warnings": dict(stats.warnings),
        "unreadable": list(stats.unreadable),
    }
