"""The knowledge base: articles in, answers with calibrated confidence out."""

import os

# Numeric libraries read these once, at their first import: one thread per request is the fastest
# choice on a shared machine (two threads made the same batch of embeddings twenty times slower).
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
