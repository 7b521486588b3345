"""Who must know: from what became of starts to incidents, from these to messages, and out."""
