"""HTTP_POLL: asks a web service again and again until it says what one waits for."""
