// Any bytes as a rule file: parsing ends, every message about them can be shown, and what the
// reader of simple YAML takes, the general parser reads alike.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "diagnostics/diagnostic.h"
#include "diagnostics/source_file.h"
#include "rulefile/yaml_tree.h"

namespace {

// Every range lies in the file, so that whoever reads one is safe.
void check(const allocd::LocatedValue& value, std::size_t size) {
  if (value.range.file == nullptr || value.range.begin > value.range.end || value.range.end > size)
    std::abort();
  if (value.is_list())
    for (const auto& item : value.list()) check(item, size);
  if (value.is_map()) {
    for (const auto& member : value.map()) {
      if (member.key.range.end > size || member.key.range.begin > member.key.range.end)
        std::abort();
      check(member.value, size);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const allocd::SourceFile file("fuzz.yaml", "fuzz.yaml",
                                std::string(reinterpret_cast<const char*>(data), size));
  allocd::Diagnostics diagnostics;
  const auto tree = allocd::parse_yaml(file, diagnostics);
  if (!tree && !diagnostics.has_errors()) std::abort();
  if (tree) {
    check(*tree, file.text().size());
    const std::string json = tree->json().dump();
    if (diagnostics.all().empty()) {
      allocd::Diagnostics found;
      const auto full = allocd::parse_full_yaml(file, found);
      if (!full || full->json().dump() != json || !found.all().empty()) std::abort();
    }
  }
  for (const allocd::Diagnostic& d : diagnostics.sorted()) (void)allocd::render(d);
  return 0;
}
