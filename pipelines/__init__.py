"""tillpost: from the till to the mailbox."""

import os

# Threads of scikit-learn's OpenMP spin while they wait, and where cores are shared that costs twenty times the work.
# Read once, when the library loads; what is computed is the same.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
