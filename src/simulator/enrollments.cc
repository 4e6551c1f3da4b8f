#include "simulator/enrollments.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>
#include <utility>

#include "analysis/id_alphabet.h"
#include "diagnostics/closest_match.h"
#include "policy/base64.h"
#include "policy/certificate.h"
#include "policy/letter_case.h"
#include "rulefile/map_reader.h"
#include "rulefile/text_file.h"
#include "rulefile/yaml_tree.h"
#include "simulator/device_certificate.h"
#include "simulator/without_keys.h"

namespace allocd {
namespace {

class EnrollmentsReader {
 public:
  EnrollmentsReader(const ReadCertificate& read, Diagnostics& diagnostics)
      : read_(read), diagnostics_(diagnostics) {}

  Enrollments read(const LocatedValue& value) {
    Enrollments out;
    MapReader map(value, "file of enrollments", diagnostics_);
    if (!map.is_map()) return out;
    map.require("idScope");
    if (auto scope = filled_text(map, "idScope")) out.id_scope = std::move(scope->value);
    if (map.require("linkedHubs") != nullptr)
      linked_hubs_ = out.linked_hubs = hubs(map, "linkedHubs");
    const LocatedValue* groups = map.list("enrollmentGroups");
    const LocatedValue* individuals = map.list("individualEnrollments");
    if (groups != nullptr)
      for (const LocatedValue& one : groups->list()) add(enrollment(one, true), out.groups);
    if (individuals != nullptr)
      for (const LocatedValue& one : individuals->list())
        add(enrollment(one, false), out.individuals);
    if (map.find("enrollmentGroups") == nullptr && map.find("individualEnrollments") == nullptr)
      diagnostics_.error(
          map.range(), "no-enrollments", "nobody is enrolled",
          "add a group to `enrollmentGroups` or a device to `individualEnrollments`");
    map.finish();
    return out;
  }

 private:
  std::optional<Located<std::string>> filled_text(MapReader& map, std::string_view key) {
    auto text = map.text(key);
    if (!text || !text->value.empty()) return text;
    diagnostics_.error(text->range, "empty-text", in_backticks(key) + " is empty");
    return std::nullopt;
  }

  // Each must be linked, but for the linked ones themselves, which are not known yet.
  std::vector<std::string> hubs(MapReader& map, const std::string& key) {
    std::vector<std::string> out;
    const LocatedValue* list = map.list(key);
    if (list == nullptr) return out;
    if (list->list().empty())
      diagnostics_.error(list->range, "empty-list", in_backticks(key) + " names no hub");
    for (const LocatedValue& item : list->list()) {
      auto name = as_text(item, "a hub in " + in_backticks(key), diagnostics_);
      if (!name) continue;
      if (name->value.empty())
        diagnostics_.error(name->range, "empty-text", "a hub needs a name");
      else if (!linked_hubs_.empty() && std::find(linked_hubs_.begin(), linked_hubs_.end(),
                                                  name->value) == linked_hubs_.end())
        diagnostics_.error(name->range, "unlinked-hub",
                           in_backticks(name->value) + " is not among `linkedHubs`",
                           suggestion(name->value, {linked_hubs_.begin(), linked_hubs_.end()}));
      out.push_back(std::move(name->value));
    }
    return out;
  }

  Enrollment enrollment(const LocatedValue& value, bool is_group) {
    Enrollment out;
    out.is_group = is_group;
    MapReader map(value, is_group ? "enrollment group" : "individual enrollment", diagnostics_);
    if (!map.is_map()) return out;
    const char* const id = is_group ? "enrollmentGroupId" : "registrationId";
    if (map.require(id) != nullptr) {
      if (auto text = map.text(id)) {
        out.place = text->range;
        if (!is_valid_id(text->value))
          diagnostics_.error(text->range, "bad-id", in_backticks(text->value) + " cannot be an ID",
                             "up to 128 letters, digits, `-`, `.`, `_` and `:`, of which the last "
                             "three cannot end it");
        out.id = std::move(text->value);
      }
    }
    if (!is_group)
      if (auto device = filled_text(map, "deviceId")) out.device_id = std::move(device->value);
    if (const LocatedValue* attested = map.require("attestation"))
      out.attestation = attestation(*attested, out);
    if (const LocatedValue* policy = map.find("reprovisionPolicy"))
      out.reprovision = reprovision_policy(*policy);
    if (map.find("iotHubs") != nullptr) out.hubs = hubs(map, "iotHubs");
    if (const auto status = choice(map, "provisioningStatus", {"enabled", "disabled"}))
      out.enabled = *status == "enabled";
    if (const LocatedValue* twin = map.find("initialTwin")) out.initial_twin = initial_twin(*twin);
    map.finish();
    return out;
  }

  Json initial_twin(const LocatedValue& value) {
    MapReader map(value, "`initialTwin`", diagnostics_);
    map.map("tags");
    if (const LocatedValue* properties = map.find("properties")) {
      MapReader inner(*properties, "`properties`", diagnostics_);
      inner.map("desired");
      inner.finish();
    }
    map.finish();
    return value.json();
  }

  std::optional<std::string> choice(MapReader& map, std::string_view key,
                                    const std::vector<std::string_view>& choices) {
    auto text = map.text(key);
    if (!text) return std::nullopt;
    if (std::find(choices.begin(), choices.end(), text->value) == choices.end()) {
      diagnostics_.error(text->range, "unknown-choice",
                         in_backticks(key) + " cannot be " + in_backticks(text->value),
                         suggestion(text->value, choices));
      return std::nullopt;
    }
    return std::move(text->value);
  }

  std::variant<SymmetricKeys, X509Certificate> attestation(const LocatedValue& value,
                                                           const Enrollment& whose) {
    MapReader map(value, "`attestation`", diagnostics_);
    if (!map.is_map() || map.require("type") == nullptr) return {};
    const auto type = choice(map, "type", {"symmetricKey", "x509"});
    if (!type) return {};
    std::variant<SymmetricKeys, X509Certificate> out;
    if (*type == "x509") {
      const char* const name = whose.is_group ? "signingCertificate" : "clientCertificate";
      map.require(name);
      out = X509Certificate{certificate(map, name, whose)};
    } else {
      map.require("primaryKey");
      SymmetricKeys keys;
      keys.primary = key(map, "primaryKey");
      keys.secondary = key(map, "secondaryKey");
      out = std::move(keys);
    }
    map.finish();
    return out;
  }

  std::string key(MapReader& map, std::string_view name) {
    const auto text = map.text(name);
    if (!text) return {};
    auto bytes = from_base64(text->value);
    if (bytes && !bytes->empty()) return std::move(*bytes);
    diagnostics_.error(text->range, "bad-key", in_backticks(name) + " is no base64",
                       "copy the key as the portal shows it, with the `=` at its end");
    return {};
  }

  std::string certificate(MapReader& map, std::string_view name, const Enrollment& whose) {
    const auto path = filled_text(map, name);
    if (!path) return {};
    const std::string quoted = in_backticks(path->value);
    std::string why;
    auto text = read_(path->value, why);
    if (!text) {
      diagnostics_.error(path->range, "unreadable-file", "cannot read " + quoted + ": " + why);
      return {};
    }
    const std::string der = pem_certificate_der(*text);
    if (der.empty()) {
      const bool is_der = Certificate::from_der(*text).has_value();
      const bool has_lines = text->find("-----BEGIN CERTIFICATE-----") != std::string::npos;
      diagnostics_.error(path->range, "bad-certificate",
                         quoted + (is_der      ? " holds a certificate in DER, not in PEM"
                                   : has_lines ? " holds a certificate that cannot be read"
                                               : " holds no certificate in PEM"),
                         is_der ? "`openssl x509 -in FILE -out FILE.pem` writes it as PEM" : "");
    } else if (whose.is_group && !is_authority(der)) {
      diagnostics_.error(
          path->range, "no-authority",
          "the certificate in " + quoted + " is not allowed to sign others",
          "a group takes the certificate of the authority that signed those of its devices "
          "(`basicConstraints` with CA:TRUE; `keyUsage`, if any, with keyCertSign); that of "
          "a single device belongs to an individual enrollment");
    } else if (!whose.is_group && is_valid_id(whose.id)) {
      if (const auto why_not = why_not_called(der, whose.id))
        diagnostics_.error(path->range, "other-common-name",
                           "the certificate in " + quoted + " " + *why_not,
                           "a device with a certificate registers with its common name");
    }
    return std::move(*text);
  }

  ReprovisionPolicy reprovision_policy(const LocatedValue& value) {
    ReprovisionPolicy out;
    MapReader map(value, "`reprovisionPolicy`", diagnostics_);
    if (const auto flag = map.boolean("updateHubAssignment")) out.updates_hub = flag->value;
    if (const auto flag = map.boolean("migrateDeviceData")) out.migrates_data = flag->value;
    map.finish();
    return out;
  }

  // IDs are the same whatever the case of their letters.
  void add(Enrollment enrollment, std::vector<Enrollment>& into) {
    auto& ids = enrollment.is_group ? group_ids_ : device_ids_;
    if (!enrollment.id.empty() && !ids.insert(lower(enrollment.id)).second)
      diagnostics_.error(enrollment.place, "duplicate-enrollment",
                         in_backticks(enrollment.id) + " is enrolled twice",
                         "letter case makes no difference in an ID");
    into.push_back(std::move(enrollment));
  }

  const ReadCertificate& read_;
  Diagnostics& diagnostics_;
  std::vector<std::string> linked_hubs_;
  std::set<std::string> group_ids_;
  std::set<std::string> device_ids_;
};

}  // namespace

std::optional<Enrollments> parse_enrollments(std::shared_ptr<const SourceFile> file,
                                             const ReadCertificate& read,
                                             Diagnostics& diagnostics) {
  Diagnostics found;
  Enrollments out;
  const auto tree = parse_yaml(*file, found);
  if (tree) out = EnrollmentsReader(read, found).read(*tree);
  diagnostics.append(without_keys(found, *file, tree ? &*tree : nullptr));
  if (found.has_errors()) return std::nullopt;
  out.file = std::move(file);
  return out;
}

std::optional<Enrollments> load_enrollments(const std::string& path, Diagnostics& diagnostics) {
  std::string why;
  auto text = read_text_file(path, why);
  if (!text) {
    diagnostics.file_error(path, "unreadable-file", "cannot be read: " + why);
    return std::nullopt;
  }
  const auto beside = [&](const std::string& name, std::string& why_not) {
    return read_text_file((std::filesystem::path(path).parent_path() / name).string(), why_not);
  };
  return parse_enrollments(std::make_shared<const SourceFile>(path, path, std::move(*text)), beside,
                           diagnostics);
}

}  // namespace allocd
