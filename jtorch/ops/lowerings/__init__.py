"""Other ways to the same result where XLA's own is slow on a backend. Each file says what was measured, and when its way is taken."""
