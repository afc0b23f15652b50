"""The verifier: a text becomes claims, and the scene graph says of each whether it holds."""

from scenecap.caption.verify.model import Claim, ClaimKind, ClaimStatus, Scores, Verdict
from scenecap.caption.verify.settings import Strictness, VerifySettings
from scenecap.caption.verify.verify import Verifier, verify_captions, verify_text

__all__ = [
    "Claim",
    "ClaimKind",
    "ClaimStatus",
    "Scores",
    "Strictness",
    "Verdict",
    "Verifier",
    "VerifySettings",
    "verify_captions",
    "verify_text",
]
