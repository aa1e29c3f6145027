"""Programs that record and are ended in every way there is: what they accepted must arrive."""
