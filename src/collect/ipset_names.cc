#include "collect/ipset_names.h"

#include <linux/in.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <sys/socket.h>

#include <cstring>
#include <unordered_map>

#include "base/text.h"

namespace nsmap::collect {
namespace {

// By getsockopt(2) SO_IP_SET (net/netfilter/ipset/ip_set_core.c ip_set_sockfn_get), which loads no
// module where there is none.
class KernelNames final : public IpsetNames {
 public:
  explicit KernelNames(os::Kernel& kernel) : kernel_(kernel) {}

  std::optional<std::string> name(std::uint16_t index) override {
    const auto known = names_.find(index);
    if (known != names_.end()) return known->second;
    return names_[index] = ask(index);
  }

 private:
  std::optional<std::string> ask(std::uint16_t index) {
    if (!socket_.valid()) {
      auto socket = kernel_.datagram_socket(AF_INET);
      if (!socket) return std::nullopt;
      socket_ = std::move(*socket);
    }
    ip_set_req_get_set request{};
    request.op = IP_SET_OP_GET_BYINDEX;
    request.version = IPSET_PROTOCOL;
    request.set.index = index;
    const auto answer = kernel_.socket_option(socket_, IPPROTO_IP, SO_IP_SET,
                                              std::as_writable_bytes(std::span(&request, 1)));
    const auto& name = request.set.name;
    if (!answer || *answer != sizeof request || name[0] == '\0') return std::nullopt;
    return clean_text({name, strnlen(name, sizeof name)});
  }

  os::Kernel& kernel_;
  UniqueFd socket_;
  std::unordered_map<std::uint16_t, std::optional<std::string>> names_;
};

}  // namespace

std::unique_ptr<IpsetNames> ipset_names(os::Kernel& kernel) {
  return std::make_unique<KernelNames>(kernel);
}

}  // namespace nsmap::collect
