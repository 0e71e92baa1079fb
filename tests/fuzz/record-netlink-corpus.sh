#!/bin/bash
# record-netlink-corpus.sh CAPTURE_PROGRAM
#
# Records the seeds of netlink_reader_fuzz with nsmap-capture: small namespaces, so that a mutation
# hits something. Needs root, iproute2 and nft(8).
set -euo pipefail
capture=$(realpath "$1") corpus=$(dirname "$(realpath "$0")")/corpus/netlink_reader

record() {  # NAME COMMANDS
  unshare --net bash -euc "$2"$'\n'"'$capture' '$corpus/$1.nlcap'"
}

record lo 'ip link set lo up'
record veth-bridge '
  ip link add veth0 type veth peer name veth1
  ip link add br0 type bridge
  ip link set veth0 master br0
  for device in lo veth0 veth1 br0; do ip link set $device up; done
  ip addr add 192.0.2.1/24 dev br0
  ip route add default via 192.0.2.254
  ip rule add from 192.0.2.0/24 lookup 100
  ip neigh add 192.0.2.7 lladdr 02:00:00:00:00:07 dev br0
  bridge fdb add 02:00:00:00:00:08 dev veth0 master'
record tunnels '
  ip link add vxlan0 type vxlan id 42 local 192.0.2.1 remote 192.0.2.2 dstport 4789
  ip tuntap add tap0 mode tap user 1000
  ip link add link tap0 mac0 type macvlan mode bridge'
record tc '
  ip link add veth0 type veth peer name veth1
  tc qdisc add dev veth0 clsact
  tc filter add dev veth0 egress bpf direct-action bytecode "1,6 0 0 4294967295,"'
record nf_tables '
  ip link set lo up
  nft -f - <<END
table inet t {
  comment "of a table"
  counter c1 { packets 1 bytes 2; }
  limit l1 { rate 5/minute; }
  set names { type ifname; elements = { "lo" } }
  map verdicts { type ipv4_addr : verdict; flags interval
    elements = { 10.0.0.0/8 : jump other, * : accept } }
  map marks { type ipv4_addr : mark; elements = { 1.1.1.1 comment "one" : 0x10 } }
  map counters { type ipv4_addr : counter; elements = { 1.1.1.1 : "c1" } }
  set ranges { type ipv4_addr . inet_proto . mark; flags interval; counter
    elements = { 1.2.3.0/24 . tcp . 1-5 } }
  set recent { type ipv4_addr . inet_service; size 9; flags dynamic,timeout; timeout 1m; }
  chain other { comment "of a chain"; }
  chain c {
    type filter hook input priority 10; policy drop
    ip saddr 10.0.0.0/8 tcp dport 10-20 ip dscp cs1 counter accept comment "of a rule"
    ip6 dscp cs1 tcp flags syn / fin,syn iifname "eth*" meta mark and 0xff == 5
    ip saddr . meta l4proto . meta mark @ranges ip saddr vmap @verdicts
    meta mark set ip saddr map @marks ct mark set meta mark or 1 ip dscp set cs2
    update @recent { ip saddr . tcp dport timeout 30s limit rate 1/second }
    counter name ip saddr map @counters limit name "l1"
    fib daddr type local numgen random mod 4 < 2 jhash ip saddr mod 8 seed 1 2
    tcp option maxseg size set 1300 exthdr frag exists socket mark 5 rt classid 5
    log prefix "x" group 3 limit rate over 5/minute quota over 5 mbytes reject with icmpx no-route
    meta mark set (meta mark << 3) jump { drop; }
  }
  chain n {
    type nat hook postrouting priority 100
    snat ip to 1.2.3.4-1.2.3.9
    masquerade fully-random
    snat ip prefix to ip saddr map { 10.0.0.0/24 : 192.168.0.0/24 }
  }
}
table netdev d { chain i { type filter hook ingress device lo priority 0; fwd to "lo"; }; }
END'
