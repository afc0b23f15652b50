"""Questions about a frame, each with its one right answer and the evidence for it."""

from scenecap.caption.questions.writer import write_questions

__all__ = ["write_questions"]
