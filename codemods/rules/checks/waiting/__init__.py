"""What another task of the same thread may do while something is awaited."""
