"""What differs from one provider to the next, one module each."""
