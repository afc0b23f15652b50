"""Make training files and viewer recordings of a finished dataset. The dataset itself is never changed."""
