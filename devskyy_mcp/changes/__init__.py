"""Stage, plan, decide, commit, settle, undo: the only way a write reaches a system outside."""
