// Which fields of requests nobody may read, wherever a request or what was made of it is written.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "policy/field_table.h"
#include "policy/located_value.h"

namespace allocd {

// What stands in the place of what nobody may read.
constexpr std::string_view kRedacted = "[redacted]";

// The values of redacted fields in one request. ASCII letters are found in either case, values also
// as JSON, URLs and messages write them. Values of less than 3 characters are found as whole words
// only: a secret `a` hides no `a` within another word. What is longer than 64 bytes is known by its
// first 64, so that it is found where a message cut it off. Not found: true, false and null, which
// stand for too much else, and parts of a value, of which secret_captures() knows. Does not change;
// safe to share between threads.
class Secrets {
 public:
  Secrets() = default;  // none
  explicit Secrets(const std::vector<std::string>& values);

  bool empty() const { return index_ == nullptr; }
  // These and more.
  Secrets with(std::vector<std::string> more) const;
  // `text` with `[redacted]` wherever one of the values stands in it.
  std::string in_text(std::string text) const;
  // The same for all texts in `value`, keys included; numbers that are one of the values too. Keys
  // stay different from each other.
  Json in_json(Json value) const;

 private:
  struct Index;
  std::shared_ptr<const Index> index_;  // null: none
};

// Does not change; safe to share between threads.
class Redaction {
 public:
  Redaction() = default;  // nothing is redacted

  // Fields as rules name them, such as `payload.secret`; of a container all that is in it. What is
  // no field is an [unknown-field], with a suggestion; what is one but has no place in a request
  // (`attestation`, `enrollment.kind`) a [cannot-redact]. Then nothing comes back.
  static std::optional<Redaction> parse(const std::vector<Located<std::string>>& fields,
                                        Diagnostics& diagnostics);

  bool empty() const { return fields_.empty(); }
  // What may not be told of what was made of the request `body`, whatever bytes that is. Of a body
  // that is no JSON nothing was made but the reason why it is none, which quotes no value.
  Secrets secrets_of(std::string_view body) const;
  // The request with `[redacted]` in the place of those values, and wherever else they stand in it;
  // where the body is no JSON, null, as nobody can tell what it holds.
  Json request(std::string_view body) const;
  // Both at once, for one reading of the body.
  struct Redacted {
    Secrets secrets;
    Json request;
  };
  Redacted of(std::string_view body) const;
  // Whether a matcher on the field of this name may see a redacted value.
  bool covers(std::string_view field) const;
  // Those of the fields that rules read, or that hold or lie in what they read: what they decide on
  // cannot be found in the log then. Deciding itself reads `registrationId` and `currentHub`.
  std::vector<std::string> read_by(const FieldTable& fields) const;

 private:
  struct Hidden {
    Field field;
    // Where its value stands in a request, from the whole of it. An enrollment's in either record.
    std::vector<std::vector<std::string>> places;
  };
  static std::optional<Hidden> hidden(Field field);

  std::vector<Hidden> fields_;
};

}  // namespace allocd
