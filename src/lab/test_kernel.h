#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "model/snapshot.h"
#include "netlink/batch.h"
#include "netlink/transport.h"
#include "os/test_namespace.h"

// For the tests against the running kernel: network namespaces that go with the test, requests sent
// in them, and what nsmap's collectors then read there.

namespace nsmap::lab {

// The calling thread's network namespace, or a new one.
class TestNamespace {
 public:
  static TestNamespace here();
  static TestNamespace make();

  Fd fd() const { return fd_; }
  netlink::Transport& route() { return *route_; }
  // Sends requests; the failure's errno, or 0.
  int send(std::vector<netlink::Request> requests);
  int send(netlink::Request request);
  int send(Result<netlink::Request> request);  // a wrong one fails the test
  // Its links, addresses, routes and rules as nsmap reads them.
  model::Namespace read();
  // The link of that name, an empty one where there is none.
  model::Link link(const std::string& name);
  // Why the last failed, in the kernel's words.
  const std::string& last_refusal() const { return last_refusal_; }

 private:
  UniqueFd fd_;
  std::unique_ptr<netlink::Transport> route_;
  std::string last_refusal_;
};

}  // namespace nsmap::lab
