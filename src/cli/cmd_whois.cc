#include <fmt/format.h>

#include "analyze/whois.h"
#include "cli/command.h"
#include "codec/json_write.h"
#include "render/terminal.h"
#include "view/whois.h"

namespace nsmap::cli {
namespace {

using Answers = std::vector<analyze::WhoisAnswer>;

Result<Answers> ask_all(const Request& request) {
  Answers all;
  for (const std::string& thing : request.options.things) {
    auto answers = analyze::whois(request.index(), request.titles(), thing);
    if (!answers) return answers;
    std::ranges::move(*answers, std::back_inserter(all));
  }
  return all;
}

std::string text(const Request& request, const Answers& answers) {
  if (request.options.json) {
    std::string out;
    codec::append_json(out, answers);
    return out + "\n";
  }
  if (answers.empty()) return "";
  return render::terminal(view::make_whois(answers), {request.width, request.color});
}

Result<Answer> run_whois(const Request& request) {
  return ask_all(request).map([&](const Answers& answers) {
    Answer answer{text(request, answers), !answers.empty()};
    if (answers.empty())
      answer.note = fmt::format("whois {}: nothing here answers to it",
                                fmt::join(request.options.things, " "));
    return answer;
  });
}

}  // namespace

const Command kWhois{
    .name = "whois",
    .summary = "whose is this: an interface, address, MAC, port, process, inode, container",
    .thing = "THING",
    .thing_help =
        "veth1a2b, NAMESPACE:eth0, 172.17.0.2, fd00::2, 02:42:ac:11:00:02, :8080, :53/udp, "
        "pid:812, ino:4026532281, or a container's name or id",
    .most = kAnyNumber,
    .run = run_whois,
};

}  // namespace nsmap::cli
