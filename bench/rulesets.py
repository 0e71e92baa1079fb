"""usage: rulesets.py services N | iptables N | sets N

Prints a ruleset of the shape that kube-proxy makes for N services with two endpoints each: 8 N rules
in 3 N chains, as text for `nft -f` or for `iptables-restore`; or sets of N elements for `nft -f`.
"""

import sys


def address(net, number):
    return f"{net}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def endpoints(number):
    """(chain, address) of both."""
    return [(f"KUBE-SEP-{letter}{number:08}", address(10, 2 * number + at))
            for at, letter in enumerate("AB")]


def services(count):
    """For nft: chains before the rules that jump to them."""
    lines = ["table ip nat {", "chain KUBE-MARK-MASQ { meta mark set meta mark or 0x4000; }"]
    for number in range(count):
        chain = f"KUBE-SVC-{number:08}"
        vip = f"ip daddr {address(172, number)} meta l4proto tcp tcp dport 80"
        for endpoint, target in endpoints(number):
            lines += [f"chain {endpoint} {{",
                      f'ip saddr {target} counter jump KUBE-MARK-MASQ comment "ns/svc{number}"',
                      f'meta l4proto tcp counter dnat to {target}:8080 comment "ns/svc{number}"', "}"]
        first, second = (endpoint for endpoint, _ in endpoints(number))
        lines += [f"chain {chain} {{",
                  f'ip saddr != 10.0.0.0/8 {vip} counter jump KUBE-MARK-MASQ comment "ns/svc{number}"',
                  f"numgen random mod 2 < 1 counter jump {first}", f"counter jump {second}", "}"]
    lines.append("chain KUBE-SERVICES {")
    for number in range(count):
        lines.append(f"ip daddr {address(172, number)} meta l4proto tcp tcp dport 80 counter "
                     f'jump KUBE-SVC-{number:08} comment "ns/svc{number}"')
    lines += ["}", "chain PREROUTING { type nat hook prerouting priority -100;",
              "counter jump KUBE-SERVICES", "}", "}"]
    return lines


def iptables(count):
    lines = ["*nat", ":PREROUTING ACCEPT [0:0]", ":KUBE-MARK-MASQ - [0:0]", ":KUBE-SERVICES - [0:0]"]
    lines += [f":{chain} - [0:0]" for number in range(count)
              for chain in (f"KUBE-SVC-{number:08}", *(name for name, _ in endpoints(number)))]
    lines += ["-A PREROUTING -j KUBE-SERVICES", "-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000"]
    for number in range(count):
        chain, said = f"KUBE-SVC-{number:08}", f'-m comment --comment "ns/svc{number}"'
        vip = f"-d {address(172, number)}/32 -p tcp {said} -m tcp --dport 80"
        first, second = (endpoint for endpoint, _ in endpoints(number))
        lines += [f"-A KUBE-SERVICES {vip} -j {chain}",
                  f"-A {chain} ! -s 10.0.0.0/8 {vip} -j KUBE-MARK-MASQ",
                  f"-A {chain} {said} -m statistic --mode random --probability 0.5 -j {first}",
                  f"-A {chain} {said} -j {second}"]
        for endpoint, target in endpoints(number):
            lines += [f"-A {endpoint} -s {target}/32 {said} -j KUBE-MARK-MASQ",
                      f"-A {endpoint} -p tcp {said} -m tcp -j DNAT --to-destination {target}:8080"]
    return lines + ["COMMIT"]


def sets(count):
    single = ", ".join(f"{address(10, number)} . 80" for number in range(count))
    ranges = ", ".join(f"{address(10, 16 * number)}-{address(10, 16 * number + 9)}"
                       for number in range(count // 2))
    return ["table ip sets {", "set single { type ipv4_addr . inet_service",
            f"elements = {{ {single} }}", "}", "set ranges { type ipv4_addr; flags interval",
            f"elements = {{ {ranges} }}", "}", "}"]


if __name__ == "__main__":
    SHAPES = {"services": services, "iptables": iptables, "sets": sets}
    if len(sys.argv) != 3 or sys.argv[1] not in SHAPES:
        sys.exit(__doc__)
    print("\n".join(SHAPES[sys.argv[1]](int(sys.argv[2]))))
