"""Who may do what: users, keys and grants."""
