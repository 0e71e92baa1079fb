#!/bin/bash
# record-kinds.sh CAPTURE_PROGRAM FILE
#
# Makes, in a network namespace of its own, a link of every kind that needs no kernel module beyond
# the common ones, and records it with nsmap-capture. Needs root, iproute2 and clang (for the BPF
# programs). What the tests assert about the recording is in src/collect/links_test.cc.
set -euo pipefail
capture=$(realpath "$1") file=$(realpath "$2")

if [[ ${IN_NAMESPACE:-} != yes ]]; then
  IN_NAMESPACE=yes exec unshare --net --mount "$0" "$capture" "$file"
fi

work=$(mktemp -d)
mount -t tmpfs tmpfs "$work"
unshare --net sleep infinity &
other=$!
trap 'kill $other; umount "$work"; rmdir "$work"' EXIT

ip link set lo up
ip link add br0 type bridge stp_state 1 ageing_time 60000
ip link add veth0 address 02:00:00:00:00:10 type veth peer name veth1 address 02:00:00:00:00:11
ip link set veth0 master br0
bridge link set dev veth0 hairpin on isolated on learning off guard on
ip link set veth1 alias "the other end" group 7 promisc on
ip link property add dev veth1 altname a-name-longer-than-sixteen altname second
ip link add far0 type veth peer name far1 netns $other
# Two ends with the same index: the kernel leaves IFLA_LINK out of each.
ip link add same0 index 100 type veth peer name same1 index 100 netns $other
ip link add vxlan0 type vxlan id 42 local 192.0.2.1 remote 192.0.2.2 dstport 4789 ttl 5 dev veth1
ip link add vxlan6 type vxlan id 43 local 2001:db8::1 remote 2001:db8::2 dstport 4790 nolearning
ip link add vxlanmd type vxlan external dstport 4791
ip link add link veth1 mac0 type macvlan mode bridge
ip link add link veth1 macsrc type macvlan mode source macaddr add 02:00:00:00:00:99
ip link add link veth1 macvtap0 type macvtap mode vepa
ip link add ifb0 type ifb
ip tuntap add tap0 mode tap user 1000 group 1001 multi_queue
ip tuntap add tun0 mode tun pi vnet_hdr
for device in br0 veth0 veth1 far0 mac0 macsrc ifb0; do ip link set $device up; done
ip addr add 192.0.2.1/24 dev veth1
ip -6 addr add 2001:db8::1/64 dev veth1 nodad
ip route add default via 192.0.2.254
sysctl -qw net.ipv4.conf.veth1.forwarding=1 net.ipv4.conf.veth1.rp_filter=2 \
  net.ipv6.conf.veth1.proxy_ndp=1 net.ipv6.conf.ifb0.disable_ipv6=1

clang-14 -target bpf -O2 -c -x c - -o "$work/bpf.o" <<'C'
__attribute__((section("xdp"), used)) int pass(void *context) { return 2; }
__attribute__((section("classifier"), used)) int ok(void *context) { return 0; }
char terms[] __attribute__((section("license"), used)) = "GPL";
C
ip link set far0 xdpgeneric obj "$work/bpf.o" sec xdp
tc qdisc add dev far0 clsact
tc filter add dev far0 ingress bpf direct-action bytecode '1,6 0 0 4294967295,'
tc filter add dev far0 egress bpf direct-action obj "$work/bpf.o" sec classifier

"$capture" "$file"
