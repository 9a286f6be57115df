# SPDX-License-Identifier: MIT
"""A TCP echo server as a beginner writes it: a thread for each client, recv(1024), sendall."""
import argparse
import socket
import threading


def converse(connection):
    with connection:
        while data := connection.recv(1024):
            connection.sendall(data)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8888)
    options = parser.parse_args()
    with socket.create_server((options.host, options.port)) as server:
        print(f"listening on {options.host}:{server.getsockname()[1]}", flush=True)
        while True:
            connection, _ = server.accept()
            threading.Thread(target=converse, args=(connection,), daemon=True).start()


main()
