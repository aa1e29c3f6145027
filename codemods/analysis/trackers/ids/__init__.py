"""What ids a tracker has by several calls: which of them run, and whose value is the last one."""
