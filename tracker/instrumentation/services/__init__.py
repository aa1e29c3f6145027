"""What clients offer beside chat and embeddings, where the answer alone does not tell its usage."""
