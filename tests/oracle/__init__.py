"""An executed oracle: generated legacy programs, run before and after their migration."""
