// Devices that show a certificate: who is believed, what is said to the others, and that nothing a
// device could show does harm.
#include "simulator/device_certificate.h"

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <openssl/err.h>

#include "diagnostics/utf8.h"
#include "policy/base64.h"
#include "support/certificates.h"

using namespace allocd;
using test::authority_terms;
using test::CertificateTerms;
using test::Identity;

namespace {

std::chrono::system_clock::time_point in_days(int days) {
  return std::chrono::system_clock::now() + std::chrono::hours(24) * days;
}

std::string pem_of(const std::string& der) {
  return "-----BEGIN CERTIFICATE-----\n" + to_base64(der) + "\n-----END CERTIFICATE-----\n";
}

std::string date(const Identity& identity, const char* which) {
  return certificate_info(identity.der()).value()[which].get<std::string>();
}

CertificateTerms called(const std::string& name) { return {.names = {name}}; }

// An authority whose `basicConstraints` and `keyUsage` are these.
CertificateTerms authority_with(const std::string& name, const std::string& basic_constraints,
                                const std::string& key_usage = "") {
  CertificateTerms terms = authority_terms(name);
  terms.basic_constraints = basic_constraints;
  terms.key_usage = key_usage;
  return terms;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("device certificates: what the service tells of one") {
  const std::string der = *from_base64(test::kSampleCertificate);
  CHECK(
      certificate_info(der).value() ==
      Json{{"subjectName",
            "serialNumber=SN-42, CN=toaster-007, CN=old-name, OU=Line 7, OU=Plant 3, "
            "O=Contoso Geräte, DC=example, DC=contoso, L=Köln, ST=Hessen, C=DE"},
           {"sha1Thumbprint", "3089E324B14A99DB57F0EC9819D5FD6FCDE7F561"},
           {"sha256Thumbprint", "C8E61A6F0379E819515E854D03A665F003B99902E87589CCB5FAEBEA1CE6D517"},
           {"issuerName", "CN=Contoso Toasters CA, OU=Devices, O=Contoso"},
           {"notBeforeUtc", "2026-11-23T16:46:34Z"},
           {"notAfterUtc", "2059-10-01T16:46:34Z"},
           {"serialNumber", "0F00A1"},
           {"version", 3}});

  const std::string commas = Identity::authority("a, b+c\n").der();
  CHECK(certificate_info(commas).value()["subjectName"] == "CN=a\\, b\\+c\\0A");
  const std::string nobody = Identity::self_signed({}).der();
  CHECK(certificate_info(nobody).value()["subjectName"] == "");
  const std::string version("\xA0\x03\x02\x01\x02", 5);
  const auto version_of = [&](char in_der) {
    return certificate_info(replaced(der, version, version.substr(0, 4) + in_der))
        .value()["version"];
  };
  CHECK(version_of('\x00') == 1);
  CHECK(version_of('\x01') == 2);
  CHECK(version_of('\x7F') == 3);
  CHECK(version_of('\xFF') == 1);
  CHECK(certificate_info(replaced(der, "261123164634Z", "269923164634Z")).value()["notBeforeUtc"] ==
        "");
  for (const std::string& broken :
       {std::string(), std::string("x"), der + "x", der.substr(1), pem_of(der)})
    CHECK_FALSE(certificate_info(broken));
}

TEST_CASE("device certificates: the first one of a PEM text") {
  const std::string first = Identity::authority("first").der();
  const std::string second = Identity::authority("second").der();
  const std::string empty = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
  struct Case {
    const char* name;
    std::string pem, der;
  };
  const Case cases[] = {
      {"one", pem_of(first), first},
      {"two", pem_of(first) + pem_of(second), first},
      {"behind a text and a key", "Bag\n" + Identity::authority("x").key() + pem_of(first), first},
      {"nothing", "", ""},
      {"base64 without lines around it", to_base64(first), ""},
      {"DER", first, ""},
      {"an empty one in front", empty + pem_of(second), ""},
      {"a byte behind it", pem_of(first + "x"), ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(pem_certificate_der(c.pem) == c.der);
  }
}

TEST_CASE("device certificates: who may sign others") {
  struct Case {
    const char* name;
    std::string basic_constraints, key_usage;
    bool may;
  };
  const Case cases[] = {
      {"an authority", "critical,CA:TRUE", "", true},
      {"that says so with less weight", "CA:TRUE", "", true},
      {"that says for what", "critical,CA:TRUE", "keyCertSign,cRLSign", true},
      {"a device", "CA:FALSE", "", false},
      {"a device that would like to", "CA:FALSE", "keyCertSign", false},
      {"an authority for other things", "critical,CA:TRUE", "cRLSign", false},
      {"nothing is said", "", "", false},
      {"of old times", "", "keyCertSign", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(is_authority(
              Identity::self_signed(authority_with("x", c.basic_constraints, c.key_usage)).der()) ==
          c.may);
  }
  CHECK_FALSE(is_authority(""));
  CHECK_FALSE(is_authority("no certificate"));
}

TEST_CASE("device certificates: the very one that is enrolled") {
  const Identity device = Identity::self_signed(called("lab-1"));
  const Identity twin = Identity::self_signed(called("lab-1"));
  const Identity renewed = device.certified_by(device, called("lab-1"));
  const Identity nameless = Identity::self_signed({});
  const Identity renamed = Identity::self_signed({.names = {"old", "LAB-1"}});
  const Identity deceitful = Identity::self_signed(called(std::string("lab-1\0.evil", 11)));
  struct Case {
    const char* name;
    CertificateChain shown;
    std::string enrolled;
    int day;
    std::string why_not;
  };
  const Case cases[] = {
      {"itself", {device.der()}, device.certificate(), 0, ""},
      {"with others behind it", {device.der(), twin.der(), "x"}, device.certificate(), 0, ""},
      {"others behind it in the file",
       {device.der()},
       device.certificate() + twin.certificate(),
       0,
       ""},
      {"the last of its names counts, in any case", {renamed.der()}, renamed.certificate(), 0, ""},
      {"nothing shown", {}, device.certificate(), 0, "is missing"},
      {"something else shown", {"x"}, device.certificate(), 0, "cannot be read"},
      {"empty bytes shown", {""}, "", 0, "cannot be read"},
      {"bytes behind it", {device.der() + "x"}, device.certificate(), 0, "cannot be read"},
      {"another of that name",
       {twin.der()},
       device.certificate(),
       0,
       "is not the one that is enrolled"},
      {"another with that key",
       {renewed.der()},
       device.certificate(),
       0,
       "is not the one that is enrolled"},
      {"behind another",
       {twin.der(), device.der()},
       device.certificate(),
       0,
       "is not the one that is enrolled"},
      {"second in the file",
       {device.der()},
       twin.certificate() + device.certificate(),
       0,
       "is not the one that is enrolled"},
      {"nothing enrolled", {device.der()}, "", 0, "is not the one that is enrolled"},
      {"too late",
       {device.der()},
       device.certificate(),
       31,
       "expired on " + date(device, "notAfterUtc")},
      {"too early",
       {device.der()},
       device.certificate(),
       -2,
       "is not valid before " + date(device, "notBeforeUtc")},
      {"without a name",
       {nameless.der()},
       nameless.certificate(),
       0,
       "has no common name (CN), not the registration ID `lab-1`"},
      {"with a zero in its name",
       {deceitful.der()},
       deceitful.certificate(),
       0,
       "has the common name `lab-1\\x00.evil`, not the registration ID `lab-1`"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(why_not_same(c.shown, c.enrolled, "lab-1", in_days(c.day)).value_or("") == c.why_not);
  }
  CHECK(why_not_same({device.der()}, device.certificate(), "lab-2", in_days(0)) ==
        "has the common name `lab-1`, not the registration ID `lab-2`");
  const std::string timeless =
      replaced(*from_base64(test::kSampleCertificate), "261123164634Z", "269923164634Z");
  CHECK(why_not_same({timeless}, pem_of(timeless), "toaster-007", in_days(0)) ==
        "has dates that cannot be read");
  CHECK(why_not_called(renamed.der(), "lab-1") == std::nullopt);
  CHECK(why_not_called(renamed.der(), "old") ==
        "has the common name `LAB-1`, not the registration ID `old`");
  CHECK(why_not_called("x", "lab-1") == "cannot be read");
}

TEST_CASE("device certificates: a chain leads to the group's") {
  CertificateTerms long_lived = authority_terms("root");
  long_lived.first_day = -100;
  long_lived.last_day = 100;
  const Identity root = Identity::self_signed(long_lived);
  const Identity middle = root.issue_authority("middle");
  const Identity low = middle.issue_authority("low");
  const Identity device = low.issue(called("dev-1"));
  const Identity of_root = root.issue(called("dev-1"));
  const std::string own = device.der();

  const Identity stranger = Identity::authority("stranger");
  const Identity false_root = Identity::authority("root");
  const Identity false_low = stranger.issue_authority("low");
  const Identity neighbour = root.issue(called("dev-7"));
  const Identity of_neighbour = neighbour.issue(called("dev-1"));

  CertificateTerms over = authority_terms("over");
  over.first_day = -20;
  over.last_day = -10;
  const Identity old = root.issue(over);
  const Identity of_old = old.issue(called("dev-1"));
  CertificateTerms later = authority_terms("later");
  later.first_day = 10;
  const Identity young = root.issue(later);
  const Identity of_young = young.issue(called("dev-1"));

  const Identity short_root = Identity::self_signed(
      authority_with("short root", "critical,CA:TRUE,pathlen:0", "keyCertSign"));
  const Identity too_deep = short_root.issue_authority("too deep");
  const Identity of_too_deep = too_deep.issue(called("dev-1"));
  const Identity deep_enough = short_root.issue(called("dev-1"));

  const Identity no_signer = root.issue(authority_with("no signer", "CA:TRUE", "cRLSign"));
  const Identity of_no_signer = no_signer.issue(called("dev-1"));
  const Identity old_habits = root.issue(authority_with("old habits", "", "keyCertSign"));
  const Identity of_old_habits = old_habits.issue(called("dev-1"));
  const Identity plain_root = Identity::self_signed(authority_with("plain", "", ""));
  const Identity of_plain = plain_root.issue(called("dev-1"));

  const Identity for_clients =
      root.issue(CertificateTerms{.names = {"dev-1"},
                                  .key_usage = "critical,digitalSignature",
                                  .extended_key_usage = "serverAuth,clientAuth"});
  const Identity for_servers =
      root.issue(CertificateTerms{.names = {"dev-1"}, .extended_key_usage = "serverAuth"});
  const Identity for_keys =
      root.issue(CertificateTerms{.names = {"dev-1"}, .key_usage = "critical,keyEncipherment"});
  const Identity strange =
      root.issue(CertificateTerms{.names = {"dev-1"}, .extended_key_usage = "critical,1.2.3.4"});

  // Two that vouch for each other, and for the device.
  const Identity one = Identity::authority("one");
  const Identity two = one.issue_authority("two");
  const Identity one_again = one.certified_by(two, authority_terms("one"));
  const Identity of_two = two.issue(called("dev-1"));

  const std::string not_signing =
      "is not allowed to sign certificates (basicConstraints CA, keyUsage keyCertSign)";
  struct Case {
    const char* name;
    CertificateChain shown;
    const Identity* signer;
    std::string why_not;
    int day = 0;
  };
  const Case cases[] = {
      {"signed by the group's", {of_root.der()}, &root, ""},
      {"by one that came along", {own, low.der()}, &middle, ""},
      {"by one, not the nearest to the root", {own, low.der(), middle.der()}, &root, ""},
      {"in any order, the root among them", {own, root.der(), middle.der(), low.der()}, &root, ""},
      {"the group's is not the root", {own}, &low, ""},
      {"the root came along all the same", {own, low.der(), middle.der(), root.der()}, &middle, ""},
      {"useless ones in between", {own, stranger.der(), false_low.der(), low.der()}, &low, ""},
      {"as deep as allowed", {deep_enough.der()}, &short_root, ""},
      {"for clients and servers", {for_clients.der()}, &root, ""},
      {"around a ring to the group's", {of_two.der(), two.der(), one_again.der()}, &one, ""},

      {"nothing shown", {}, &root, "is missing"},
      {"something else shown", {"x", root.der()}, &root, "cannot be read"},
      {"bytes behind it", {of_root.der() + std::string(1, '\0')}, &root, "cannot be read"},
      {"something came along",
       {of_root.der(), "x"},
       &root,
       "came along with one that cannot be read"},
      {"the one in the middle is missing",
       {own},
       &root,
       "is signed by `CN=low`, whose certificate is neither the group's, `CN=root`, nor among "
       "those that came along"},
      {"one further up is missing",
       {own, low.der()},
       &root,
       "has `CN=low` above it, which is signed by `CN=middle`, whose certificate is neither the "
       "group's, `CN=root`, nor among those that came along"},
      {"of another group",
       {own, low.der(), middle.der()},
       &stranger,
       "has `CN=middle` above it, which is signed by `CN=root`, whose certificate is neither the "
       "group's, `CN=stranger`, nor among those that came along"},
      {"of another group, with its root",
       {own, low.der(), middle.der(), root.der()},
       &stranger,
       "has `CN=root` above it, which is signed by itself, not by way of the group's "
       "`CN=stranger`"},
      {"signed by itself",
       {Identity::self_signed(called("dev-1")).der()},
       &root,
       "is signed by itself, not by way of the group's `CN=root`"},
      {"the group's has that name, and another key",
       {of_root.der()},
       &false_root,
       "is signed with another key than that of the group's `CN=root`"},
      {"one in between has that name, and another key",
       {own, false_low.der()},
       &stranger,
       "is signed with another key than that of `CN=low`"},
      {"the group's itself", {root.der()}, &root, "is that of the group, not one that it signed"},
      {"the group's itself, no root",
       {low.der(), middle.der()},
       &low,
       "is that of the group, not one that it signed"},
      {"around a ring that the group's is no part of",
       {of_two.der(), two.der(), one_again.der()},
       &root,
       "has `CN=one` above it, which is signed by `CN=two`, whose certificate is neither the "
       "group's, `CN=root`, nor among those that came along"},

      {"too late", {of_root.der()}, &root, "expired on " + date(of_root, "notAfterUtc"), 31},
      {"too early",
       {of_root.der()},
       &root,
       "is not valid before " + date(of_root, "notBeforeUtc"),
       -2},
      {"an authority expired",
       {of_old.der(), old.der()},
       &root,
       "has `CN=over` above it, which expired on " + date(old, "notAfterUtc")},
      {"an authority is not valid yet",
       {of_young.der(), young.der()},
       &root,
       "has `CN=later` above it, which is not valid before " + date(young, "notBeforeUtc")},
      {"the group's expired",
       {of_old.der()},
       &old,
       "has `CN=over` above it, which expired on " + date(old, "notAfterUtc")},

      {"signed by a device",
       {of_neighbour.der(), neighbour.der()},
       &root,
       "has `CN=dev-7` above it, which " + not_signing},
      {"signed by what signs other things",
       {of_no_signer.der(), no_signer.der()},
       &root,
       "has `CN=no signer` above it, which " + not_signing},
      {"signed with keyUsage alone",
       {of_old_habits.der(), old_habits.der()},
       &root,
       "has `CN=old habits` above it, which " + not_signing},
      {"the group's signs with keyUsage alone",
       {of_old_habits.der()},
       &old_habits,
       "has `CN=old habits` above it, which " + not_signing},
      {"the group's may not sign",
       {of_plain.der()},
       &plain_root,
       "has `CN=plain` above it, which " + not_signing},
      {"deeper than allowed",
       {of_too_deep.der(), too_deep.der()},
       &short_root,
       "has `CN=short root` above it, which allows fewer authorities below it "
       "(pathLenConstraint)"},
      {"for servers only",
       {for_servers.der()},
       &root,
       "is not for TLS clients (extendedKeyUsage, keyUsage)"},
      {"not for signatures",
       {for_keys.der()},
       &root,
       "is not for TLS clients (extendedKeyUsage, keyUsage)"},
      {"for something unheard of",
       {strange.der()},
       &root,
       "is not for TLS clients (extendedKeyUsage, keyUsage)"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(why_not_signed(c.shown, c.signer->certificate(), "DEV-1", in_days(c.day)).value_or("") ==
          c.why_not);
    CHECK(ERR_peek_error() == 0);
  }
  CHECK(why_not_signed({of_root.der()}, "", "dev-1", in_days(0)) ==
        "cannot be checked: that of the group cannot be read");
  CHECK(why_not_signed({of_root.der()}, root.certificate(), "dev-2", in_days(0)) ==
        "has the common name `dev-1`, not the registration ID `dev-2`");
  const std::string deceitful = root.issue(called(std::string("dev-1\0.evil", 11))).der();
  CHECK(why_not_signed({deceitful}, root.certificate(), "dev-1", in_days(0)) ==
        "has the common name `dev-1\\x00.evil`, not the registration ID `dev-1`");
}

TEST_CASE("device certificates: a signature that was tampered with") {
  const Identity root = Identity::authority("root");
  std::string der = root.issue(called("dev-1")).der();
  der = replaced(der, "dev-1", "dev-2");
  CHECK(why_not_signed({der}, root.certificate(), "dev-2", in_days(0)) ==
        "is signed with another key than that of the group's `CN=root`");
}

TEST_CASE("device certificates: chains of fifty") {
  const Identity root = Identity::authority("root");
  std::vector<Identity> line = {root};
  for (int i = 1; i < 50; ++i) line.push_back(line.back().issue_authority("a" + std::to_string(i)));
  const Identity device = line.back().issue(called("dev-1"));
  CertificateChain shown = {device.der()};
  for (const Identity& one : line) shown.push_back(one.der());
  CHECK(why_not_signed(shown, root.certificate(), "dev-1", in_days(0)) == std::nullopt);
  shown.erase(shown.begin() + 25);
  CHECK(why_not_signed(shown, root.certificate(), "dev-1", in_days(0)) ==
        "has `CN=a25` above it, which is signed by `CN=a24`, whose certificate is neither the "
        "group's, `CN=root`, nor among those that came along");
}

TEST_CASE("device certificates: 1,000 broken chains do no harm") {
  const Identity root = Identity::authority("root");
  const Identity middle = root.issue_authority("middle");
  const Identity device = middle.issue(CertificateTerms{.names = {"dev-1"},
                                                        .key_usage = "critical,digitalSignature",
                                                        .extended_key_usage = "clientAuth"});
  const CertificateChain good = {device.der(), middle.der()};
  REQUIRE_FALSE(why_not_signed(good, root.certificate(), "dev-1", in_days(0)));
  std::mt19937 random(1);
  const auto below = [&random](std::size_t n) {
    return static_cast<std::size_t>(std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random));
  };
  const auto broken = [&](std::string der) {
    for (std::size_t flips = 1 + below(4); flips > 0; --flips) {
      char& c = der[below(der.size())];
      c = static_cast<char>(c ^ (1 << below(8)));
    }
    if (below(8) == 0) der.resize(below(der.size()));
    if (below(8) == 0) der.insert(below(der.size()), 1 + below(9), '\xFF');
    return der;
  };
  int readable = 0;
  for (int i = 0; i < 1'000; ++i) {
    CertificateChain shown = good;
    std::string signer = root.der();
    std::string& victim = i % 3 == 2 ? signer : shown[static_cast<std::size_t>(i % 3)];
    const std::string before = victim;
    while (victim == before) victim = broken(before);  // a bit may be turned twice
    const auto why_not = why_not_signed(shown, pem_of(signer), "dev-1", in_days(0));
    // A root is trusted as it is: nobody looks at its own signature.
    if (i % 3 != 2) CHECK(why_not);
    if (why_not) CHECK(first_invalid_utf8(*why_not) == std::string_view::npos);
    (void)why_not_same({victim}, pem_of(victim), "dev-1", in_days(0));
    (void)is_authority(victim);
    if (const auto info = certificate_info(victim)) {
      ++readable;
      CHECK_NOTHROW(info->dump());
    }
  }
  CHECK(ERR_peek_error() == 0);
  // Both kinds came up, often.
  CHECK(readable > 100);
  CHECK(readable < 900);
}
