#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/identity.h"

// Whose a namespace is: the processes in it and the containers they make up.

namespace nsmap::model {

// A process, from /proc/PID (proc(5)).
struct Process {
  Pid pid;
  std::optional<Pid> ns_pid;  // in its own pid namespace, where that is not ours
  Pid parent;
  Uid uid;                        // effective
  std::string comm;               // at most 15 bytes
  std::string command;            // the command line, arguments separated by a space, at most 4 KiB
  std::uint64_t start_ticks = 0;  // since boot, in 1/100 s (USER_HZ)
  std::string cgroup;          // the path in the unified or, failing that, the first v1 hierarchy
  std::optional<NetnsId> net;  // absent: it could not be read
  std::optional<Inode> mnt_ns;
  std::optional<Inode> pid_ns;
  std::optional<Inode> user_ns;
  std::uint32_t threads = 1;
  bool zombie = false;
  // Container::id of the innermost container it is in or, for a process that gives a rootless
  // container its network from outside (slirp4netns, pasta, rootlessport), of that one; empty: none
  std::string container;

  friend bool operator==(const Process&, const Process&) = default;
};
BOOST_DESCRIBE_STRUCT(Process, (),
                      (pid, ns_pid, parent, uid, comm, command, start_ticks, cgroup, net, mnt_ns,
                       pid_ns, user_ns, threads, zombie, container))

struct KeyValue {
  std::string key;
  std::string value;
  friend bool operator==(const KeyValue&, const KeyValue&) = default;
};
BOOST_DESCRIBE_STRUCT(KeyValue, (), (key, value))

struct Pod {
  std::string name;
  std::string ns;  // the Kubernetes namespace
  std::string uid;
  friend bool operator==(const Pod&, const Pod&) = default;
};
BOOST_DESCRIBE_STRUCT(Pod, (), (name, ns, uid))

// A port of the host that leads into a container, as its runtime was told.
struct PublishedPort {
  std::string protocol;  // tcp, udp, sctp
  std::string host_address;
  std::uint16_t host_port = 0;
  std::uint16_t container_port = 0;
  friend bool operator==(const PublishedPort&, const PublishedPort&) = default;
};
BOOST_DESCRIBE_STRUCT(PublishedPort, (), (protocol, host_address, host_port, container_port))

// A container, pod sandbox, machine or service with a life of its own.
struct Container {
  std::string id;       // the runtime's own, whole; unique in a snapshot
  std::string name;     // what its user calls it
  std::string runtime;  // docker, podman, containerd, cri-o, lxc, nspawn, systemd, mininet …
  std::string image;
  std::optional<Pid> pid;      // its first process
  std::optional<NetnsId> net;  // where its first process lives
  std::optional<Uid> user;     // who runs it, when rootless
  std::optional<Pod> pod;
  bool sandbox = false;      // the pause or infra container that only holds a pod's namespaces
  std::string network_mode;  // bridge, host, none, container:ID … as the runtime was told
  std::vector<KeyValue> labels;
  std::vector<PublishedPort> ports;

  // Whether it joined the network of another container, which that one owns.
  bool is_guest() const { return network_mode.starts_with("container:"); }
  friend bool operator==(const Container&, const Container&) = default;
};
BOOST_DESCRIBE_STRUCT(Container, (),
                      (id, name, runtime, image, pid, net, user, pod, sandbox, network_mode, labels,
                       ports))

}  // namespace nsmap::model
