"""The daemon: campaigns that start by themselves, each in a process of its own."""
