"""Fan-out of subagents from a task file; `cli` is the way in, hooks use only what needs the standard library."""
