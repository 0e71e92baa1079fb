#!/bin/bash
# record-netlink-corpus.sh CAPTURE_PROGRAM
#
# Records the seeds of netlink_reader_fuzz with nsmap-capture: small namespaces, so that a mutation
# hits something. Needs root and iproute2.
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
