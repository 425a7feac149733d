"""`python -m chatterlink app|server|client ...`."""

import sys

from chatterlink.cli import main

sys.exit(main())
