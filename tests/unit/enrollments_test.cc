// Files of enrollments: what is taken, and what is said about the rest.
#include "simulator/enrollments.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "support/process.h"

using namespace allocd;
using test::TemporaryFolder;

namespace {

constexpr const char* kHead = "idScope: 0ne00002193\nlinkedHubs: [a.net, b.net]\n";

std::optional<Enrollments> load(const std::string& text, Diagnostics& diagnostics) {
  const TemporaryFolder folder;
  folder.write("ca.pem", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n");
  folder.write("empty.pem", "");
  const std::string path = folder.write("enrollments.yaml", text);
  return load_enrollments(path, diagnostics);
}

// "LINE:COLUMN CODE" of each mistake.
std::string mistakes(const std::string& text) {
  Diagnostics diagnostics;
  const auto enrollments = load(text, diagnostics);
  CHECK(enrollments.has_value() != diagnostics.has_errors());
  std::string out;
  for (const Diagnostic& d : diagnostics.sorted())
    out += (out.empty() ? "" : ", ") + std::to_string(d.line) + ":" + std::to_string(d.column) +
           " " + d.code;
  return out;
}

}  // namespace

TEST_CASE("enrollments: all that there is") {
  Diagnostics diagnostics;
  const auto all = load(std::string(kHead) + R"(enrollmentGroups:
  - enrollmentGroupId: by-key
    attestation: {type: symmetricKey, primaryKey: AAEC, secondaryKey: AwQ=}
    reprovisionPolicy: {updateHubAssignment: true, migrateDeviceData: false}
    iotHubs: [b.net]
    provisioningStatus: disabled
    initialTwin: {tags: {a: 1}}
  - enrollmentGroupId: by-certificate
    attestation: {type: x509, signingCertificate: ca.pem}
individualEnrollments:
  - registrationId: lab-1
    deviceId: lab-one
    attestation: {type: symmetricKey, primaryKey: AAEC}
  - registrationId: lab-2
    attestation: {type: x509, clientCertificate: ca.pem}
)",
                        diagnostics);
  REQUIRE(all);
  CHECK(all->id_scope == "0ne00002193");
  CHECK(all->linked_hubs == std::vector<std::string>{"a.net", "b.net"});
  REQUIRE(all->groups.size() == 2);
  const Enrollment& group = all->groups[0];
  CHECK(group.is_group);
  CHECK(group.id == "by-key");
  const auto& keys = std::get<SymmetricKeys>(group.attestation);
  CHECK(keys.primary == std::string("\0\1\2", 3));
  CHECK(keys.secondary == "\3\4");
  REQUIRE(group.reprovision);
  CHECK(group.reprovision->updates_hub);
  CHECK_FALSE(group.reprovision->migrates_data);
  CHECK(group.hubs == std::vector<std::string>{"b.net"});
  CHECK_FALSE(group.enabled);
  CHECK(group.initial_twin == Json{{"tags", {{"a", 1}}}});
  CHECK(std::get<X509Certificate>(all->groups[1].attestation).pem.starts_with("-----BEGIN"));
  CHECK(all->groups[1].enabled);
  CHECK_FALSE(all->groups[1].reprovision);
  REQUIRE(all->individuals.size() == 2);
  CHECK_FALSE(all->individuals[0].is_group);
  CHECK(all->individuals[0].device_id == "lab-one");
  CHECK(std::get<SymmetricKeys>(all->individuals[0].attestation).secondary.empty());
  CHECK(std::holds_alternative<X509Certificate>(all->individuals[1].attestation));
}

TEST_CASE("enrollments: mistakes are found where they were made, all at once") {
  const std::string head = kHead;
  const auto group = [&](const std::string& rest) {
    return head + "enrollmentGroups:\n  - enrollmentGroupId: g\n" + rest;
  };
  const std::string keyed = "    attestation: {type: symmetricKey, primaryKey: AAEC}\n";
  struct Case {
    std::string yaml, mistakes;
  };
  const Case cases[] = {
      {"", "1:1 wrong-type"},
      {"[]", "1:1 wrong-type"},
      {"idScope: [\n", "1:10 yaml-syntax"},
      {"{}", "1:1 missing-key, 1:1 missing-key, 1:1 no-enrollments"},
      {head, "1:1 no-enrollments"},
      {"idScope: ''\nlinkedHubs: []\nindividualEnrollments: []\n",
       "1:10 empty-text, 2:13 empty-list"},
      {"idScope: s\nlinkedHubs: ['', 1]\nindividualEnrollments: []\n",
       "2:14 empty-text, 2:18 wrong-type"},
      {head + "individualEnrolments: []\n", "1:1 no-enrollments, 3:1 unknown-key"},
      {head + "enrollmentGroups: {}\n", "3:19 wrong-type"},
      {head + "enrollmentGroups: [x]\n", "3:20 wrong-type"},
      {group(""), "4:5 missing-key"},
      {group(keyed), ""},
      {group(keyed + "    deviceId: x\n"), "6:5 unknown-key"},
      {group(keyed + "    iotHubs: [c.net, a.net]\n"), "6:15 unlinked-hub"},
      {group(keyed + "    iotHubs: []\n"), "6:14 empty-list"},
      {group(keyed + "    provisioningStatus: on\n"), "6:25 unknown-choice"},
      {group(keyed + "    reprovisionPolicy: {updateHubAssignment: 1, x: 2}\n"),
       "6:46 wrong-type, 6:49 unknown-key"},
      {group(keyed + "    initialTwin: 1\n"), "6:18 wrong-type"},
      {group(keyed + "  - enrollmentGroupId: G\n" + keyed), "6:24 duplicate-enrollment"},
      {group("    attestation: {type: tpm}\n"), "5:25 unknown-choice"},
      {group("    attestation: {}\n"), "5:18 missing-key"},
      {group("    attestation: {type: symmetricKey}\n"), "5:18 missing-key"},
      {group("    attestation: {type: symmetricKey, primaryKey: '', secondaryKey: 'A!'}\n"),
       "5:51 bad-key, 5:69 bad-key"},
      {group("    attestation: {type: symmetricKey, primaryKey: AAEC, signingCertificate: x}\n"),
       "5:57 unknown-key"},
      {group("    attestation: {type: x509, clientCertificate: ca.pem}\n"),
       "5:18 missing-key, 5:31 unknown-key"},
      {group("    attestation: {type: x509, signingCertificate: no.pem}\n"),
       "5:51 unreadable-file"},
      {group("    attestation: {type: x509, signingCertificate: .}\n"), "5:51 unreadable-file"},
      {group("    attestation: {type: x509, signingCertificate: empty.pem}\n"),
       "5:51 bad-certificate"},
      {head + "individualEnrollments:\n  - registrationId: a b\n" + keyed, "4:21 bad-id"},
      {head + "individualEnrollments:\n  - registrationId: ''\n" + keyed, "4:21 bad-id"},
      {head + "individualEnrollments:\n  - registrationId: x\n    deviceId: ''\n" + keyed,
       "5:15 empty-text"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.yaml);
    CHECK(mistakes(c.yaml) == c.mistakes);
  }
}

TEST_CASE("enrollments: a key is never shown") {
  Diagnostics diagnostics;
  CHECK_FALSE(load(std::string(kHead) +
                       "enrollmentGroups:\n  - enrollmentGroupId: g\n    attestation:\n"
                       "      type: symmetricKey\n      primaryKey: s3cret!\n",
                   diagnostics));
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(render(diagnostics.all()[0]).find("s3cret") == std::string::npos);
}

TEST_CASE("enrollments: a file that cannot be read is named") {
  Diagnostics diagnostics;
  CHECK_FALSE(load_enrollments("/no/such/file.yaml", diagnostics));
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(diagnostics.all()[0].file == "/no/such/file.yaml");
  CHECK(diagnostics.all()[0].code == "unreadable-file");
}
