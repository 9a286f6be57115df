# SPDX-License-Identifier: MIT
"""A UDP echo server as a beginner writes it: recvfrom(1024), sendto."""
import argparse
import socket


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8888)
    options = parser.parse_args()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((options.host, options.port))
        print(f"listening on {options.host}:{server.getsockname()[1]}", flush=True)
        while True:
            data, sender = server.recvfrom(1024)
            server.sendto(data, sender)


main()
