"""Speed benchmarks: interleaved timing against other programs, reported as median ratios."""
