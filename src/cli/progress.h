#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace nsmap::cli {

// A line on a terminal that says what is going on, shown when it goes on for longer than `delay`,
// brought up to date every second and wiped when this goes.
class Progress {
 public:
  Progress(std::string what, std::function<void(std::string_view)> write,
           std::chrono::milliseconds delay = std::chrono::seconds(1));
  ~Progress();

 private:
  class Line;
  std::unique_ptr<Line> line_;
};

}  // namespace nsmap::cli
