#include "policy/field.h"

#include <algorithm>
#include <optional>

#include "diagnostics/closest_match.h"
#include "diagnostics/diagnostic.h"
#include "policy/certificate.h"

namespace allocd {
namespace {

constexpr const char* kContext = "deviceRuntimeContext";
constexpr std::string_view kCertificate = "certificate.";

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

// One reference token of a JSON Pointer, `~1` and `~0` undone (RFC 6901, section 4).
std::optional<std::string> unescape_pointer(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '~') {
      out += token[i];
      continue;
    }
    if (i + 1 == token.size() || (token[i + 1] != '0' && token[i + 1] != '1')) return std::nullopt;
    out += token[++i] == '0' ? '~' : '/';
  }
  return out;
}

std::variant<Field, FieldError> parse_pointer(std::string_view name) {
  Field field{.name = std::string(name)};
  for (const std::string& token : split(name.substr(1), '/')) {
    auto part = unescape_pointer(token);
    if (!part)
      return FieldError{"bad JSON Pointer " + in_backticks(name),
                        "`~` is written `~0`, and a `/` inside a name `~1` (RFC 6901)"};
    field.path.push_back(std::move(*part));
  }
  return field;
}

FieldError no_members(std::string_view name, std::string_view root) {
  return {"unknown field " + in_backticks(name),
          in_backticks(root) + " is a text and has no members"};
}

// `enrollment.…`: two names of ours, everything else is the record's own.
Field enrollment_field(std::string_view name, std::vector<std::string> path) {
  Field field{.name = std::string(name), .root = FieldRoot::Enrollment, .path = std::move(path)};
  if (field.path.size() == 1 && field.path[0] == "id") {
    field.root = FieldRoot::EnrollmentId;
    field.ignores_case = field.always_there = true;
  } else if (field.path.size() == 1 && field.path[0] == "kind") {
    field.root = FieldRoot::EnrollmentKind;
    field.always_there = true;
  } else if (!field.path.empty()) {
    // The record's own names for what DPS compares without regard to case.
    const std::string& first = field.path[0];
    field.ignores_case = first == "enrollmentGroupId" || first == "registrationId" ||
                         first == "iotHubHostName" || first == "iotHubs";
  } else {
    field.always_there = true;
  }
  return field;
}

// `certificate.…`: what a certificate says, by the names of certificate.h.
std::variant<Field, FieldError> certificate_field_named(std::string_view name) {
  if (const auto known = certificate_field(name.substr(std::min(name.size(), kCertificate.size()))))
    return Field{.name = std::string(name),
                 .root = FieldRoot::Certificate,
                 .ignores_case = is_hexadecimal(*known)};
  std::vector<std::string> names;
  for (const std::string_view known : certificate_fields())
    names.push_back(std::string(kCertificate) + std::string(known));
  const auto meant = closest_match(name, {names.begin(), names.end()});
  return FieldError{"unknown field " + in_backticks(name),
                    meant ? "did you mean `" + *meant + "`?"
                          : "of a certificate there are `subject.CN` (`.O`, `.OU`, `.C`, `.ST`, "
                            "`.L`, `.DC`, `.serialNumber`), `issuer.CN` (and so on), "
                            "`serialNumber`, `sha1`, `sha256`, `notBefore` and `notAfter`"};
}

}  // namespace

const std::vector<std::string_view>& field_roots() {
  static const std::vector<std::string_view> kRoots = {
      "registrationId", "payload",    "currentHub", "currentDeviceId",
      "attestation",    "enrollment", "certificate"};
  return kRoots;
}

bool is_field_root(std::string_view name) {
  const auto& roots = field_roots();
  return std::find(roots.begin(), roots.end(), name.substr(0, name.find('.'))) != roots.end();
}

std::variant<Field, FieldError> parse_field(std::string_view name) {
  if (name.starts_with('/')) return parse_pointer(name);
  std::vector<std::string> path = split(name, '.');
  const std::string root = path.front();
  path.erase(path.begin());
  if (std::find(path.begin(), path.end(), "") != path.end())
    return FieldError{"empty name between dots in field " + in_backticks(name),
                      "a member without a name is reached by a JSON Pointer, as in `\"/a//b\"`"};

  if (root == "payload") {
    path.insert(path.begin(), {kContext, "payload"});
    return Field{.name = std::string(name), .path = std::move(path)};
  }
  if (root == "enrollment") return enrollment_field(name, std::move(path));
  if (root == "certificate") return certificate_field_named(name);

  Field field{.name = std::string(name)};
  if (root == "registrationId") {
    field.path = {kContext, "registrationId"};
    field.ignores_case = field.always_there = true;
  } else if (root == "currentHub") {
    field.path = {kContext, "currentIotHubHostName"};
    field.ignores_case = true;
  } else if (root == "currentDeviceId") {
    field.path = {kContext, "currentDeviceId"};
    field.ignores_case = true;
  } else if (root == "attestation") {
    field.root = FieldRoot::Attestation;
    field.always_there = true;
  } else {
    return FieldError{"unknown field " + in_backticks(name), suggestion(root, field_roots())};
  }
  if (!path.empty()) return no_members(name, root);
  return field;
}

}  // namespace allocd
