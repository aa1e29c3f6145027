"""What the tests ask the loopback server for."""

CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Analyze this receipt"}]}
EMBEDDING = {"model": "text-embedding-3-small", "input": "a receipt"}
