# Runs inside the guest: makes a link of every kind, and leaves beside itself what `ip`, `bridge` and
# nsmap tell of them. Kinds that the kernel refuses are named in refused.txt.
cd /mnt || exit 1
ip=/sbin/ip

for module in $(cat modules.txt); do modprobe "$module" 2>/dev/null; done
$ip link set lo up
: >refused.txt
while read -r command; do
  $ip $command 2>>errors.txt || echo "$command" >>refused.txt
done <links.txt
for table in ipv4 ipv6; do echo 1 >/proc/sys/net/$table/conf/all/forwarding; done
/sbin/bridge vlan add dev d1 vid 10-12
/sbin/bridge vlan add dev d1 vid 20 pvid untagged
sleep 1

./nsmap snapshot >snapshot.json 2>nsmap.err
echo $? >nsmap.exit
$ip -j -d -s link >host.json
$ip -n other -j -d -s link >other.json
/sbin/bridge -j vlan >vlan.json
