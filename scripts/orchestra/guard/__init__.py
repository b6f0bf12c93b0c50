"""The guard: says before a tool call whether it stays inside its caller's scope."""
