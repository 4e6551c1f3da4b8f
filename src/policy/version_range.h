// Bounds on dotted version numbers: `>=12.0.2 <13`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace allocd {

struct VersionError {
  std::string message;
  std::string help;
};

// All bounds must hold. Parts are compared as numbers of any length, missing ones count as 0:
// `12` is `12.0.0`. Immutable.
class VersionRange {
 public:
  // Bounds separated by spaces, each `>=`, `>`, `<=`, `<`, `=`, `!=` or nothing (equal) before
  // digits with dots between them.
  static std::variant<VersionRange, VersionError> parse(std::string_view text);

  // False for what is no dotted number: `12.0-beta`, `v12`, the empty text.
  bool contains(std::string_view version) const;

 private:
  enum class Comparison { Less, LessOrEqual, Equal, NotEqual, GreaterOrEqual, Greater };
  struct Bound {
    Comparison comparison = Comparison::Equal;
    std::string version;
  };
  std::vector<Bound> bounds_;
};

}  // namespace allocd
