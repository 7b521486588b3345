"""How far a stall reaches: its shape, its length, the phase that carries it."""
