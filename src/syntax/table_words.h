#pragma once

#include <string>

#include "syntax/dialect.h"
#include "syntax/nft.h"

namespace nsmap::syntax {

// One table, in whose words people know it. Refers to what it was made from.
class TableWords {
 public:
  TableWords(const model::firewall::Table& table, const InterfaceNames& interfaces);

  Dialect dialect() const { return dialect_; }
  const NftTable& nft() const { return nft_; }

  // A rule without what passes by itself: what it has counted, when it was last met. Its comment
  // is not part of it.
  std::string rule(const model::firewall::Rule& rule) const;

 private:
  Dialect dialect_;
  NftTable nft_;
};

}  // namespace nsmap::syntax
