# SPDX-License-Identifier: MIT
"""A TCP echo client as a beginner writes it: one connection, `PING <seq> <time>`, one recv for each
message, no framing. Exits 1 when an echo is not what was sent."""
import argparse
import socket
import sys
import time


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8888)
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--interval", type=float, default=1)
    options = parser.parse_args()
    with socket.create_connection((options.host, options.port), timeout=1) as client:
        for seq in range(1, options.count + 1):
            begin = time.time()
            message = f"PING {seq} {begin}".encode()
            client.sendall(message)
            answer = client.recv(1024)
            print(f"{len(answer)} bytes from {options.host}: seq={seq} time={(time.time() - begin) * 1000:.3f} ms", flush=True)
            if answer != message:
                sys.exit(1)
            if seq < options.count:
                time.sleep(options.interval)


main()
