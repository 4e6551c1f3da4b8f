// Which linked hubs a rule means: `*-toasters-*`, `hub-${site}`, `*.azure-devices.net`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "policy/glob.h"
#include "policy/text_template.h"

namespace allocd {

// The name of a hub: its host name up to the first dot.
std::string_view hub_name(std::string_view host_name);

// One pattern. Only `*` and `?` are special, and only where the author wrote them: what `${..}`
// inserts is literal text. A dot that the author wrote makes it hold against the whole host name,
// else it holds against the hub's name. Letter case does not count.
class HubPattern {
 public:
  // Reports an empty pattern [empty-pattern] and what is wrong with its references.
  static HubPattern parse(const Located<std::string>& text, const ReferenceScope& scope,
                          Diagnostics& diagnostics);

  // As written.
  const std::string& text() const { return template_.text(); }
  const TextTemplate& as_template() const { return template_; }

  // Whether nothing in it has to be filled in.
  bool is_literal() const { return literal_; }
  // The pattern of one request, its `${..}` filled in. Leaves `out` alone where it is literal.
  std::optional<RenderError> fill(const RenderContext& context, Glob& out) const;
  // `filled` is what fill() made; it is not looked at where the pattern is literal.
  bool matches(std::string_view host_name, const Glob& filled) const;

  // Whether a host name could match with some values in place of `${..}`.
  bool could_match(std::string_view host_name) const;

  // What matching reads, but for itself.
  void add_to(MemoryLines& out) const;

 private:
  TextTemplate template_;
  Glob glob_;  // where the template is literal
  bool literal_ = true;
  bool whole_host_name_ = false;
};

}  // namespace allocd
