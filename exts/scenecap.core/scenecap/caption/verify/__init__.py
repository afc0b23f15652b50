"""The verifier: a text becomes claims, and the scene graph says of each whether it holds."""

from scenecap.caption.verify.model import Claim, ClaimKind, ClaimStatus, FrameVerdict, Scores, Verdict
from scenecap.caption.verify.settings import Strictness, Verdicts, VerdictSettings, VerifySettings
from scenecap.caption.verify.verify import Verifier, judge_frame, verify_captions, verify_text

__all__ = [
    "Claim",
    "ClaimKind",
    "ClaimStatus",
    "FrameVerdict",
    "Scores",
    "Strictness",
    "Verdict",
    "VerdictSettings",
    "Verdicts",
    "Verifier",
    "VerifySettings",
    "judge_frame",
    "verify_captions",
    "verify_text",
]
