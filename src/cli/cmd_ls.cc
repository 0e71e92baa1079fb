#include "cli/command.h"
#include "codec/json_write.h"
#include "render/terminal.h"
#include "view/list.h"
#include "view/results.h"

namespace nsmap::cli {
namespace {

constexpr Option kOptions[] = {
    {"-w,--wide", "", "all columns", &Options::wide},
    {"-c,--columns", "NAME,…", "these columns, in this order", &Options::columns},
};

std::string list_json(const Request& request) {
  std::vector<view::ListedNamespace> list;
  for (const model::Namespace& ns : request.snapshot.namespaces)
    list.push_back(view::list_namespace(request.index(), request.titles().of(ns.id), ns));
  std::string out;
  codec::append_json(out, list);
  return out + "\n";
}

Result<Answer> run_ls(const Request& request) {
  if (request.options.json) return Answer{list_json(request)};
  return view::make_list(request.index(), request.titles(),
                         {request.options.columns, request.options.wide})
      .map([&](const view::Table& table) {
        return Answer{render::terminal(table, {request.width, request.color})};
      });
}

}  // namespace

const Command kLs{
    .name = "ls",
    .summary = "one line for each namespace",
    .options = kOptions,
    .run = run_ls,
};

}  // namespace nsmap::cli
