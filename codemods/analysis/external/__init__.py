"""What a file uses of other modules and of objects, whatever style leads there."""
