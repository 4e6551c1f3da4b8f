#include "policy/text_template.h"

#include <algorithm>
#include <utility>

#include "diagnostics/closest_match.h"
#include "policy/lookups.h"

namespace allocd {
namespace {

constexpr std::pair<std::string_view, Filter> kFilters[] = {
    {"lower", Filter::Lower},   {"upper", Filter::Upper}, {"int", Filter::Int},
    {"number", Filter::Number}, {"bool", Filter::Bool},   {"string", Filter::String}};

// Finds where a piece of the text stands in the file, as far as the text stands there unchanged
// (quotes around it are allowed); else the place of the whole text.
SourceRange place_of(const Located<std::string>& text, std::size_t begin, std::size_t size) {
  const std::string_view written = text.range.text();
  const std::size_t shift = written.find(text.value);
  if (shift == std::string_view::npos) return text.range;
  SourceRange range = text.range;
  range.begin = static_cast<std::uint32_t>(text.range.begin + shift + begin);
  range.end = static_cast<std::uint32_t>(range.begin + size);
  return range;
}

// Parses what stands between `${` and `}`.
class ReferenceParser {
 public:
  ReferenceParser(const ReferenceScope& scope, SourceRange place, Diagnostics& diagnostics)
      : scope_(scope), place_(place), diagnostics_(diagnostics) {}

  std::optional<Reference> parse(std::string_view inside) {
    Reference out;
    // `:-` comes before the filters, and a default may hold anything but `|` and `}`.
    const std::size_t bar = inside.find('|');
    std::string_view name = inside.substr(0, bar);
    if (const std::size_t fallback = name.find(":-"); fallback != std::string_view::npos) {
      out.fallback = std::string(name.substr(fallback + 2));
      name = name.substr(0, fallback);
    }
    out.name = name;
    bool good = resolve(out);
    while (!inside.empty() && inside.find('|') != std::string_view::npos) {
      inside.remove_prefix(inside.find('|') + 1);
      good = add_filter(inside.substr(0, inside.find('|')), out) && good;
    }
    if (!good) return std::nullopt;
    return out;
  }

 private:
  bool add_filter(std::string_view name, Reference& out) {
    for (const auto& [known, filter] : kFilters) {
      if (known != name) continue;
      out.filters.push_back(filter);
      return true;
    }
    std::vector<std::string_view> names;
    for (const auto& known : kFilters) names.push_back(known.first);
    const bool late_default = name.find(":-") != std::string_view::npos;
    diagnostics_.error(place_, "unknown-filter", "unknown filter " + in_backticks(name),
                       late_default
                           ? "a default stands before the filters: `${name:-default|filter}`"
                           : suggestion(name, names));
    return false;
  }

  bool resolve(Reference& out) {
    if (out.name.empty()) {
      diagnostics_.error(
          place_, "bad-template", "`${..}` names nothing",
          "write a field or variable, as in `${registrationId}`, or `$${` for a literal `${`");
      return false;
    }
    if (out.name == "now") {
      out.source = Reference::Source::Now;
      return true;
    }
    if (out.name == "hub" || out.name == "hubName") {
      out.source = out.name == "hub" ? Reference::Source::Hub : Reference::Source::HubName;
      if (scope_.hub_chosen) return true;
      diagnostics_.error(
          place_, "hub-not-chosen",
          "no hub is chosen yet where " + in_backticks(out.name) + " stands",
          "`hub` and `hubName` can be used in `initialTwin` and `payload` of `allocate`");
      return false;
    }
    if (scope_.variables != nullptr) {
      if (const auto v = scope_.variables->find(out.name); v != scope_.variables->end())
        return resolve_variable(v->second, out);
    }
    return resolve_field(out);
  }

  bool resolve_variable(const Variable& variable, Reference& out) {
    out.source = Reference::Source::Variable;
    out.index = variable.number;
    if (!variable.conditional || out.fallback) return true;
    diagnostics_.error(place_, "conditional-capture",
                       "variable " + in_backticks(out.name) +
                           " is captured under `any` or `not`, and may have no value",
                       "give it a default: `${" + out.name + ":-…}`");
    return false;
  }

  bool resolve_field(Reference& out) {
    auto parsed = scope_.fields->parse(out.name);
    if (auto* error = std::get_if<FieldError>(&parsed)) {
      const bool root_known = out.name.starts_with('/') || scope_.fields->is_root(out.name);
      std::vector<std::string_view> names = field_roots();
      names.push_back("now");
      if (const Lookups* lookups = scope_.fields->lookups()) {
        const std::vector<std::string_view> own = lookups->names();
        names.insert(names.end(), own.begin(), own.end());
      }
      if (scope_.hub_chosen) names.insert(names.end(), {"hub", "hubName"});
      if (scope_.variables != nullptr)
        for (const auto& [name, variable] : *scope_.variables) names.push_back(name);
      diagnostics_.error(
          place_, "unknown-reference",
          root_known ? error->message : "unknown field or variable " + in_backticks(out.name),
          root_known ? error->help : suggestion(out.name, names));
      return false;
    }
    const Field& field = std::get<Field>(parsed);
    out.source = Reference::Source::Field;
    out.index = scope_.fields->slot_of(field);
    out.looked_up = field.root == FieldRoot::Lookup;
    const bool sure = field.always_there || out.fallback || scope_.ensured == nullptr ||
                      is_ensured(out.name) || (field.is_column && is_ensured(field.path.front()));
    if (!sure)
      diagnostics_.warning(place_, "maybe-absent",
                           "rule " + in_backticks(scope_.rule) + " does not make sure that " +
                               in_backticks(out.name) + " is there, and refuses the devices that " +
                               (out.looked_up ? "are not in its table" : "do not send it"),
                           "add `" + out.name + ": {exists: true}` to `match`, or a default: `${" +
                               out.name + ":-…}`");
    return true;
  }

  bool is_ensured(std::string_view name) const {
    return std::find(scope_.ensured->begin(), scope_.ensured->end(), name) != scope_.ensured->end();
  }

  const ReferenceScope& scope_;
  SourceRange place_;
  Diagnostics& diagnostics_;
};

void append_literal(std::vector<TextTemplate::Piece>& pieces, std::string_view text) {
  if (text.empty()) return;
  if (!pieces.empty())
    if (auto* last = std::get_if<std::string>(&pieces.back())) {
      *last += text;
      return;
    }
  pieces.emplace_back(std::string(text));
}

}  // namespace

TextTemplate TextTemplate::parse(const Located<std::string>& text, const ReferenceScope& scope,
                                 Diagnostics& diagnostics) {
  TextTemplate out;
  out.text_ = text.value;
  const std::string_view all = text.value;
  std::size_t at = 0;
  while (at < all.size()) {
    const std::size_t dollar = all.find('$', at);
    append_literal(out.pieces_, all.substr(at, dollar - at));
    if (dollar == std::string_view::npos) break;
    if (all.substr(dollar).starts_with("$${")) {
      append_literal(out.pieces_, "${");
      at = dollar + 3;
    } else if (!all.substr(dollar).starts_with("${")) {
      append_literal(out.pieces_, "$");
      at = dollar + 1;
    } else {
      const std::size_t close = all.find('}', dollar);
      if (close == std::string_view::npos) {
        diagnostics.error(place_of(text, dollar, all.size() - dollar), "bad-template",
                          "`${` is never closed",
                          "close it with `}`, or write `$${` for a literal `${`");
        break;
      }
      ReferenceParser parser(scope, place_of(text, dollar, close + 1 - dollar), diagnostics);
      if (auto reference = parser.parse(all.substr(dollar + 2, close - dollar - 2)))
        out.pieces_.emplace_back(std::move(*reference));
      at = close + 1;
    }
  }
  return out;
}

void TextTemplate::append(std::string_view text) {
  text_ += text;
  append_literal(pieces_, text);
}

void TextTemplate::append(const TextTemplate& other) {
  text_ += other.text_;
  for (const Piece& piece : other.pieces_) {
    if (const auto* text = std::get_if<std::string>(&piece)) {
      append_literal(pieces_, *text);
    } else {
      pieces_.push_back(piece);
    }
  }
}

bool TextTemplate::is_literal() const {
  return std::all_of(pieces_.begin(), pieces_.end(),
                     [](const Piece& piece) { return std::holds_alternative<std::string>(piece); });
}

const Reference* TextTemplate::single_reference() const {
  return pieces_.size() == 1 ? std::get_if<Reference>(&pieces_[0]) : nullptr;
}

void TextTemplate::add_to(MemoryLines& out) const {
  out.add(pieces_);
  for (const Piece& piece : pieces_) {
    if (const auto* text = std::get_if<std::string>(&piece)) {
      out.add(*text);
    } else {
      out.add(std::get<Reference>(piece).filters);
    }
  }
}

std::variant<std::string, RenderError> TextTemplate::render(const RenderContext& context) const {
  std::string out;
  std::string scratch;
  for (const Piece& piece : pieces_) {
    if (const auto* text = std::get_if<std::string>(&piece)) {
      out += *text;
      continue;
    }
    auto value = std::get<Reference>(piece).value(context, scratch);
    if (auto* error = std::get_if<RenderError>(&value)) return std::move(*error);
    std::get<Value>(value).append_display_to(out);
  }
  return out;
}

std::variant<Value, RenderError> TextTemplate::value(const RenderContext& context,
                                                     std::string& scratch) const {
  if (const Reference* reference = single_reference()) return reference->value(context, scratch);
  auto text = render(context);
  if (auto* error = std::get_if<RenderError>(&text)) return std::move(*error);
  scratch = std::get<std::string>(std::move(text));
  return Value(std::string_view(scratch));
}

}  // namespace allocd
