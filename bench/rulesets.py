"""usage: rulesets.py services N | iptables N | sets N

Prints a ruleset of the shape that kube-proxy makes for N services with two endpoints each: 8 N rules
in 3 N chains, as text for `nft -f` or for `iptables-restore`; or sets of N elements for `nft -f`.
TWENTY and TWENTY_IPTABLES are the twenty rules of a small namespace, for the same two.
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


TWENTY = """table inet filter {
  chain allowed {
    tcp dport 22 ip saddr 10.0.0.0/8 counter accept
    tcp dport { 80, 443 } accept
    udp dport 53 counter accept
    icmp type echo-request limit rate 5/second accept
  }
  chain input { type filter hook input priority 0; policy drop;
    ct state established,related accept
    ct state invalid counter drop
    iifname "lo" accept
    ip protocol icmp accept
    meta l4proto ipv6-icmp accept
    jump allowed
    limit rate 10/minute log prefix "in: "
    counter reject
  }
  chain forward { type filter hook forward priority 0; policy accept;
    ct state established,related counter accept
    iifname "eth0" oifname "eth1" ip daddr 10.1.0.0/16 counter accept
    counter drop
  }
}
table ip nat {
  chain prerouting { type nat hook prerouting priority -100;
    ip daddr 10.0.0.1 tcp dport 8080 counter dnat to 10.1.0.2:80
    ip daddr 10.0.0.1 udp dport 53 counter dnat to 10.1.0.3
  }
  chain postrouting { type nat hook postrouting priority 100;
    ip saddr 10.1.0.0/16 oifname "eth0" counter masquerade
    ip saddr 10.1.0.2 ip daddr 10.1.0.2 tcp dport 80 masquerade
    meta mark 0x4000 counter masquerade
  }
}
"""

TWENTY_IPTABLES = """*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:ALLOWED - [0:0]
-A ALLOWED -s 10.0.0.0/8 -p tcp -m tcp --dport 22 -j ACCEPT
-A ALLOWED -p tcp -m multiport --dports 80,443 -j ACCEPT
-A ALLOWED -p udp -m udp --dport 53 -j ACCEPT
-A ALLOWED -p icmp -m icmp --icmp-type 8 -m limit --limit 5/second -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -m comment --comment "names" -p udp --sport 53 -j ACCEPT
-A INPUT -j ALLOWED
-A INPUT -m limit --limit 10/minute -j LOG --log-prefix "in: "
-A INPUT -j REJECT --reject-with icmp-port-unreachable
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -d 10.1.0.0/16 -i eth0 -o eth1 -j ACCEPT
-A FORWARD -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 10.0.0.1/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.1.0.2:80
-A PREROUTING -d 10.0.0.1/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.1.0.3
-A POSTROUTING -s 10.1.0.0/16 -o eth0 -j MASQUERADE
-A POSTROUTING -s 10.1.0.2/32 -d 10.1.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A POSTROUTING -m mark --mark 0x4000 -j MASQUERADE
COMMIT
"""


if __name__ == "__main__":
    SHAPES = {"services": services, "iptables": iptables, "sets": sets}
    if len(sys.argv) != 3 or sys.argv[1] not in SHAPES:
        sys.exit(__doc__)
    print("\n".join(SHAPES[sys.argv[1]](int(sys.argv[2]))))
