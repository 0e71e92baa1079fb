#include "netlink/transport.h"

#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "netlink/message.h"

namespace nsmap::netlink {
namespace {

// A dump's datagram is at most 32 KiB (NLMSG_GOODSIZE of af_netlink.c netlink_dump), whatever the
// size of this; but one object larger than that comes in a datagram of its own size.
constexpr std::size_t kBufferSize = 1 << 18;

constexpr std::string_view kMagic = "NLCAP1\n";

class KernelTransport final : public Transport {
 public:
  KernelTransport(os::Kernel& kernel, UniqueFd owned)
      : kernel_(kernel), owned_(std::move(owned)), socket_(owned_) {}
  KernelTransport(os::Kernel& kernel, Fd socket) : kernel_(kernel), socket_(socket) {}

  SysResult<void> send(Bytes request) override { return kernel_.send(socket_, request); }
  SysResult<Bytes> receive() override {
    static thread_local std::vector<std::byte> buffer(kBufferSize);
    return kernel_.receive(socket_, buffer);
  }

 private:
  os::Kernel& kernel_;
  UniqueFd owned_;  // invalid when the socket is the caller's
  Fd socket_;
};

class LateTransport final : public Transport {
 public:
  LateTransport(os::Kernel& kernel, os::NetlinkProtocol protocol)
      : kernel_(kernel), protocol_(protocol) {}

  SysResult<void> send(Bytes request) override {
    if (!inner_) {
      auto opened = open_kernel(kernel_, protocol_);
      if (!opened) return tl::unexpected(opened.error());
      inner_ = std::move(*opened);
    }
    return inner_->send(request);
  }
  SysResult<Bytes> receive() override {
    if (!inner_) return tl::unexpected(Errno{ENOTCONN});
    return inner_->receive();
  }

 private:
  os::Kernel& kernel_;
  os::NetlinkProtocol protocol_;
  std::unique_ptr<Transport> inner_;
};

std::vector<std::byte> copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

class Recorder final : public Transport {
 public:
  Recorder(Transport& inner, std::vector<Exchange>& log) : inner_(inner), log_(log) {}

  SysResult<void> send(Bytes request) override {
    log_.push_back({copy(request), {}});
    return inner_.send(request);
  }
  SysResult<Bytes> receive() override {
    auto datagram = inner_.receive();
    if (datagram && !log_.empty()) log_.back().datagrams.push_back(copy(*datagram));
    return datagram;
  }

 private:
  Transport& inner_;
  std::vector<Exchange>& log_;
};

constexpr std::size_t kSequenceAt = offsetof(nlmsghdr, nlmsg_seq);

bool same_request(Bytes a, Bytes b) {
  constexpr std::size_t kAfter = kSequenceAt + sizeof(std::uint32_t);
  return a.size() == b.size() && a.size() >= NLMSG_HDRLEN &&
         std::equal(a.begin(), a.begin() + kSequenceAt, b.begin()) &&
         std::equal(a.begin() + kAfter, a.end(), b.begin() + kAfter);
}

class Replayer final : public Transport {
 public:
  explicit Replayer(std::vector<Exchange> log) : log_(std::move(log)) {}

  SysResult<void> send(Bytes request) override {
    const auto found = std::find_if(log_.begin(), log_.end(), [&](const Exchange& exchange) {
      return same_request(exchange.request, request);
    });
    if (found == log_.end()) return tl::unexpected(Errno{ENOENT});
    current_ = &*found;
    next_ = 0;
    sequence_ = *read_at<std::uint32_t>(request, kSequenceAt);
    return {};
  }

  SysResult<Bytes> receive() override {
    if (!current_ || next_ == current_->datagrams.size()) return tl::unexpected(Errno{EAGAIN});
    datagram_ = current_->datagrams[next_++];
    set_sequence(datagram_, sequence_);
    return Bytes(datagram_);
  }

 private:
  std::vector<Exchange> log_;
  const Exchange* current_ = nullptr;
  std::size_t next_ = 0;
  std::uint32_t sequence_ = 0;
  std::vector<std::byte> datagram_;
};

void append_block(std::vector<std::byte>& out, Bytes block) {
  const auto size = static_cast<std::uint32_t>(block.size());
  for (int shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<std::byte>(size >> shift & 0xff));
  out.insert(out.end(), block.begin(), block.end());
}

// Takes one block off the front; nothing when the file ends inside it.
std::optional<Bytes> take_block(Bytes& rest) {
  if (rest.size() < 4) return std::nullopt;
  std::uint32_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size |= std::to_integer<std::uint32_t>(rest[i]) << (8 * i);
  rest = rest.subspan(4);
  if (size > rest.size()) return std::nullopt;
  const Bytes block = rest.first(size);
  rest = rest.subspan(size);
  return block;
}

}  // namespace

SysResult<std::unique_ptr<Transport>> open_kernel(os::Kernel& kernel,
                                                  os::NetlinkProtocol protocol) {
  auto socket = kernel.netlink_socket(protocol);
  if (!socket) return tl::unexpected(socket.error());
  return std::make_unique<KernelTransport>(kernel, std::move(*socket));
}

std::unique_ptr<Transport> open_on_use(os::Kernel& kernel, os::NetlinkProtocol protocol) {
  return std::make_unique<LateTransport>(kernel, protocol);
}

std::unique_ptr<Transport> over_socket(os::Kernel& kernel, Fd socket) {
  return std::make_unique<KernelTransport>(kernel, socket);
}

std::unique_ptr<Transport> record(Transport& inner, std::vector<Exchange>& log) {
  return std::make_unique<Recorder>(inner, log);
}

std::unique_ptr<Transport> replay(std::vector<Exchange> log) {
  return std::make_unique<Replayer>(std::move(log));
}

std::vector<std::byte> serialise(std::span<const Exchange> log) {
  const Bytes magic = std::as_bytes(std::span(kMagic));
  std::vector<std::byte> out(magic.begin(), magic.end());
  for (const Exchange& exchange : log) {
    append_block(out, exchange.request);
    for (const auto& datagram : exchange.datagrams) append_block(out, datagram);
    append_block(out, {});
  }
  return out;
}

Result<std::vector<Exchange>> parse_recording(Bytes file) {
  const Bytes magic = std::as_bytes(std::span(kMagic));
  if (file.size() < magic.size() || !std::equal(magic.begin(), magic.end(), file.begin()))
    return read_error("reading a netlink recording: it does not begin with NLCAP1");
  std::vector<Exchange> log;
  for (Bytes rest = file.subspan(magic.size()); !rest.empty();) {
    Exchange exchange;
    const auto request = take_block(rest);
    if (!request) return read_error("reading a netlink recording: it ends inside a request");
    exchange.request = copy(*request);
    for (;;) {
      const auto datagram = take_block(rest);
      if (!datagram) return read_error("reading a netlink recording: it ends inside an answer");
      if (datagram->empty()) break;
      exchange.datagrams.push_back(copy(*datagram));
    }
    log.push_back(std::move(exchange));
  }
  return log;
}

}  // namespace nsmap::netlink
