// Whoever logs waits for nobody, and learns what was lost.
#include "daemon/log_outlet.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace allocd;

namespace {

constexpr std::chrono::seconds kLong(20);

// Keeps what is written; while it is held, whoever writes waits.
class Reader {
 public:
  void hold(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }
  void write(const std::vector<LogLine>& lines) {
    std::unique_lock lock(mutex_);
    ++writers_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    for (const LogLine& line : lines) text_ += line.text;
    ++written_;
    changed_.notify_all();
  }
  // Until somebody has come to write so many times, and has written so many times.
  bool is_reached(int writers, int written) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kLong,
                             [&] { return writers_ >= writers && written_ >= written; });
  }
  std::string text() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  int writers_ = 0;
  int written_ = 0;
  std::string text_;
};

std::unique_ptr<LogOutlet> outlet_to(const std::shared_ptr<Reader>& reader) {
  return std::make_unique<LogOutlet>(
      [reader](const std::vector<LogLine>& lines) { reader->write(lines); },
      [](std::uint64_t count) {
        return LogLine{std::to_string(count) + " missing\n", {}};
      });
}

}  // namespace

TEST_SUITE("threads: log outlet") {
  TEST_CASE("lines come out in order") {
    const auto reader = std::make_shared<Reader>();
    const auto outlet = outlet_to(reader);
    std::string expected;
    for (int i = 0; i < 1000; ++i) {
      const std::string line = "line " + std::to_string(i) + "\n";
      expected += line;
      outlet->add({line, {}});
    }
    CHECK(outlet->flush(kLong));
    CHECK(reader->text() == expected);
  }

  TEST_CASE("where nobody reads, nobody waits, and what is missing is told later") {
    const auto reader = std::make_shared<Reader>();
    const auto outlet = outlet_to(reader);
    reader->hold(true);
    outlet->add({"first\n", {}});
    REQUIRE(reader->is_reached(1, 0));
    for (std::size_t i = 0; i < LogOutlet::kMaxLines + 7; ++i) outlet->add({"x", {}});
    CHECK_FALSE(outlet->flush(std::chrono::milliseconds(1)));
    CHECK(reader->text().empty());

    reader->hold(false);
    CHECK(outlet->flush(kLong));
    outlet->add({"last\n", {}});
    CHECK(outlet->flush(kLong));
    CHECK(reader->text() ==
          "first\n" + std::string(LogOutlet::kMaxLines, 'x') + "7 missing\nlast\n");
  }

  TEST_CASE("bytes have a bound too, those of fields for the journal among them") {
    const auto reader = std::make_shared<Reader>();
    const auto outlet = outlet_to(reader);
    reader->hold(true);
    outlet->add({"first\n", {}});
    REQUIRE(reader->is_reached(1, 0));
    const std::string half(LogOutlet::kMaxBytes / 2, 'x');
    outlet->add({"in\n", {half}});
    outlet->add({"out\n", {half}});
    reader->hold(false);
    CHECK(outlet->flush(kLong));
    CHECK(reader->text() == "first\nin\n1 missing\n");
  }

  TEST_CASE("one that ends waits for no reader") {
    const auto reader = std::make_shared<Reader>();
    reader->hold(true);
    outlet_to(reader)->add({"last words\n", {}});
    REQUIRE(reader->is_reached(1, 0));
    reader->hold(false);
    REQUIRE(reader->is_reached(1, 1));
    CHECK(reader->text() == "last words\n");
  }
}
