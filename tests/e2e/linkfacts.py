"""Holds links of a snapshot against what `ip -j -d -s link` tells of the same namespace.

A table says which of our fields answers which of iproute2's; what either lacks, the other must
lack too (our absent booleans count as false, iproute2's absent ones likewise).
"""


def flag(name):
    return lambda told: name in told["flags"]


def at(*path):
    """A value at a path of keys in what `ip` told; None where it is absent."""
    def get(told):
        for key in path:
            told = told.get(key) if isinstance(told, dict) else None
        return told
    return get


def info(key):
    return at("linkinfo", "info_data", key)


def port(key):
    return at("linkinfo", "info_slave_data", key)


def either(*getters):
    return lambda told: next((value for value in (get(told) for get in getters)
                              if value is not None), None)


def number(text):
    return int(text, 0) if isinstance(text, str) else text


def divided(getter, by):
    def get(told):
        value = getter(told)
        return None if value is None else value // by
    return get


def kind(told):
    return at("linkinfo", "info_kind")(told) or ("loopback" if told["link_type"] == "loopback" else "")


def mapped(getter, names):
    return lambda told: names.get(getter(told), getter(told))


def bridge_id(name):
    """"8000.de:33:3:c1:81:88", as "8000.de3303c18188"."""
    def get(told):
        priority, mac = info(name)(told).split(".")
        return f"{priority}." + "".join(byte.zfill(2) for byte in mac.split(":"))
    return get


def vlan_filtering_field(getter, default):
    """What a kernel without VLAN filtering in bridges leaves out."""
    return lambda told: default if info("vlan_protocol")(told) is None else getter(told)


def vlan_protocol(told):
    return {"802.1q": 0x8100, "802.1ad": 0x88a8}.get(
        str(either(info("vlan_protocol"), info("protocol"))(told)).lower())


def tun_mode(told):
    return info("type")(told)


def gre_key(key):
    def get(told):
        value = info(key)(told)
        if isinstance(value, str) and "." in value:
            a, b, c, d = map(int, value.split("."))
            return a << 24 | b << 16 | c << 8 | d
        return number(value)
    return get


# Our field → what `ip` calls it. Every kind has these.
COMMON = {
    "index": at("ifindex"), "name": at("ifname"), "kind": kind, "mtu": at("mtu"),
    "up": flag("UP"), "no_arp": flag("NOARP"), "promiscuous": flag("PROMISC"),
    "multicast": flag("MULTICAST"), "point_to_point": flag("POINTOPOINT"),
    "promiscuity": at("promiscuity"), "alias": at("ifalias"), "altnames": at("altnames"),
    "qdisc": at("qdisc"),
    "state": mapped(lambda told: told["operstate"].lower(),
                    {"lowerlayerdown": "lower_layer_down", "notpresent": "not_present"}),
    "master_kind": at("linkinfo", "info_slave_kind"), "link_nsid": at("link_netnsid"),
    "link": at("link_index"),
}

TUNNEL = {"ttl": info("ttl"), "input_key": gre_key("ikey"), "output_key": gre_key("okey")}

# Of each kind's own data.
DATA = {
    "bridge": {"stp": info("stp_state"), "vlan_filtering": info("vlan_filtering"),
               "vlan_protocol": vlan_filtering_field(vlan_protocol, 0x8100),
               "default_pvid": vlan_filtering_field(info("vlan_default_pvid"), 0),
               "bridge_id": bridge_id("bridge_id"), "root_id": bridge_id("root_id"),
               "ageing_time_ms": lambda told: info("ageing_time")(told) * 10,
               "multicast_snooping": info("mcast_snooping"),
               "nf_call_iptables": info("nf_call_iptables")},
    "vlan": {"id": info("id"), "protocol": vlan_protocol},
    "bond": {"mode": info("mode"), "miimon_ms": info("miimon"),
             "xmit_hash_policy": info("xmit_hash_policy")},
    "macvlan": {"mode": info("mode")},
    "macvtap": {"mode": info("mode")},
    "ipvlan": {"mode": info("mode")},
    "vrf": {"table": info("table")},
    "vxlan": {"vni": info("id"), "remote": either(info("remote"), info("remote6"), info("group"),
                                                  info("group6")),
              "local": either(info("local"), info("local6")), "port": info("port"),
              "ttl": info("ttl"), "learning": info("learning"), "ageing_s": info("ageing"),
              "collect_metadata": info("external")},
    "geneve": {"vni": info("id"), "remote": either(info("remote"), info("remote6")),
               "port": info("port")},
    "gre": TUNNEL, "gretap": TUNNEL, "ipip": TUNNEL, "sit": TUNNEL, "vti": TUNNEL,
    "xfrm": {"if_id": lambda told: number(info("if_id")(told))},
    "tun": {"mode": tun_mode, "persist": info("persist"), "multi_queue": info("multi_queue"),
            "vnet_header": info("vnet_hdr"), "packet_info": info("pi")},
}

# Of a link as a port of a bridge.
BRIDGE_PORT = {
    "stp_state": port("state"), "port_no": lambda told: number(port("no")(told)),
    "cost": port("cost"), "priority": port("priority"), "hairpin": port("hairpin"),
    "isolated": port("isolated"), "learning": port("learning"), "flood": port("flood"),
    "mcast_flood": port("mcast_flood"), "bcast_flood": port("bcast_flood"), "guard": port("guard"),
    "root_block": port("root_block"), "neigh_suppress": port("neigh_suppress"),
    "locked": port("locked"),
}

ANY = {"", "any", 0, None, False}


def same(ours, theirs):
    """Whether two spellings are of one value: absent, false, zero, "any" and [] are all nothing."""
    empty = [value in ANY if not isinstance(value, (list, dict)) else not value
             for value in (ours, theirs)]
    if any(empty):
        return all(empty)
    if isinstance(theirs, str) and isinstance(ours, (int, str)):
        return str(ours).lower() == theirs.lower()
    if isinstance(theirs, bool) or isinstance(ours, bool):
        return bool(ours) == bool(theirs)
    return ours == theirs


def differences(ours, told, table, where):
    return [f"{where}.{field}: nsmap {ours.get(field)!r}, ip {get(told)!r}"
            for field, get in table.items() if not same(ours.get(field), get(told))]


def address_differences(ours, told):
    if told["link_type"] not in ("ether", "loopback") or told.get("address", "00")[:8] == "00:00:00":
        return []
    return [] if ours.get("mac") == told["address"] else [f"{told['ifname']}.mac: {ours.get('mac')}"]


def compare_one(ours, told):
    """What differs, one line each, between a link of ours and the same link as `ip` told it."""
    name = told["ifname"]
    found = differences(ours, told, COMMON, name) + address_differences(ours, told)
    table = DATA.get(kind(told))
    if table:
        found += differences(ours.get("data", {}), told, table, f"{name}.data")
    if at("linkinfo", "info_slave_kind")(told) == "bridge":
        found += differences(ours.get("bridge_port", {}), told, BRIDGE_PORT, f"{name}.bridge_port")
    return found


def compare_links(ours, told):
    """What differs between two lists of links of one namespace."""
    by_index = {link["index"]: link for link in ours}
    found = [f"{one['ifname']}: nsmap has no link {one['ifindex']}"
             for one in told if one["ifindex"] not in by_index]
    if len(ours) > len(told):
        found.append(f"nsmap has {len(ours)} links, ip {len(told)}")
    names = {link["index"]: link["name"] for link in ours}
    for one in told:
        mine = by_index.get(one["ifindex"])
        if mine is None:
            continue
        # `ip` gives a neighbour in the same namespace by name, and drops the index.
        if "link" in one and "link_index" not in one:
            one = {**one, "link_index": next((i for i, n in names.items() if n == one["link"]), None)}
        if names.get(mine.get("master")) != one.get("master"):
            found.append(f"{one['ifname']}.master: nsmap {mine.get('master')}, ip {one.get('master')}")
        found += compare_one(mine, one)
    return found
