"""Where stored usage is read: whatever the store, it is asked in SQL."""
