"""The files of a whole project: who imports whom, and who uses what another one defines."""
