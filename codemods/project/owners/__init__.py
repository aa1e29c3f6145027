"""Who owns which file, as CODEOWNERS of the repository says."""
