#include "policy/hub_pattern.h"

#include <utility>

#include "policy/value.h"

namespace allocd {

std::string_view hub_name(std::string_view host_name) {
  return host_name.substr(0, host_name.find('.'));
}

HubPattern HubPattern::parse(const Located<std::string>& text, const ReferenceScope& scope,
                             Diagnostics& diagnostics) {
  HubPattern out;
  if (text.value.empty())
    diagnostics.error(text.range, "empty-pattern", "an empty hub pattern matches no hub",
                      "write `\"*\"` for any linked hub");
  out.template_ = TextTemplate::parse(text, scope, diagnostics);
  out.glob_ = Glob("", true);
  for (const TextTemplate::Piece& piece : out.template_.pieces()) {
    const auto* written = std::get_if<std::string>(&piece);
    if (written == nullptr) {
      out.literal_ = false;
      continue;
    }
    out.glob_.append_pattern(*written);
    if (written->find('.') != std::string::npos) out.whole_host_name_ = true;
  }
  return out;
}

bool HubPattern::matches(std::string_view host_name, const Glob& filled) const {
  const Glob& glob = literal_ ? glob_ : filled;
  return glob.matches(whole_host_name_ ? host_name : hub_name(host_name));
}

std::optional<RenderError> HubPattern::fill(const RenderContext& context, Glob& out) const {
  if (literal_) return std::nullopt;
  out = Glob("", true);
  std::string scratch;
  for (const TextTemplate::Piece& piece : template_.pieces()) {
    if (const auto* written = std::get_if<std::string>(&piece)) {
      out.append_pattern(*written);
      continue;
    }
    auto value = std::get<Reference>(piece).value(context, scratch);
    if (auto* error = std::get_if<RenderError>(&value)) return std::move(*error);
    out.append_text(std::get<Value>(value).display());
  }
  return std::nullopt;
}

void HubPattern::add_to(MemoryLines& out) const {
  if (literal_) {
    glob_.add_to(out);
  } else {
    template_.add_to(out);
  }
}

bool HubPattern::could_match(std::string_view host_name) const {
  Glob glob("", true);
  for (const TextTemplate::Piece& piece : template_.pieces()) {
    const auto* written = std::get_if<std::string>(&piece);
    glob.append_pattern(written != nullptr ? std::string_view(*written) : "*");
  }
  return glob.matches(whole_host_name_ ? host_name : hub_name(host_name));
}

}  // namespace allocd
