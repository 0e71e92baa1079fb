"""Takes the ELF kernel out of a compressed one.

usage: extract_vmlinux.py VMLINUZ VMLINUX

QEMU starts an uncompressed kernel by its PVH entry at once, where unpacking a compressed one takes
as long as the rest of the boot. The payload is found by its magic, as the kernel's own
scripts/extract-vmlinux does.
"""

import lzma
import subprocess
import sys
import zlib


def unzstd(data):
    """What zstd(1) unpacks; it takes what follows the stream for an error."""
    return subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout


FORMATS = [
    (b"\xfd7zXZ\x00", lambda data: lzma.LZMADecompressor().decompress(data)),
    (b"\x1f\x8b\x08", lambda data: zlib.decompressobj(31).decompress(data)),
    (b"\x28\xb5\x2f\xfd", unzstd),
]


def payloads(data):
    """What each possible beginning of a compressed stream unpacks to."""
    for magic, unpack in FORMATS:
        at = data.find(magic)
        while at >= 0:
            try:
                yield unpack(data[at:])
            except (lzma.LZMAError, zlib.error):
                pass
            at = data.find(magic, at + 1)


def main():
    data = open(sys.argv[1], "rb").read()
    kernel = next((found for found in payloads(data) if found.startswith(b"\x7fELF")), None)
    if kernel is None:
        sys.exit(f"{sys.argv[1]}: no kernel found in it")
    open(sys.argv[2], "wb").write(kernel)


if __name__ == "__main__":
    main()
