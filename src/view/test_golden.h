#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace nsmap::view::testing {

// Holds `actual` against tests/fixtures/view/NAME. With NSMAP_UPDATE_FIXTURES set the file is
// written instead: read the difference before you commit it.
inline void expect_golden(const std::string& name, const std::string& actual) {
  const std::string path = std::string(NSMAP_TESTS_DIR) + "/fixtures/view/" + name;
  if (std::getenv("NSMAP_UPDATE_FIXTURES")) {
    std::ofstream(path) << actual;
    return;
  }
  std::ifstream file(path);
  ASSERT_TRUE(file) << path;
  const std::string expected((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(actual, expected) << "not as in " << path;
}

}  // namespace nsmap::view::testing
