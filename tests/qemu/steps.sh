# Runs inside the guest: each line of steps.txt is a name and a shell command, whose output and exit
# status are left as NAME.out and NAME.exit.
cd /mnt || exit 1
for module in $(cat modules.txt); do modprobe "$module" 2>/dev/null; done
/sbin/ip link set lo up
while read -r name command; do
  sh -c "$command" >"$name.out" 2>&1 </dev/null
  echo $? >"$name.exit"
done <steps.txt
