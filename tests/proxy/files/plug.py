"""Joins its own input and output to the socket named on the command line: what `sftp -D` runs in place of a server."""

import os
import socket
import sys
import threading


def main() -> None:
    with socket.socket(socket.AF_UNIX) as end:
        end.connect(sys.argv[1])

        def up() -> None:
            while data := os.read(0, 65536):
                end.sendall(data)
            end.shutdown(socket.SHUT_WR)

        threading.Thread(target=up, daemon=True).start()
        while data := end.recv(65536):
            os.write(1, data)


if __name__ == "__main__":
    main()
