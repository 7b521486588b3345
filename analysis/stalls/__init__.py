"""Finding periodic stalls: Episodes, the comb test, its significance, refinement and power."""
