"""Who may do what: one table of every route, and tests that walk it."""
