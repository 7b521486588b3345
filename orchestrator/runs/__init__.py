"""Runs: one k6 process a Node, side by side, and what becomes of those that broke off."""
