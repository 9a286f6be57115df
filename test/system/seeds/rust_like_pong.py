# SPDX-License-Identifier: MIT
"""A line server: `ping` is answered with `pong SECONDS`, a thread for each client."""
import argparse
import socket
import threading
import time


def converse(connection):
    with connection, connection.makefile("rb") as lines:
        for line in lines:
            if line.strip() == b"ping":
                connection.sendall(f"pong {int(time.time())}\n".encode())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=42422)
    options = parser.parse_args()
    with socket.create_server((options.host, options.port)) as server:
        print(f"listening on {options.host}:{server.getsockname()[1]}", flush=True)
        while True:
            connection, _ = server.accept()
            threading.Thread(target=converse, args=(connection,), daemon=True).start()


main()
