// What rules see of a certificate, and that nothing a device could send does harm.
#include "policy/certificate.h"

#include <map>
#include <random>
#include <string>

#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "diagnostics/utf8.h"
#include "support/certificates.h"

namespace allocd {
namespace {

std::string value_of(const Certificate& certificate, std::string_view name) {
  return certificate.value(certificate_field(name).value()).value_or("(absent)");
}

std::string base64(const std::string& bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string from_base64(const std::string& text) {
  std::string out(text.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  REQUIRE(size > 0);
  const std::size_t padding = text.size() - text.find_last_not_of('=') - 1;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

// Everything that can be asked of it; the number of values.
int ask_everything(const Certificate& certificate) {
  int values = 0;
  for (std::size_t i = 0; i < certificate_fields().size(); ++i) {
    const auto value = certificate.value(i);
    values += value.has_value();
    if (value) CHECK(first_invalid_utf8(*value) == std::string_view::npos);
  }
  return values;
}

}  // namespace

TEST_CASE("certificate: the fields are what `openssl x509` says") {
  const std::map<std::string_view, std::string> expected = {
      {"subject.CN", "toaster-007"},  // the last of two
      {"subject.O", "Contoso Geräte"},
      {"subject.OU", "Line 7"},
      {"subject.C", "DE"},
      {"subject.ST", "Hessen"},
      {"subject.L", "Köln"},
      {"subject.DC", "example"},
      {"subject.serialNumber", "SN-42"},
      {"issuer.CN", "Contoso Toasters CA"},
      {"issuer.O", "Contoso"},
      {"issuer.OU", "Devices"},
      {"issuer.C", "(absent)"},
      {"issuer.ST", "(absent)"},
      {"issuer.L", "(absent)"},
      {"issuer.DC", "(absent)"},
      {"issuer.serialNumber", "(absent)"},
      {"serialNumber", "0F00A1"},
      {"sha1", "3089E324B14A99DB57F0EC9819D5FD6FCDE7F561"},
      {"sha256", "C8E61A6F0379E819515E854D03A665F003B99902E87589CCB5FAEBEA1CE6D517"},
      {"notBefore", "2026-11-23T16:46:34Z"},
      {"notAfter", "2059-10-01T16:46:34Z"},
  };
  const auto certificate = Certificate::parse(test::kSampleCertificate);
  REQUIRE(certificate);
  CHECK(expected.size() == certificate_fields().size());
  for (const std::string_view name : certificate_fields()) {
    CAPTURE(name);
    CHECK(value_of(*certificate, name) == expected.at(name));
  }
  CHECK_FALSE(certificate_field("subject.cn"));
  CHECK_FALSE(certificate_field("subject"));
  CHECK_FALSE(certificate_field(""));
}

TEST_CASE("certificate: base64 of DER, or PEM, and nothing else") {
  const std::string plain = test::kSampleCertificate;
  const std::string der = from_base64(plain);
  std::string lines;
  for (std::size_t i = 0; i < plain.size(); i += 64) lines += plain.substr(i, 64) + "\r\n";
  const std::string pem =
      "-----BEGIN CERTIFICATE-----\r\n" + lines + "-----END CERTIFICATE-----\r\n";
  const std::string other = test::Identity::authority("another").certificate();
  struct Case {
    const char* name;
    std::string text;
    bool is_certificate;
  };
  const Case cases[] = {
      {"base64", plain, true},
      {"base64 in lines", lines, true},
      {"PEM", pem, true},
      {"PEM with a text in front", "subject=toaster-007\n" + pem, true},
      {"two of PEM", pem + other, true},
      {"PEM without its end", "-----BEGIN CERTIFICATE-----\n" + lines, true},
      {"empty", "", false},
      {"blank", "  \n", false},
      {"no padding", plain.substr(0, plain.find('=')), false},
      {"padding inside", "====" + plain, false},
      {"URL-safe letters", replaced(plain, "/", "_"), false},
      {"DER as it is", der, false},
      {"bytes behind", base64(der + "x"), false},
      {"cut", base64(der.substr(0, der.size() - 1)), false},
      {"a key", base64(test::Identity::authority("a").key()), false},
      {"PEM of a key", test::Identity::authority("a").key(), false},
      {"empty PEM", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", false},
      {"encrypted PEM", replaced(pem, "\r\n", "\r\nProc-Type: 4,ENCRYPTED\r\n\r\n"), false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto certificate = Certificate::parse(c.text);
    CHECK(certificate.has_value() == c.is_certificate);
    if (certificate) CHECK(value_of(*certificate, "serialNumber") == "0F00A1");
    // A TLS connection of the same thread would take an error for its own.
    CHECK(ERR_peek_error() == 0);
  }
}

TEST_CASE("certificate: a negative serial number is written as OpenSSL does") {
  std::string der = from_base64(test::kSampleCertificate);
  der =
      replaced(der, std::string("\x02\x03\x0F\x00\xA1", 5), std::string("\x02\x03\x8F\x00\xA1", 5));
  const auto certificate = Certificate::parse(base64(der));
  REQUIRE(certificate);
  CHECK(value_of(*certificate, "serialNumber") == "-70FF5F");
}

TEST_CASE("certificate: names that are no text are refused, other forms of text are converted") {
  const std::string der = from_base64(test::kSampleCertificate);
  const std::string written("\x0C\x06Hessen", 8);
  struct Case {
    const char* name;
    std::string instead;
    std::string expected;
  };
  const Case cases[] = {
      {"UTF8String", written, "Hessen"},
      {"UTF8String with a stray byte", std::string("\x0C\x06Hess\xFFn", 8), "(none)"},
      {"T61String", std::string("\x14\x06H\xE4ssen", 8), "Hässen"},
      {"BMPString", std::string("\x1E\x06\x00H\x20\xAC\x00n", 8), "H€n"},
      {"BMPString with half a pair", std::string("\x1E\x06\x00H\xD8\x00\x00n", 8), "(none)"},
      {"BMPString of odd length", std::string("\x1E\x05\x00H\x20\xAC\x00", 7) + "n", "(none)"},
      {"zero inside", std::string("\x0C\x06He\0sen", 8), std::string("He\0sen", 6)},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto certificate = Certificate::parse(base64(replaced(der, written, c.instead)));
    CHECK((certificate ? value_of(*certificate, "subject.ST") : "(none)") == c.expected);
  }
}

TEST_CASE("certificate: 20,000 broken ones do no harm") {
  const std::string der = from_base64(test::kSampleCertificate);
  std::mt19937 random(1);
  const auto below = [&random](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  int parsed = 0;
  int values = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string broken = der;
    for (std::size_t flips = 1 + below(4); flips > 0; --flips) {
      char& c = broken[below(broken.size())];
      c = static_cast<char>(c ^ (1 << below(8)));
    }
    if (below(8) == 0) broken.resize(below(broken.size()));
    if (below(8) == 0) broken.insert(below(broken.size()), 1 + below(9), '\xFF');
    if (const auto certificate = Certificate::parse(base64(broken))) {
      ++parsed;
      values += ask_everything(*certificate);
    }
  }
  for (std::size_t size = 0; size < der.size(); ++size)
    CHECK_FALSE(Certificate::parse(base64(der.substr(0, size))));
  CHECK(ERR_peek_error() == 0);
  // Both kinds came up, often.
  CHECK(parsed > 2'000);
  CHECK(parsed < 18'000);
  CHECK(values > 20'000);
}

}  // namespace allocd
