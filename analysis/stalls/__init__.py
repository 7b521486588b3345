"""Finding periodic stalls: baseline, Episodes, comb test, refinement, length, power."""
