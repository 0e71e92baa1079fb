#pragma once

#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "collect/reading.h"
#include "collect/report.h"
#include "netlink/message.h"
#include "netlink/transport.h"
#include "os/fake_kernel.h"

// For the tests of collectors: netlink messages made by hand, a transport that answers with them,
// and a Reading over it. For example
//
//     TestReading test;
//     test.route.answer(RTM_GETLINK, {message(RTM_NEWLINK, ifinfomsg{.ifi_index = 2},
//                                             Attrs().text(IFLA_IFNAME, "eth0"))});
//     collect_links(test.reading);
//     EXPECT_EQ(test.ns.links.at(0).name, "eth0");

namespace nsmap::collect {

using Buffer = std::vector<std::byte>;

// One by one: GCC 12 takes a bulk insertion, inlined, for an overflow.
inline void append_bytes(Buffer& out, Bytes bytes) {
  for (const std::byte byte : bytes) out.push_back(byte);
}

template <typename T>
void append_value(Buffer& out, const T& value) {
  append_bytes(out, std::as_bytes(std::span(&value, 1)));
}

// A run of attributes under construction.
class Attrs {
 public:
  Attrs& bytes(int type, Bytes payload) {
    append_value(bytes_, nlattr{static_cast<std::uint16_t>(NLA_HDRLEN + payload.size()),
                                static_cast<std::uint16_t>(type)});
    return raw(payload);
  }
  // The value as it lies in memory; its type decides the attribute's length.
  template <typename T>
  Attrs& add(int type, const T& value) {
    return bytes(type, std::as_bytes(std::span(&value, 1)));
  }
  template <typename T>
  Attrs& array(int type, const std::vector<T>& values) {
    return bytes(type, std::as_bytes(std::span(values)));
  }
  template <typename T>
  Attrs& be(int type, T value) {
    return add(type, from_be(value));
  }
  Attrs& text(int type, std::string_view text) {  // with its NUL, as the kernel's nla_put_string
    Buffer whole(text.size() + 1);
    if (!text.empty()) std::memcpy(whole.data(), text.data(), text.size());
    return bytes(type, whole);
  }
  Attrs& flag(int type) { return bytes(type, {}); }
  Attrs& nest(int type, const Attrs& inner) { return bytes(type, inner.bytes_); }
  // Bytes that need be no attribute, padded to four.
  Attrs& raw(Bytes bytes) {
    append_bytes(bytes_, bytes);
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
    return *this;
  }

  Bytes bytes() const { return bytes_; }

 private:
  Buffer bytes_;
};

// A whole message; its sequence number is set when it is sent.
template <typename FamilyHeader>
Buffer message(int type, const FamilyHeader& family, const Attrs& attrs = {},
               int flags = NLM_F_MULTI) {
  nlmsghdr header{};
  header.nlmsg_type = static_cast<std::uint16_t>(type);
  header.nlmsg_flags = static_cast<std::uint16_t>(flags);
  Buffer out;
  append_value(out, header);
  append_value(out, family);
  out.resize(NLMSG_ALIGN(out.size()));
  append_bytes(out, attrs.bytes());
  const auto size = static_cast<std::uint32_t>(out.size());
  std::memcpy(out.data() + offsetof(nlmsghdr, nlmsg_len), &size, sizeof size);
  return out;
}

// A link that is up: some collectors ask more where there is one of its kind.
inline model::Link link(std::string_view kind) {
  model::Link made;
  made.index = IfIndex(1);
  made.kind = kind;
  made.up = true;
  return made;
}

inline model::Link bridge(bool vlan_filtering) {
  model::BridgeData data;
  data.vlan_filtering = vlan_filtering;
  model::Link made = link("bridge");
  made.data = data;
  return made;
}

// Answers requests with hand-made messages: a dump ends in NLMSG_DONE, a single request in its one
// message. A dump nobody set an answer for is empty, a single request is refused with ENOENT.
class HandMadeTransport final : public netlink::Transport {
 public:
  using Matches = std::function<bool(const netlink::Message& request)>;

  // Answers every request of that message type; an answer set later goes before one set earlier.
  void answer(int request_type, std::vector<Buffer> messages) {
    answer_if(
        request_type, [](const auto&) { return true; }, std::move(messages));
  }
  // Only those whose family header begins with that address family, as they all do.
  void answer(int request_type, int family, std::vector<Buffer> messages) {
    answer_if(request_type, of_family(family), std::move(messages));
  }
  void answer_if(int request_type, Matches matches, std::vector<Buffer> messages) {
    answers_.insert(answers_.begin(), {request_type, std::move(matches), std::move(messages), 0});
  }
  void refuse(int request_type, int error) {
    answers_.insert(answers_.begin(), {request_type, [](const auto&) { return true; }, {}, error});
  }
  static Matches of_family(int family) {
    return [family](const netlink::Message& request) {
      return !request.payload().empty() &&
             std::to_integer<int>(request.payload().front()) == family;
    };
  }

  // What was asked so far, whole messages.
  const std::vector<Buffer>& requests() const { return requests_; }
  std::size_t count(int request_type) const {
    std::size_t found = 0;
    for (const Buffer& request : requests_)
      found += read_at<nlmsghdr>(request)->nlmsg_type == request_type;
    return found;
  }

  SysResult<void> send(Bytes request) override {
    requests_.emplace_back(request.begin(), request.end());
    const auto header = *read_at<nlmsghdr>(request);
    const netlink::Message asked(header, request.subspan(NLMSG_HDRLEN));
    const bool is_dump = (header.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
    pending_.clear();
    next_ = 0;
    const Answer* found = find(asked);
    if (found && found->error == 0) pending_ = found->messages;
    if (found && found->error != 0)
      pending_.push_back(error_message(found->error, header));
    else if (is_dump)
      pending_.push_back(message(NLMSG_DONE, std::int32_t{0}));
    else if (pending_.empty())
      pending_.push_back(error_message(ENOENT, header));
    for (Buffer& datagram : pending_)
      std::memcpy(datagram.data() + offsetof(nlmsghdr, nlmsg_seq), &header.nlmsg_seq,
                  sizeof header.nlmsg_seq);
    return {};
  }
  SysResult<Bytes> receive() override {
    if (next_ == pending_.size()) return tl::unexpected(Errno{EAGAIN});
    return Bytes(pending_[next_++]);
  }

 private:
  struct Answer {
    int request_type;
    Matches matches;
    std::vector<Buffer> messages;
    int error;
  };

  static Buffer error_message(int error, const nlmsghdr& request) {
    return message(NLMSG_ERROR, nlmsgerr{-error, request}, {}, 0);
  }
  const Answer* find(const netlink::Message& asked) const {
    for (const Answer& answer : answers_)
      if (answer.request_type == asked.type() && answer.matches(asked)) return &answer;
    return nullptr;
  }

  std::vector<Answer> answers_;
  std::vector<Buffer> requests_;
  std::vector<Buffer> pending_;
  std::size_t next_ = 0;
};

// All a collector works with. Set answers in its transports, files in `kernel`, run the
// collector on `reading` and look at `ns`.
struct TestReading {
  os::FakeKernel kernel;
  HandMadeTransport route;
  HandMadeTransport sock_diag;
  HandMadeTransport netfilter;
  HandMadeTransport generic;
  model::Namespace ns;
  Report report;
  Reading reading{kernel, route, sock_diag, netfilter, generic, ns, report};

  // What was reported since the last call.
  std::vector<model::Diagnostic> diagnostics() {
    std::vector<model::Coverage> coverage;
    std::vector<model::Diagnostic> found;
    report.finish(coverage, found);
    return found;
  }
};

}  // namespace nsmap::collect
