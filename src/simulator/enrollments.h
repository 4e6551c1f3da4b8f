// Who may register with the local DPS, and how they prove who they are: a file of enrollments in.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "diagnostics/diagnostic.h"
#include "diagnostics/source_file.h"
#include "policy/located_value.h"

namespace allocd {

// Keys as bytes. Of a group these are the keys from which those of its devices are derived.
struct SymmetricKeys {
  std::string primary;
  std::string secondary;  // empty where there is none
};

// A certificate as PEM, of which the first one counts: the device's own, or the one that signs
// those of a group's devices, and is allowed to.
struct X509Certificate {
  std::string pem;
};

// What a device that has a hub already may become.
// https://learn.microsoft.com/azure/iot-dps/concepts-device-reprovision
struct ReprovisionPolicy {
  bool updates_hub = true;
  bool migrates_data = true;
};

struct Enrollment {
  bool is_group = false;
  std::string id;         // of the group, or the registration ID of the only device
  std::string device_id;  // wanted on the hub; empty: the registration ID. Never of a group
  std::variant<SymmetricKeys, X509Certificate> attestation;
  std::optional<ReprovisionPolicy> reprovision;  // as written: DPS has a default of its own
  std::vector<std::string> hubs;                 // empty: all linked ones
  bool enabled = true;
  std::optional<Json> initial_twin;  // for answers that have none
  SourceRange place;                 // of the ID
};

struct Enrollments {
  std::string id_scope;
  std::vector<std::string> linked_hubs;
  std::vector<Enrollment> groups;
  std::vector<Enrollment> individuals;
  std::shared_ptr<const SourceFile> file;  // where the places are
};

// The text of a certificate's file, named as in the enrollments; else nothing, and `why` says the
// reason.
using ReadCertificate =
    std::function<std::optional<std::string>(const std::string& path, std::string& why)>;

// Where anything is wrong, all of it is in `diagnostics`, and nothing comes back. Never throws on
// any input.
std::optional<Enrollments> parse_enrollments(std::shared_ptr<const SourceFile> file,
                                             const ReadCertificate& read, Diagnostics& diagnostics);

// The same of the file at `path`; files of certificates are found relative to it.
std::optional<Enrollments> load_enrollments(const std::string& path, Diagnostics& diagnostics);

}  // namespace allocd
