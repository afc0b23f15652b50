"""Check captions of a finished dataset by the output rail of NeMo Guardrails. Asks no language model.

pip install 'scenecap[guardrails]'
scenecap caption examples/living_room/living_room.usda --out out/
python examples/guardrails/check_captions.py out/                        # the dataset's own captions
python examples/guardrails/check_captions.py out/ --text "A zebra is on the rug. A sofa is in the room."
python examples/guardrails/check_captions.py out/ --rails my_rails/      # a copy of the ready folder, with your settings
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scenecap.output.dataset.reader import open_dataset
from scenecap.run.guardrails import RAILS_FOLDER, CaptionRails


def main() -> None:
    """Check a text, or the dataset's own captions, and print what the rail made of each."""
    parser = argparse.ArgumentParser(description="Check captions by the output rail.")
    parser.add_argument("dataset", type=Path, help="output folder of a run")
    parser.add_argument("--text", help="a caption to check against each frame, instead of the dataset's own")
    parser.add_argument("--rails", type=Path, default=RAILS_FOLDER, help="rails folder")
    args = parser.parse_args()
    rails = CaptionRails(args.rails)
    for frame in open_dataset(args.dataset).frames():
        captions = frame.captions()
        texts = [args.text] if args.text else [] if captions is None else [text.text for _, text in captions.texts()]
        for text in texts:
            answer = rails.check_written(text, args.dataset, frame.row.key)
            print(f"{frame.row.key}: {answer.status.value} ({answer.llm_calls} model calls)")
            print(f"  {answer.text}")
            if answer.check.get("reason"):
                print(f"  because: {answer.check['reason']}")


if __name__ == "__main__":
    main()
