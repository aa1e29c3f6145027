"""The programs that the tools are measured on: ordinary code, legacy code, and what grows."""
