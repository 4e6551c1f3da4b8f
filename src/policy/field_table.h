// The fields that a rule set reads, and how to fetch all of them from a request in one walk.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/allocation_request.h"
#include "policy/field.h"
#include "policy/value.h"

namespace allocd {

class Lookups;

// The values of a table's fields in one request, by slot. Valid as long as the request, and the
// rule set whose lookups were asked.
class FieldValues {
 public:
  explicit FieldValues(std::size_t slots) : values_(slots) {}
  const Value& operator[](std::size_t slot) const { return values_[slot]; }

  void set(std::size_t slot, const Value& value) { values_[slot] = value; }
  // Why the fields of the certificate have no values, for people; empty where they have.
  std::string_view certificate_problem() const { return certificate_problem_; }
  void set_certificate_problem(std::string_view problem) { certificate_problem_ = problem; }

  // Takes a value over that a Value is to point at.
  const Json& keep(Json json) {
    return *kept_.emplace_back(std::make_unique<const Json>(std::move(json)));
  }

 private:
  std::vector<Value> values_;
  std::vector<std::unique_ptr<const Json>> kept_;
  std::string_view certificate_problem_;  // a literal
};

// The array index that a path step is: digits without a leading zero (RFC 6901, section 4).
std::optional<std::size_t> array_index(std::string_view step);

// An order in which two names are seldom compared letter by letter.
struct ShorterFirst {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  }
};

// Filled while a rule set is compiled, only read afterwards.
class FieldTable {
 public:
  FieldTable();

  // The field that `name` means here: a lookup's, or as parse_field() says.
  std::variant<Field, FieldError> parse(std::string_view name) const;
  // As is_field_root(), and true for lookups.
  bool is_root(std::string_view name) const;

  // The slot of a field: fields that mean the same share one.
  std::size_t slot_of(const Field& field);

  // One pass over the request: the cost grows with the request and the fields, not their product.
  FieldValues read(const AllocationRequest& request) const;

  void set_lookups(std::shared_ptr<Lookups> lookups) { lookups_ = std::move(lookups); }
  // Null before they are set.
  const Lookups* lookups() const { return lookups_.get(); }
  // Fills in the fields that come from tables; all others must be there. Every reader ends with it.
  void look_up(FieldValues& values) const;

  // Slots that every table has, since deciding itself looks at them.
  static constexpr std::size_t kRegistrationId = 0;
  static constexpr std::size_t kCurrentHub = 1;

  // For readers of other kinds of trees: the paths of the fields, as a tree of member names. A slot
  // that is kNone belongs to no field.
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  struct Node {
    std::size_t slot = kNone;
    std::map<std::string, std::size_t, ShorterFirst> children;  // to ask node() for
  };
  const Node& request_root() const { return nodes_[kRequestRoot]; }
  const Node& enrollment_root() const { return nodes_[kEnrollmentRoot]; }
  const Node& node(std::size_t index) const { return nodes_[index]; }
  std::size_t slots() const { return slots_; }
  // Whether a field looks at what the device sent, in whole or in part.
  bool reads_payload() const { return reads_payload_; }
  std::size_t enrollment_id_slot() const { return enrollment_id_; }
  std::size_t enrollment_kind_slot() const { return enrollment_kind_; }
  std::size_t attestation_slot() const { return attestation_; }
  bool reads_certificate() const { return !certificate_.empty(); }
  // Sets what a table that reads certificates reads of this one: the text that DPS sends, or
  // nothing where there is none.
  void read_certificate(std::optional<std::string_view> text, FieldValues& values) const;

 private:
  // What is in the request itself.
  void read_own(const AllocationRequest& request, FieldValues& out) const;
  void walk(const Json& json, const Node& node, FieldValues& values) const;
  std::size_t new_slot() { return slots_++; }

  std::vector<Node> nodes_;
  std::shared_ptr<Lookups> lookups_;
  std::size_t slots_ = 0;
  std::size_t enrollment_id_ = kNone;
  std::size_t enrollment_kind_ = kNone;
  std::size_t attestation_ = kNone;
  bool reads_payload_ = false;
  std::map<std::size_t, std::size_t> certificate_;  // slots of fields of certificates

  static constexpr std::size_t kRequestRoot = 0;
  static constexpr std::size_t kEnrollmentRoot = 1;
};

}  // namespace allocd
