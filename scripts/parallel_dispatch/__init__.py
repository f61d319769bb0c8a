"""Fan-out of subagents from a task file; `cli` is the way in, hooks use the modules that need only the standard library."""
