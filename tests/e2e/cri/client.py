"""As much of a kubelet as it takes to run pods: a client of containerd's CRI.

The messages are those of cri.proto, a subset of k8s.io/cri-api's runtime/v1/api.proto with its
field numbers; protoc makes cri_pb2 from it into a directory of the caller's.
"""

import json
import subprocess
import sys
import pathlib


class Cri:
    def __init__(self, socket, generated):
        here = pathlib.Path(__file__).parent
        subprocess.run(["protoc", f"-I{here}", f"--python_out={generated}", "cri.proto"], check=True)
        sys.path.insert(0, str(generated))
        import cri_pb2
        import grpc
        self.messages = cri_pb2
        self.channel = grpc.insecure_channel(f"unix://{socket}")

    def call(self, method, request, reply):
        return self.channel.unary_unary(
            f"/runtime.v1.RuntimeService/{method}", request_serializer=lambda m: m.SerializeToString(),
            response_deserializer=reply.FromString)(request, timeout=30)

    def ready(self):
        """Whether the runtime and its network are."""
        reply = self.call("Status", self.messages.StatusRequest(), self.messages.StatusResponse)
        return all(condition.status for condition in reply.status.conditions)

    def run_pod(self, name, ns, containers, image, ports=(), host_network=False):
        """Runs a pod, and returns {"id", "ip", "pid", "netns", "uid", "containers": {name: id}}."""
        m, uid = self.messages, f"uid-{name}"
        labels = {"io.kubernetes.pod.name": name, "io.kubernetes.pod.namespace": ns,
                  "io.kubernetes.pod.uid": uid}
        options = m.NamespaceOption(network=2 if host_network else 0, pid=1)
        config = m.PodSandboxConfig(
            metadata=m.PodSandboxMetadata(name=name, uid=uid, namespace=ns),
            hostname="" if host_network else name, labels=labels,
            port_mappings=[m.PortMapping(container_port=inner, host_port=outer)
                           for outer, inner in ports],
            linux=m.LinuxPodSandboxConfig(
                cgroup_parent=f"/kubepods/burstable/pod{uid}",
                security_context=m.LinuxSandboxSecurityContext(namespace_options=options)))
        sandbox = self.call("RunPodSandbox", m.RunPodSandboxRequest(config=config),
                            m.RunPodSandboxResponse).pod_sandbox_id
        ids = {each: self._run_container(sandbox, config, each, image, labels) for each in containers}
        return {**self._status(sandbox), "id": sandbox, "uid": uid, "containers": ids}

    def _run_container(self, sandbox, sandbox_config, name, image, labels):
        m = self.messages
        config = m.ContainerConfig(metadata=m.ContainerMetadata(name=name),
                                   image=m.ImageSpec(image=image), command=["/bin/sleep", "1000"],
                                   labels={**labels, "io.kubernetes.container.name": name})
        request = m.CreateContainerRequest(pod_sandbox_id=sandbox, config=config,
                                           sandbox_config=sandbox_config)
        made = self.call("CreateContainer", request, m.CreateContainerResponse).container_id
        self.call("StartContainer", m.IdRequest(id=made), m.Empty)
        return made

    def _status(self, sandbox):
        m = self.messages
        reply = self.call("PodSandboxStatus",
                          m.PodSandboxStatusRequest(pod_sandbox_id=sandbox, verbose=True),
                          m.PodSandboxStatusResponse)
        info = json.loads(reply.info["info"])
        netns = [each.get("path") for each in info["runtimeSpec"]["linux"]["namespaces"]
                 if each["type"] == "network"]
        return {"ip": reply.status.network.ip, "pid": info["pid"], "netns": netns[0] if netns else None}

    def remove_pod(self, sandbox):
        for method in "StopPodSandbox", "RemovePodSandbox":
            self.call(method, self.messages.IdRequest(id=sandbox), self.messages.Empty)
