"""Git as Orchestra uses it: real commits, made exactly once, and nobody's bytes lost.

`repo` says what a repository and a checkout are; every other module is one noun on top of it
(`changes`, `snapshot`, `quarantine`, `worktrees`, `commits`, `history`, `merge`, `remote`, `landing`,
`stash`, `branches`, `lease`). Every call of the git program goes through `run.git`.
"""
