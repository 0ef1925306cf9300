"""What runs inside a sandbox process: the standard library, one engine, and nothing of the application."""
