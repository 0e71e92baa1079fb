#include "collect/nft_registers.h"

#include <linux/netfilter/nf_tables.h>

#include <utility>

namespace nsmap::collect {

std::optional<std::size_t> Registers::word(std::uint32_t number) {
  constexpr std::size_t kWordsPerOld = NFT_REG_SIZE / NFT_REG32_SIZE;
  if (number >= NFT_REG_1 && number <= NFT_REG_4) return (number - NFT_REG_1) * kWordsPerOld;
  if (number >= NFT_REG32_00 && number <= NFT_REG32_15) return number - NFT_REG32_00;
  return std::nullopt;
}

const Loaded* Registers::at(std::size_t word) const {
  return word < kWords && words_[word] ? &*words_[word] : nullptr;
}

bool Registers::put(std::size_t word, Loaded loaded) {
  const std::size_t end = word + padded(loaded.size) / 4;
  if (loaded.size == 0 || end > kWords) return false;
  for (std::size_t other = 0; other < end; ++other)
    if (const Loaded* const there = at(other); there && other + padded(there->size) / 4 > word)
      words_[other].reset();
  words_[word] = std::move(loaded);
  return true;
}

void Registers::forget() {
  for (auto& word : words_) word.reset();
}

}  // namespace nsmap::collect
