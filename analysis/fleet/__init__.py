"""Node beside Node: who shows a stall and who does not, and what strikes several at the same times."""
