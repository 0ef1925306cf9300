"""API keys: ``issuing`` makes and revokes them, ``clients`` knows who has one, ``tokens`` are what a client shows
instead of its secret, ``attempts`` slows down whoever guesses."""
