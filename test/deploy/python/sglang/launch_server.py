"""What `python -m sglang.launch_server` runs in tests."""
from fake_engine import main

main("sglang")
