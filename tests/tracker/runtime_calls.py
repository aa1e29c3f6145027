"""What the tests ask the loopback server for."""

CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Analyze this receipt"}]}
EMBEDDING = {"model": "text-embedding-3-small", "input": "a receipt"}
MESSAGE = {
    "model": "claude-3-5-haiku-20241022",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "Analyze this receipt"}],
}
