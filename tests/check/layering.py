"""Holds every #include under src/ against the layering.

usage: layering.py ROOT

Which folder may include which is read from the nsmap_folder() rows of ROOT/CMakeLists.txt; which
folder may speak to the kernel is the table below. Prints one line for each breach.
"""

import pathlib
import re
import sys

# Headers from outside, and the folders that may include them: the first row that matches decides. A
# header that no row matches is everybody's.
KERNEL_SIDE = {"os", "netlink", "collect", "lab"}
RESTRICTED = [
    (r"(linux|asm|libmnl)/.*", KERNEL_SIDE),
    # For their constants (O_*, S_IF*, AF_*, IPPROTO_*), which the interface in os/kernel.h takes and
    # the kernel's answers hold.
    (r"(fcntl|sys/stat|sys/socket|netinet/\w+)\.h", KERNEL_SIDE),
    (r"(sys|net|netinet|netpacket)/.*", {"os"}),
    (r"(unistd|sched|poll|dirent|dlfcn)\.h", {"os"}),
    (r"(arpa/.*|netdb\.h)", {"os"}),
    (r"boost/json.*", {"collect", "codec", "cli"}),
    (r"(boost/(asio|beast)/.*|zlib\.h)", {"serve"}),
    (r"seccomp\.h", {"os"}),
    (r"graphviz/.*", {"render"}),
    (r"sqlite3\.h", {"history"}),
    (r"openssl/.*", {"serve", "history", "anonymise"}),
    (r"(yaml-cpp|nftables)/.*", {"lab"}),
]

# Files that may include one more header, each with its reason.
EXCEPTIONS = {
    ("base/fd.h", "unistd.h"): "UniqueFd closes what it owns",
    ("base/ip_test.cc", "arpa/inet.h"): "inet_ntop is what the text is held against",
    ("base/ip.cc", "arpa/inet.h"): "inet_ntop and inet_pton only turn bytes into text and back",
    ("base/ip.cc", "sys/socket.h"): "AF_INET and AF_INET6, which inet_ntop takes",
    ("base/ip.cc", "netinet/in.h"): "the same",
}

# Folders that a folder's tests may include beside its own: what a lab makes is read back by nsmap,
# random snapshots and their JSON are codec's, and rules that were read are written again.
TEST_FOLDERS = {"lab": {"collect"}, "anonymise": {"codec"}, "collect": {"syntax"}}

FOLDER = re.compile(r"^nsmap_folder\(([^)]*)\)", re.MULTILINE)
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")', re.MULTILINE)


def allowed_folders(cmake):
    """The folders each folder may include, its own among them."""
    rows = [row.split() for row in FOLDER.findall(cmake)]
    return {name: {name, *others} for name, *others in rows}


def outside_breach(file, folder, header):
    if (file, header) in EXCEPTIONS:
        return None
    folders = next((row for pattern, row in RESTRICTED if re.fullmatch(pattern, header)), {folder})
    return None if folder in folders else f"<{header}> is for {', '.join(sorted(folders))} only"


def inside_breach(folder, header, allowed, is_test):
    target = header.split("/")[0]
    if "/" not in header or target not in allowed:
        return f'"{header}" is no path from src/ into a folder of the table'
    more = TEST_FOLDERS.get(folder, set()) if is_test else set()
    if target not in allowed[folder] | more:
        return f'"{header}": {folder} may not include {target}'
    return None


def breaches(root):
    allowed = allowed_folders((root / "CMakeLists.txt").read_text())
    src = root / "src"
    for path in sorted(src.glob("*/*")):
        if path.suffix not in (".h", ".cc"):
            continue
        file, folder = str(path.relative_to(src)), path.parent.name
        if folder not in allowed:
            yield f"src/{file}: CMakeLists.txt has no nsmap_folder row for {folder}"
            continue
        # Tests may stage what they test: files, sockets, namespaces.
        is_test = path.name.endswith("_test.cc")
        for outside, inside in INCLUDE.findall(path.read_text()):
            if outside:
                breach = None if is_test else outside_breach(file, folder, outside)
            else:
                breach = inside_breach(folder, inside, allowed, is_test)
            if breach:
                yield f"src/{file}: {breach}"


def main():
    found = list(breaches(pathlib.Path(sys.argv[1])))
    print("\n".join(found) if found else "every include keeps to the layering")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
