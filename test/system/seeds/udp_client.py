# SPDX-License-Identifier: MIT
"""A UDP echo client as a beginner writes it: `PING <seq> <time>`, one second of patience for each
answer. Exits 1 when an echo is missing or not what was sent."""
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
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(1)
        for seq in range(1, options.count + 1):
            begin = time.time()
            message = f"PING {seq} {begin}".encode()
            client.sendto(message, (options.host, options.port))
            try:
                answer, _ = client.recvfrom(1024)
            except socket.timeout:
                print("Request timed out", flush=True)
                sys.exit(1)
            print(f"{len(answer)} bytes from {options.host}: seq={seq} time={(time.time() - begin) * 1000:.3f} ms", flush=True)
            if answer != message:
                sys.exit(1)
            if seq < options.count:
                time.sleep(options.interval)


main()
