"""HTTP servers on loopback, each a process of its own: the control's, and the demo's nodes."""
