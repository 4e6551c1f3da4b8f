#include "daemon/redaction.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <set>
#include <system_error>
#include <utility>
#include <variant>

#include "http/percent_encoding.h"
#include "policy/aho_corasick.h"
#include "policy/certificate.h"
#include "policy/letter_case.h"
#include "webhook/json_body.h"

namespace allocd {

namespace {

using Path = std::vector<std::string>;

constexpr std::size_t kKnownBytes = 64;
constexpr std::size_t kFewCharacters = 3;

const Path kCertificatePath = {"deviceRuntimeContext", "x509", "clientCertificate"};

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

bool is_word_character(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::string in_json_text(const std::string& text, bool ascii) {
  const std::string quoted = Json(text).dump(-1, ' ', ascii, Json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

// The number that a text is, as JSON writes it: what a template's `| int` or `| number` makes of
// it.
std::optional<std::string> as_number(const std::string& text) {
  std::int64_t integer = 0;
  const char* end = text.data() + text.size();
  if (const auto read = std::from_chars(text.data(), end, integer);
      read.ec == std::errc() && read.ptr == end)
    return std::to_string(integer);  // `007` too
  double number = 0;
  // Not `inf`, which is a number to from_chars only.
  if (text.find_first_not_of("0123456789+-.eE") != std::string::npos) return std::nullopt;
  if (const auto read = std::from_chars(text.data(), end, number);
      read.ec == std::errc() && read.ptr == end)
    return Json(number).dump();
  return std::nullopt;
}

// The member or element that the step leads to; null where there is none.
Json* step_into(Json& value, const std::string& step) {
  if (value.is_object()) {
    const auto found = value.find(step);
    return found != value.end() ? &*found : nullptr;
  }
  if (!value.is_array()) return nullptr;
  const auto index = array_index(step);
  return index && *index < value.size() ? &value[*index] : nullptr;
}

Json* at_path(Json& value, const Path& path) {
  Json* at = &value;
  for (const std::string& step : path)
    if (at = step_into(*at, step); at == nullptr) return nullptr;
  return at;
}

void add_scalars(const Json& value, std::vector<std::string>& out) {
  if (value.is_string()) {
    out.push_back(value.get<std::string>());
  } else if (value.is_number()) {
    out.push_back(value.dump());
  } else if (value.is_structured()) {
    for (const Json& part : value) add_scalars(part, out);
  }
}

// Of a field that is not one of a certificate's, all that it says.
void add_certificate(const Json& text, const Field& field, std::vector<std::string>& out) {
  if (!text.is_string()) return;
  const auto certificate = Certificate::parse(text.get_ref<const std::string&>());
  if (!certificate) return;
  for (std::size_t i = 0; i < certificate_fields().size(); ++i) {
    const bool is_it = field.root != FieldRoot::Certificate ||
                       field.name == "certificate." + std::string(certificate_fields()[i]);
    if (!is_it) continue;
    if (auto value = certificate->value(i)) out.push_back(*std::move(value));
  }
}

bool is_prefix(const Path& a, const Path& b) {
  return a.size() <= b.size() && std::equal(a.begin(), a.end(), b.begin());
}

bool lies_within(const Path& a, const Path& b) { return is_prefix(a, b) || is_prefix(b, a); }

// Whether a field on the path, or beyond its end, has a slot.
bool is_read(const FieldTable& table, const FieldTable::Node& root, const Path& path,
             std::size_t from) {
  const FieldTable::Node* node = &root;
  for (std::size_t i = from; i < path.size(); ++i) {
    if (node->slot != FieldTable::kNone) return true;
    const auto child = node->children.find(path[i]);
    if (child == node->children.end()) return false;
    node = &table.node(child->second);
  }
  return node->slot != FieldTable::kNone || !node->children.empty();
}

bool is_enrollment(const std::string& member) {
  return member == "enrollmentGroup" || member == "individualEnrollment";
}

bool is_read(const FieldTable& table, const Path& place) {
  if (is_read(table, table.request_root(), place, 0)) return true;
  if (table.reads_certificate() && lies_within(place, kCertificatePath)) return true;
  if (place.empty() || !is_enrollment(place[0])) return false;
  const Path id = {place[0],
                   place[0] == "enrollmentGroup" ? "enrollmentGroupId" : "registrationId"};
  if (table.enrollment_id_slot() != FieldTable::kNone && lies_within(place, id)) return true;
  return is_read(table, table.enrollment_root(), place, 1);
}

}  // namespace

struct Secrets::Index {
  struct Form {
    std::size_t length = 0;  // of which the automaton knows kKnownBytes at most
    bool whole_word = false;
  };

  std::vector<std::string> given;
  std::set<std::string, std::less<>> values;  // lower case
  std::vector<Form> forms;
  AhoCorasick known;
};

Secrets::Secrets(const std::vector<std::string>& values) {
  auto index = std::make_shared<Index>();
  std::map<std::string, Index::Form> forms;  // by their first bytes
  const auto add_form = [&](std::string_view text, bool whole_word) {
    Index::Form& form =
        forms.try_emplace(lower(text.substr(0, kKnownBytes)), Index::Form{0, true}).first->second;
    form.length = std::max(form.length, text.size());
    form.whole_word = form.whole_word && whole_word;
  };
  for (const std::string& value : values) {
    if (value.empty()) continue;
    const bool whole_word = characters(value) < kFewCharacters;
    index->values.insert(lower(value));
    add_form(value, whole_word);
    add_form(in_json_text(value, false), whole_word);
    add_form(in_json_text(value, true), whole_word);
    add_form(percent_encoded(value), whole_word);
    add_form(printable(value, kKnownBytes * 4), whole_word);
    if (auto number = as_number(value)) {
      add_form(*number, characters(*number) < kFewCharacters);
      index->values.insert(lower(*std::move(number)));
    }
  }
  if (index->values.empty()) return;
  std::vector<std::string_view> sorted;
  for (const auto& [text, form] : forms) {
    sorted.push_back(text);
    index->forms.push_back(form);
  }
  index->known = AhoCorasick(sorted);
  index->given = values;
  index_ = std::move(index);
}

Secrets Secrets::with(std::vector<std::string> more) const {
  if (more.empty()) return *this;
  if (!empty()) more.insert(more.end(), index_->given.begin(), index_->given.end());
  return Secrets(more);
}

std::string Secrets::in_text(std::string text) const {
  if (empty() || text.empty()) return text;
  std::vector<std::pair<std::size_t, std::size_t>> found;  // begin, end
  index_->known.find(lower(text), [&](std::size_t number, std::size_t begin, std::size_t end) {
    const Index::Form& form = index_->forms[number];
    if (form.whole_word && ((begin > 0 && is_word_character(text[begin - 1])) ||
                            (end < text.size() && is_word_character(text[end]))))
      return;
    found.emplace_back(begin, std::min(begin + form.length, text.size()));
  });
  if (found.empty()) return text;
  std::sort(found.begin(), found.end());
  std::string out;
  std::size_t told = 0;  // up to where the text is in `out`, or hidden
  for (std::size_t i = 0; i < found.size();) {
    const std::size_t begin = found[i].first;
    std::size_t end = found[i].second;
    for (++i; i < found.size() && found[i].first <= end; ++i) end = std::max(end, found[i].second);
    out.append(text, told, begin - told).append(kRedacted);
    told = end;
  }
  return out.append(text, told, text.size() - told);
}

Json Secrets::in_json(Json value) const {
  if (empty()) return value;
  if (value.is_string()) return in_text(value.get<std::string>());
  if (value.is_number()) return index_->values.contains(value.dump()) ? Json(kRedacted) : value;
  if (value.is_array()) {
    for (Json& part : value) part = in_json(std::move(part));
    return value;
  }
  if (!value.is_object()) return value;
  Json out = Json::object();
  auto& members = out.get_ref<Json::object_t&>();
  std::set<std::string> changed;
  for (auto& [key, part] : value.get_ref<Json::object_t&>()) {
    std::string name = in_text(key);
    if (name != key) {
      const std::string first = name;
      for (std::size_t n = 2; value.contains(name) || !changed.insert(name).second; ++n)
        name = first + ' ' + std::to_string(n);
    }
    members.emplace_back(std::move(name), in_json(std::move(part)));
  }
  return out;
}

std::optional<Redaction::Hidden> Redaction::hidden(Field field) {
  Hidden out{std::move(field), {}};
  const auto in_enrollment = [](std::string record, const Path& path) {
    Path place = {std::move(record)};
    place.insert(place.end(), path.begin(), path.end());
    return place;
  };
  switch (out.field.root) {
    case FieldRoot::Request: out.places = {out.field.path}; break;
    case FieldRoot::Enrollment:
      out.places = {in_enrollment("enrollmentGroup", out.field.path),
                    in_enrollment("individualEnrollment", out.field.path)};
      break;
    case FieldRoot::EnrollmentId:
      out.places = {{"enrollmentGroup", "enrollmentGroupId"},
                    {"individualEnrollment", "registrationId"}};
      break;
    case FieldRoot::Certificate: out.places = {kCertificatePath}; break;
    case FieldRoot::EnrollmentKind:
    case FieldRoot::Attestation:
    case FieldRoot::Lookup: return std::nullopt;
  }
  return out;
}

std::optional<Redaction> Redaction::parse(const std::vector<Located<std::string>>& fields,
                                          Diagnostics& diagnostics) {
  Redaction out;
  bool good = true;
  for (const Located<std::string>& name : fields) {
    auto parsed = parse_field(name.value);
    if (auto* error = std::get_if<FieldError>(&parsed)) {
      diagnostics.error(name.range, "unknown-field", std::move(error->message),
                        std::move(error->help));
      good = false;
    } else if (auto known = hidden(std::get<Field>(std::move(parsed)))) {
      out.fields_.push_back(*std::move(known));
    } else {
      diagnostics.error(name.range, "cannot-redact", in_backticks(name.value) + " cannot be hidden",
                        "it is no value of the request, but says which members it has");
      good = false;
    }
  }
  if (!good) return std::nullopt;
  return out;
}

Redaction::Redacted Redaction::of(std::string_view body) const {
  auto parsed = parse_json_body(body);
  if (!std::holds_alternative<Json>(parsed)) return {};
  Json& request = std::get<Json>(parsed);
  if (empty()) return {Secrets(), std::move(request)};

  std::vector<std::string> values;
  for (const Hidden& hidden : fields_) {
    for (const Path& place : hidden.places) {
      const Json* value = at_path(request, place);
      if (value == nullptr) continue;
      add_scalars(*value, values);
      if (is_prefix(place, kCertificatePath))
        if (const Json* certificate = at_path(request, kCertificatePath))
          add_certificate(*certificate, hidden.field, values);
    }
  }
  // All values are known before the first place is overwritten: one may lie in another.
  for (const Hidden& hidden : fields_)
    for (const Path& place : hidden.places)
      if (Json* value = at_path(request, place); value != nullptr && !value->is_null())
        *value = kRedacted;
  Secrets secrets(values);
  Json told = secrets.in_json(std::move(request));
  return {std::move(secrets), std::move(told)};
}

Secrets Redaction::secrets_of(std::string_view body) const {
  return empty() ? Secrets() : of(body).secrets;
}

Json Redaction::request(std::string_view body) const { return of(body).request; }

bool Redaction::covers(std::string_view field) const {
  if (empty()) return false;
  auto parsed = parse_field(field);
  if (!std::holds_alternative<Field>(parsed)) return false;
  const auto seen = hidden(std::get<Field>(std::move(parsed)));
  if (!seen) return false;
  for (const Hidden& mine : fields_)
    for (const Path& place : mine.places)
      for (const Path& other : seen->places)
        // Two fields of one certificate have nothing to do with each other.
        if (lies_within(place, other) &&
            (mine.field.root != FieldRoot::Certificate ||
             seen->field.root != FieldRoot::Certificate || mine.field.name == seen->field.name))
          return true;
  return false;
}

std::vector<std::string> Redaction::read_by(const FieldTable& fields) const {
  std::vector<std::string> out;
  for (const Hidden& hidden : fields_) {
    const bool read = hidden.field.root == FieldRoot::Certificate
                          ? fields.reads_certificate()
                          : std::any_of(hidden.places.begin(), hidden.places.end(),
                                        [&](const Path& place) { return is_read(fields, place); });
    if (read) out.push_back(hidden.field.name);
  }
  return out;
}

}  // namespace allocd
