// Any text as a file of enrollments: those who may register, each complete, or mistakes that can
// be shown; and any text as the file of a certificate.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <variant>

#include "analysis/id_alphabet.h"
#include "diagnostics/diagnostic.h"
#include "policy/letter_case.h"
#include "simulator/device_certificate.h"
#include "simulator/enrollments.h"

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

void expect_complete(const std::vector<allocd::Enrollment>& enrollments, bool are_groups) {
  using namespace allocd;
  std::set<std::string> ids;
  for (const Enrollment& one : enrollments) {
    expect(one.is_group == are_groups);
    expect(is_valid_id(one.id) && ids.insert(lower(one.id)).second);
    expect(one.place.file != nullptr);
    if (const auto* keys = std::get_if<SymmetricKeys>(&one.attestation))
      expect(!keys->primary.empty());
    else
      expect(!pem_certificate_der(std::get<X509Certificate>(one.attestation).pem).empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace allocd;
  const std::string text(reinterpret_cast<const char*>(data), size);
  // A name that ends in `.pem` is that of a file like the one that is read.
  const auto read = [&](const std::string& path, std::string& why) -> std::optional<std::string> {
    if (path.ends_with(".pem")) return text;
    why = "no such file";
    return std::nullopt;
  };
  Diagnostics diagnostics;
  const auto all =
      parse_enrollments(std::make_shared<SourceFile>("e.yaml", "e.yaml", text), read, diagnostics);
  expect(all.has_value() != diagnostics.has_errors());
  for (const Diagnostic& d : diagnostics.sorted()) expect(!render(d).empty());
  if (!all) return 0;
  expect(!all->id_scope.empty() && !all->linked_hubs.empty());
  expect_complete(all->groups, true);
  expect_complete(all->individuals, false);
  return 0;
}
