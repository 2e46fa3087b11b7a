"""HTTP to servers that a setting names: streaming, with deadlines, retries, and the server's own words in errors."""
