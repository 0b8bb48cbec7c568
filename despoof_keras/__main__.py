"""`python -m despoof_keras`: the same as the console script `despoof`."""

import sys

from despoof_keras.cli import main

sys.exit(main())
