#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "analyze/names.h"
#include "base/result.h"
#include "model/index.h"

namespace nsmap::analyze {

// The namespace that a person means by `argument`: its title or a name of its; a container's name
// or id, or at least four characters that begin one id alone; a pod, or NAMESPACE/POD; `pid:812`;
// `ino:4026532281` or `net:[4026532281]`; an address; `host`; `hidden:1`; or `.`, the namespace
// nsmap itself runs in, which is `own` and nothing for a snapshot from elsewhere.
//
// An error is of kind usage: nothing has that name (with near names as a hint), or several have (it
// lists them).
Result<const model::Namespace*> find_namespace(const model::Index& index, const Titles& titles,
                                               std::string_view argument,
                                               std::optional<model::NetnsId> own);

// All the namespaces that `argument` may mean.
std::vector<const model::Namespace*> find_namespaces(const model::Index& index,
                                                     const Titles& titles,
                                                     std::string_view argument,
                                                     std::optional<model::NetnsId> own);

}  // namespace nsmap::analyze
