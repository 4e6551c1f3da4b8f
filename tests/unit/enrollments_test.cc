// Files of enrollments: what is taken, and what is said about the rest.
#include "simulator/enrollments.h"

#include <map>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "support/certificates.h"
#include "support/process.h"

using namespace allocd;
using test::Identity;

namespace {

constexpr const char* kHead = "idScope: 0ne00002193\nlinkedHubs: [a.net, b.net]\n";

// The files beside the enrollments.
std::optional<std::string> read_beside(const std::string& path, std::string& why) {
  static const Identity kAuthority = Identity::authority("contoso");
  static const std::map<std::string, std::string> kFiles = {
      {"ca.pem", kAuthority.certificate()},
      {"ca.cer", kAuthority.der()},
      {"lab-2.pem", kAuthority.issue("lab-2").certificate() + kAuthority.certificate()},
      {"secret.pem", kAuthority.key()},
      {"broken.pem", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"},
      {"empty.pem", ""},
  };
  const auto found = kFiles.find(path);
  if (found != kFiles.end()) return found->second;
  why = "No such file or directory";
  return std::nullopt;
}

std::optional<Enrollments> parse(const std::string& text, Diagnostics& diagnostics) {
  return parse_enrollments(std::make_shared<SourceFile>("e.yaml", "e.yaml", text), read_beside,
                           diagnostics);
}

// "LINE:COLUMN CODE" of each mistake.
std::string mistakes(const std::string& text) {
  Diagnostics diagnostics;
  const auto enrollments = parse(text, diagnostics);
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
  const auto all = parse(std::string(kHead) + R"(enrollmentGroups:
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
    attestation: {type: x509, clientCertificate: lab-2.pem}
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
      {"idScope: s\nenrollmentGroups:\n  - enrollmentGroupId: g\n    iotHubs: [c.net]\n" + keyed,
       "1:1 missing-key"},
      {"idScope: s\nenrollmentGroups:\n  - enrollmentGroupId: g\n    iotHubs: [c.net]\n" + keyed,
       "1:1 missing-key"},
      {group(keyed + "    initialTwin: 1\n"), "6:18 wrong-type"},
      {group(keyed + "    initialTwin: {tags: 1, desired: {}}\n"),
       "6:25 wrong-type, 6:28 unknown-key"},
      {group(keyed + "    initialTwin: {properties: {desired: [], reported: {}}}\n"),
       "6:41 wrong-type, 6:45 unknown-key"},
      {group(keyed + "    initialTwin: {tags: 1, desired: {}}\n"),
       "6:25 wrong-type, 6:28 unknown-key"},
      {group(keyed + "    initialTwin: {properties: {desired: [], reported: {}}}\n"),
       "6:41 wrong-type, 6:45 unknown-key"},
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
      {group("    attestation: {type: x509, signingCertificate: ''}\n"), "5:51 empty-text"},
      {group("    attestation: {type: x509, signingCertificate: ''}\n"), "5:51 empty-text"},
      {group("    attestation: {type: x509, signingCertificate: no.pem}\n"),
       "5:51 unreadable-file"},
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

TEST_CASE("enrollments: what is wrong with a certificate") {
  struct Case {
    std::string id;
    std::string key, file;
    std::string message, help;
  };
  const std::string group = "enrollmentGroupId: g";
  const std::string signing = "signingCertificate";
  const std::string client = "clientCertificate";
  const Case cases[] = {
      {group, signing, "ca.pem", "", ""},
      {"registrationId: lab-2", client, "lab-2.pem", "", ""},
      {"registrationId: LAB-2", client, "lab-2.pem", "", ""},
      {group, signing, "no.pem",
       "cannot read `no.pem`: No such file or directory [unreadable-file]", ""},
      {group, signing, "empty.pem", "`empty.pem` holds no certificate in PEM [bad-certificate]",
       ""},
      {group, signing, "secret.pem", "`secret.pem` holds no certificate in PEM [bad-certificate]",
       ""},
      {"registrationId: lab-2", client, "broken.pem",
       "`broken.pem` holds a certificate that cannot be read [bad-certificate]", ""},
      {group, signing, "ca.cer",
       "`ca.cer` holds a certificate in DER, not in PEM [bad-certificate]",
       "`openssl x509 -in FILE -out FILE.pem` writes it as PEM"},
      {group, signing, "lab-2.pem",
       "the certificate in `lab-2.pem` is not allowed to sign others [no-authority]",
       "a group takes the certificate of the authority that signed those of its devices "
       "(`basicConstraints` with CA:TRUE; `keyUsage`, if any, with keyCertSign); that of a single "
       "device belongs to an individual enrollment"},
      {"registrationId: lab-1", client, "lab-2.pem",
       "the certificate in `lab-2.pem` has the common name `lab-2`, not the registration ID "
       "`lab-1` [other-common-name]",
       "a device with a certificate registers with its common name"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.id);
    CAPTURE(c.file);
    const std::string line = "      " + c.key + ": ";
    Diagnostics diagnostics;
    const auto all = parse(
        std::string(kHead) + (c.id == group ? "enrollmentGroups:\n" : "individualEnrollments:\n") +
            "  - " + c.id + "\n    attestation:\n      type: x509\n" + line + c.file + "\n",
        diagnostics);
    std::string said;
    for (const Diagnostic& d : diagnostics.all()) said += render(d);
    std::string expected;
    if (!c.message.empty())
      expected = "e.yaml:7:" + std::to_string(line.size() + 1) + ": error: " + c.message +
                 "\n    7 | " + line + c.file + "\n      | " + std::string(line.size(), ' ') + "^" +
                 std::string(c.file.size() - 1, '~') + "\n";
    if (!c.help.empty()) expected += "      = help: " + c.help + "\n";
    CHECK(said == expected);
    CHECK(all.has_value() == c.message.empty());
  }
}

TEST_CASE("enrollments: a key is never shown") {
  const std::string group = std::string(kHead) + "enrollmentGroups:\n  - enrollmentGroupId: g\n";
  const std::string inner = group + "    attestation:\n      type: symmetricKey\n      ";
  const std::string flow = std::string(kHead) + "individualEnrollments: [";
  const std::string texts[] = {
      inner + "primaryKey: s3cret!\n",
      inner + "primaryKey:\n        s3cret!\n",
      inner + "primaryKey: >-\n        s3cret\n        !\n",
      inner + "primaryKey: [s3cret]\n",
      inner + "primaryKey: {a: [\n        s3cret]}\n",
      inner + "primarykey: s3cret\n",
      inner + "primary: s3cret\n",
      inner + "primaryKey: 's3cret\n",
      inner + "primaryKey: s3cret: x\n",
      inner + "primaryKey: 'AAEC' s3cret\n",
      inner + "primaryKey: AAEC\n      primaryKey: s3cret\n",
      group + "    attestation: s3cret\n",
      group + "    attestation: [s3cret]\n",
      group + "    attestation: {type: x509, signingCertificate: ca.pem, other: s3cret}\n",
      group + "    primaryKey: s3cret\n",
      flow + "{registrationId: a b, attestation: {type: symmetricKey, primaryKey: s3cret}}]\n",
      flow +
          "{registrationId: a, attestation: {type: x509, clientCertificate: no.pem}}, "
          "{registrationId: b, attestation: {type: symmetricKey, primaryKey: s3cret=}}]\n",
  };
  for (const std::string& text : texts) {
    CAPTURE(text);
    Diagnostics diagnostics;
    CHECK_FALSE(parse(text, diagnostics));
    CHECK(diagnostics.has_errors());
    for (const Diagnostic& d : diagnostics.all()) {
      CHECK(render(d).find("s3cret") == std::string::npos);
      CHECK(render(d).find("| \n") == std::string::npos);  // nothing that would be pointed at
    }
  }
}

TEST_CASE("enrollments: a file that cannot be read is named") {
  Diagnostics diagnostics;
  CHECK_FALSE(load_enrollments("/no/such/file.yaml", diagnostics));
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(diagnostics.all()[0].file == "/no/such/file.yaml");
  CHECK(diagnostics.all()[0].code == "unreadable-file");
}

TEST_CASE("enrollments: files of certificates are beside that of the enrollments") {
  const test::TemporaryFolder folder;
  const std::string pem = Identity::authority("contoso").certificate();
  folder.write("ca.pem", pem);
  const auto group = [](const std::string& certificate) {
    return kHead + ("enrollmentGroups:\n  - enrollmentGroupId: g\n    attestation: {type: x509, "
                    "signingCertificate: " +
                    certificate + "}\n");
  };
  Diagnostics diagnostics;
  for (const std::string& name : {std::string("ca.pem"), folder.path() + "/ca.pem"}) {
    CAPTURE(name);
    const auto all = load_enrollments(folder.write("e.yaml", group(name)), diagnostics);
    REQUIRE(all);
    CHECK(std::get<X509Certificate>(all->groups.at(0).attestation).pem == pem);
    CHECK(all->file->text() == group(name));
  }
  CHECK_FALSE(load_enrollments(folder.write("e.yaml", group(".")), diagnostics));
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(diagnostics.all()[0].message == "cannot read `.`: not a regular file");
}
