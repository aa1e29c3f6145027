"""What a program reaches through the original's module names, and through no name of ours.

``tracker.reexport`` puts these modules in the place of the original's three.  They behave as
those did where callers can see it: docs/adr has what differs, and why.
"""
