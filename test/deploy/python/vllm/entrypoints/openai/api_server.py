"""What `python -m vllm.entrypoints.openai.api_server` runs in tests."""
from fake_engine import main

main("vllm")
