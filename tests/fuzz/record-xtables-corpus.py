#!/usr/bin/python3
"""Writes the seeds of xtables_fuzz: the corpus of rules as the kernel holds it, a table each.

usage: record-xtables-corpus.py DIRECTORY     as root; works in a network namespace of its own
"""

import ctypes
import os
import pathlib
import socket
import struct
import subprocess
import sys

FIXTURES = pathlib.Path(__file__).parent.parent / "fixtures" / "firewall"
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
GET_INFO, GET_ENTRIES = 64, 65  # IPT_SO_*, IP6T_SO_*
FAMILIES = {  # as kFamilies of xtables_fuzz.cc counts them
    "iptables": (0, socket.AF_INET, socket.IPPROTO_IP, ("matches.rules", "targets.rules")),
    "ip6tables": (1, socket.AF_INET6, socket.IPPROTO_IPV6, ("ipv6.rules",)),
}


def ask(sock, level, option, value):
    buffer = ctypes.create_string_buffer(value, len(value))
    size = ctypes.c_uint32(len(value))
    if LIBC.getsockopt(sock.fileno(), level, option, buffer, ctypes.byref(size)) != 0:
        raise OSError(ctypes.get_errno(), "getsockopt")
    return buffer.raw


def record(number, family, level, table):
    with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW) as sock:
        info = ask(sock, level, GET_INFO, struct.pack("32s52x", table.encode()))
        hooks, *offsets, _, size = struct.unpack("=32x13I", info)
        head = struct.pack("=32sI4x", table.encode(), size)
        entries = ask(sock, level, GET_ENTRIES, head + bytes(size))[len(head):]
    return struct.pack("=12I", number, hooks, *offsets) + entries


def main():
    directory = pathlib.Path(sys.argv[1])
    for command, (number, family, level, files) in FAMILIES.items():
        for name in files:
            if LIBC.unshare(CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "unshare")
            with open(FIXTURES / name, encoding="utf-8") as rules:
                subprocess.run([command + "-legacy-restore"], stdin=rules, check=True)
            for table in ("filter", "nat", "mangle", "raw"):
                seed = directory / f"{name.removesuffix('.rules')}-{table}"
                seed.write_bytes(record(number, family, level, table))


if __name__ == "__main__":
    main()
