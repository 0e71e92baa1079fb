"""Labs whose ground truth is known from how they were made."""

import random

from harness import sh


class Lab:
    """`size` namespaces ns0… with veths between random pairs, made in one batch each.

    `truth` is the set of wires, each a frozenset of two (namespace, interface name) ends, the
    namespace None for the test's own.
    """

    def __init__(self, size, wires, seed):
        self.random = random.Random(seed)
        self.names = [f"ns{number}" for number in range(size)]
        self.truth = set()
        sh("ip -batch -", input="".join(f"netns add {name}\n" for name in self.names))
        # A wire begins in the test's own namespace, and then each end is moved.
        sh("ip -batch -", input="".join(self._wire(number) for number in range(wires)))

    def _wire(self, number):
        """Some wires are made where they stay, most are moved by halves; ends may share a namespace."""
        ends = [(self.random.choice([None, *self.names]), f"w{number}{side}") for side in "ab"]
        self.truth.add(frozenset(ends))
        (here, a), (there, b) = ends
        made = f"link add {a} type veth peer name {b}\n"
        moves = [f"link set {name} netns {netns}\n" for netns, name in ends if netns]
        self.random.shuffle(moves)
        return made + "".join(moves)

    def close(self):
        sh("ip -batch -", input="".join(f"netns del {name}\n" for name in self.names))
        sh("for l in $(ls /sys/class/net | grep -E '^w[0-9]+[ab]$'); do ip link del $l; done",
           check=False)


def wires_of(snapshot, own_ino):
    """The wires a snapshot tells, written as in Lab.truth."""
    names, interfaces = {}, {}
    for ns in snapshot["namespaces"]:
        key = (ns["id"]["dev"], ns["id"]["ino"])
        own = ns["id"]["ino"] == own_ino
        names[key] = None if own else next((name["name"] for name in ns.get("names", [])), key)
        for link in ns["links"]:
            interfaces[key, link["index"]] = (names[key], link["name"])
    wires = set()
    for ns in snapshot["namespaces"]:
        key = (ns["id"]["dev"], ns["id"]["ino"])
        for link in ns["links"]:
            if "peer" not in link:
                continue
            peer = link["peer"]
            other = (peer["namespace"]["dev"], peer["namespace"]["ino"]), peer["index"]
            wires.add(frozenset([interfaces[key, link["index"]],
                                 interfaces.get(other, ("unknown", other))]))
    return wires
