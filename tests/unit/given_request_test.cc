// The request that somebody asks about, out of a file of any length.
#include "cli/given_request.h"

#include <algorithm>
#include <cstddef>
#include <istream>
#include <malloc.h>
#include <streambuf>
#include <string>

#include <doctest/doctest.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Of sanitizer/allocator_interface.h, which does not come with every compiler.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace allocd {
namespace {

// What is allocated now.
std::size_t allocated() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return __sanitizer_get_current_allocated_bytes();
#else
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

std::string record(const std::string& id, std::size_t number) {
  return R"({"registrationId":")" + id +
         R"(","request":{"deviceRuntimeContext":{"registrationId":")" + id + R"("},"n":)" +
         std::to_string(number) + R"(,"x":")" + std::string(1000, 'x') + "\"}}\n";
}

// A decision log that is never there as a whole. Notes how much memory is taken meanwhile.
class EndlessLog : public std::streambuf {
 public:
  explicit EndlessLog(std::size_t records) : left_(records) {}

  std::size_t most() const { return most_; }

 protected:
  int_type underflow() override {
    most_ = std::max(most_, allocated());
    if (left_ == 0) return traits_type::eof();
    --left_;
    text_ = record(left_ % 3 == 0 ? "lamp" : "oven", left_);
    setg(text_.data(), text_.data(), text_.data() + text_.size());
    return traits_type::to_int_type(text_.front());
  }

 private:
  std::size_t left_;
  std::size_t most_ = 0;
  std::string text_;
};

}  // namespace

TEST_CASE("given request: a long log is read without being kept") {
  constexpr std::size_t kRecords = 16'000;
  struct Case {
    const char* id;
    const char* starts;  // the body, or the mistake
  };
  const Case cases[] = {
      {"LAMP", R"({"deviceRuntimeContext":{"registrationId":"lamp"},"n":0,)"},
      {"oven", R"({"deviceRuntimeContext":{"registrationId":"oven"},"n":1,)"},
      {"fridge", "has no request of `fridge`"},
      {"", "has 16000 requests; `--registration-id ID` chooses"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.id);
    EndlessLog log(kRecords);
    std::istream text(&log);
    const std::size_t before = allocated();
    const GivenRequest given = given_request(text, c.id);
    CHECK_MESSAGE((given.body + given.mistake).starts_with(c.starts), given.body << given.mistake);
    // The log is 17 MB.
    CHECK(log.most() - std::min(before, log.most()) < 3'000'000);
  }
}

}  // namespace allocd
