"""The real agent programs, driven by a model that a test plays, cut off from every network but loopback."""
