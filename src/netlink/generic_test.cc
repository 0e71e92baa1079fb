#include "netlink/generic.h"

#include <gtest/gtest.h>
#include <linux/genetlink.h>

#include <cstring>

namespace nsmap::netlink {
namespace {

// Answers any request with one message, or with what there is to a request for nothing: an error.
class OneAnswer final : public Transport {
 public:
  explicit OneAnswer(std::vector<std::byte> answer) : answer_(std::move(answer)) {}

  SysResult<void> send(Bytes request) override {
    request_.assign(request.begin(), request.end());
    set_sequence(answer_, read_at<nlmsghdr>(request)->nlmsg_seq);
    return {};
  }
  SysResult<Bytes> receive() override { return Bytes(answer_); }
  const std::vector<std::byte>& request() const { return request_; }

 private:
  std::vector<std::byte> answer_;
  std::vector<std::byte> request_;
};

std::vector<std::byte> bytes_of(const Request& request) {
  return {request.bytes().begin(), request.bytes().end()};
}

TEST(GenericFamily, IsTheNumberThatTheKernelTells) {
  Request answer(GENL_ID_CTRL, 0, genlmsghdr{CTRL_CMD_NEWFAMILY, 2, 0});
  answer.attributes(AttributeList()
                        .text(CTRL_ATTR_FAMILY_NAME, "IPVS")
                        .add(CTRL_ATTR_FAMILY_ID, std::uint16_t{31}));
  OneAnswer transport(bytes_of(answer));
  EXPECT_EQ(generic_family(transport, "IPVS"), 31);
  const auto header = *read_at<nlmsghdr>(transport.request());
  const Message asked(header, Bytes(transport.request()).subspan(NLMSG_HDRLEN));
  EXPECT_EQ(asked.type(), GENL_ID_CTRL);
  EXPECT_EQ(asked.family_header<genlmsghdr>()->cmd, CTRL_CMD_GETFAMILY);
  EXPECT_EQ(asked.attributes(sizeof(genlmsghdr)).find(CTRL_ATTR_FAMILY_NAME)->text(), "IPVS");
}

TEST(GenericFamily, IsNoneWhereTheKernelHasNone) {
  const nlmsgerr error{-ENOENT, {}};
  OneAnswer transport(bytes_of(Request(NLMSG_ERROR, 0, error)));
  EXPECT_EQ(generic_family(transport, "IPVS"), std::nullopt);
}

}  // namespace
}  // namespace nsmap::netlink
