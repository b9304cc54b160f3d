"""
An engine for tests: writes a log as vLLM and SGLang do and serves through `llm-router sim`.

The file $FAKE_FAULTS/gpu-<CUDA_VISIBLE_DEVICES> tells it what to do instead of serving at once:
crash, oom, module, deaf (hang, and ignore SIGTERM), slow SECONDS, conflict TIMES (say that the port
is taken, that many times in a row), or paced MILLISECONDS (serve with that time between tokens).
"""
import argparse
import os
import signal
import socket
import subprocess
import sys
import time

TAKEN = "ERROR:    [Errno 98] error while attempting to bind on address ('0.0.0.0', %d): %s"


def say(line):
    print(line, flush=True)


def order():
    gpus = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    path = os.path.join(os.environ["FAKE_FAULTS"], "gpu-" + gpus.replace(",", "-"))
    if not os.path.exists(path):
        return []
    with open(path) as file:
        words = file.read().split()
    if words and words[0] == "conflict":
        with open(path, "w") as file:
            file.write("" if words[1] == "1" else "conflict %d" % (int(words[1]) - 1))
    return words


def fail(line):
    say("Traceback (most recent call last):")
    say('  File "engine.py", line 1, in <module>')
    say(line)
    sys.exit(1)


def refuse_taken(port):
    # The [Errno 98] of an inner library must not count, that of the server must.
    say("INFO flashinfer: address already in use, trying the next one")
    say(TAKEN % (port, "address already in use"))
    sys.exit(1)


def obey(words, port):
    kind = words[0] if words else ""
    if kind == "crash":
        fail("RuntimeError: the weights are broken")
    if kind == "oom":
        say("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 GiB.")
        fail("RuntimeError: Engine core initialization failed.")
    if kind == "module":
        fail("ModuleNotFoundError: No module named 'vllm._C'")
    if kind == "conflict":
        refuse_taken(port)
    if kind == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(3600)
    if kind == "slow":
        time.sleep(float(words[1]))


def main(backend):
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", "--model-path", required=True)
    parser.add_argument("--served-model-name", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--api-key", default=os.environ.get("VLLM_API_KEY", ""))
    args, rest = parser.parse_known_args()
    say("INFO loading %s in %s, NOTE=%s" % (args.model, os.getcwd(), os.environ.get("NOTE")))
    say("INFO rest: " + " ".join(rest))
    words = order()
    obey(words, args.port)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", args.port))
        except OSError:
            refuse_taken(args.port)
    sim = [os.environ["FAKE_LAUNCHER"], "sim", "--host", "0.0.0.0", "--engine", backend]
    sim += ["--port", str(args.port), "--model", args.model]
    sim += ["--served-model-name", args.served_model_name]
    if args.api_key:
        # As SGLang does when it begins.
        say("server_args=ServerArgs(api_key='%s')" % args.api_key)
        sim += ["--api-key", args.api_key]
    if words and words[0] == "paced":
        sim += ["--inter-token-latency", words[1]]
    server = subprocess.Popen(sim, stdout=subprocess.PIPE, text=True)
    for line in server.stdout:
        say(line.rstrip())
        if "listening" in line:
            say("INFO:     Application startup complete.")
    sys.exit(server.wait())
