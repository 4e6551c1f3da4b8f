#include "simulator/without_keys.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "policy/letter_case.h"

namespace allocd {
namespace {

using Lines = std::set<int>;

void add_all(const LocatedValue& value, const SourceFile& file, Lines& lines) {
  const int last = file.position(value.range.end).line;
  for (int line = file.position(value.range.begin).line; line <= last; ++line) lines.insert(line);
  if (value.is_list())
    for (const LocatedValue& item : value.list()) add_all(item, file, lines);
  if (value.is_map())
    for (const LocatedMember& member : value.map()) add_all(member.value, file, lines);
}

// A key may be there under any name: it may be misspelled.
bool is_by_certificate(const LocatedValue& attestation) {
  const auto is_harmless = [](const LocatedMember& member) {
    const std::string& name = member.key.value;
    return name == "type" || name == "signingCertificate" || name == "clientCertificate";
  };
  return attestation.is_map() &&
         std::all_of(attestation.map().begin(), attestation.map().end(), is_harmless);
}

void add_attestations(const LocatedValue& value, const SourceFile& file, Lines& lines) {
  if (value.is_list())
    for (const LocatedValue& item : value.list()) add_attestations(item, file, lines);
  if (!value.is_map()) return;
  for (const LocatedMember& member : value.map()) {
    if (member.key.value != "attestation")
      add_attestations(member.value, file, lines);
    else if (!is_by_certificate(member.value))
      add_all(member.value, file, lines);
  }
}

bool speaks_of_keys(std::string_view line) { return lower(line).find("key") != std::string::npos; }

}  // namespace

Diagnostics without_keys(const Diagnostics& found, const SourceFile& file,
                         const LocatedValue* tree) {
  Lines hidden;
  if (tree != nullptr) add_attestations(*tree, file, hidden);
  Diagnostics out;
  for (Diagnostic mistake : found.all()) {
    if (hidden.contains(mistake.line) || speaks_of_keys(file.line(mistake.line))) {
      mistake.snippet.clear();
      if (tree == nullptr) {  // messages about broken YAML quote it
        mistake.message = "broken YAML; what may be a key is not shown";
        mistake.help.clear();
      }
    }
    out.add(std::move(mistake));
  }
  return out;
}

}  // namespace allocd
