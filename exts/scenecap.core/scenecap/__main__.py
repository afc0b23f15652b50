"""``python -m scenecap``."""

import sys

from scenecap.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
