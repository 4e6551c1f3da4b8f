// JSON values with `${..}` in their texts: initial twins and payloads as rules write them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "policy/located_value.h"
#include "policy/text_template.h"
#include "policy/twin_limits.h"

namespace allocd {

// A tree, immutable, safe to share between threads. By default it is an empty object.
class ValueTemplate {
 public:
  ValueTemplate();
  // Out of line, where the parts of the tree are complete types.
  ValueTemplate(const ValueTemplate&);
  ValueTemplate(ValueTemplate&&) noexcept;
  ValueTemplate& operator=(const ValueTemplate&);
  ValueTemplate& operator=(ValueTemplate&&) noexcept;
  ~ValueTemplate();

  // Reports what is wrong with the references inside, as TextTemplate::parse does.
  static ValueTemplate parse(const LocatedValue& value, const ReferenceScope& scope,
                             Diagnostics& diagnostics);

  // `over` laid on `base`: objects are merged member by member, at any depth; everything else is
  // replaced. Where one of them is a whole `${..}`, that is done when its value is known.
  static ValueTemplate merged(ValueTemplate base, ValueTemplate over);

  // The value, where nothing in it needs a request.
  const Json* literal() const { return std::get_if<Json>(&node_); }
  // The reference, where the value is one text that is nothing but a `${..}`.
  const Reference* single_reference() const;

  // Writes the value as JSON text at the end of `out`, and its parts to `meter` where that is not
  // null. What was written before an error stays.
  std::optional<RenderError> write(const RenderContext& context, std::string& out, TwinMeter* meter,
                                   std::size_t depth = 0) const;

  // What writing reads, but for itself.
  void add_to(MemoryLines& out) const;

 private:
  struct Member;
  struct Merge;
  using List = std::vector<ValueTemplate>;
  using Object = std::vector<Member>;

  std::optional<RenderError> write(const List& list, const RenderContext& context, std::string& out,
                                   TwinMeter* meter, std::size_t depth) const;
  std::optional<RenderError> write(const Object& object, const RenderContext& context,
                                   std::string& out, TwinMeter* meter, std::size_t depth) const;
  // As a tree, which is what can be merged.
  std::variant<Json, RenderError> render(const RenderContext& context) const;

  template <typename Node>
  static ValueTemplate of(Node node);
  // Literal lists and objects taken apart by one level, so that others can be merged in.
  static Object members_of(ValueTemplate value);
  bool is_object() const;

  // Json where everything inside is literal.
  std::variant<Json, TextTemplate, List, Object, std::vector<Merge>> node_;
};

struct ValueTemplate::Member {
  std::string key;
  ValueTemplate value;
};

// INVARIANT: a vector of exactly one, since a variant cannot hold its own type.
struct ValueTemplate::Merge {
  ValueTemplate base;
  ValueTemplate over;
};

}  // namespace allocd
