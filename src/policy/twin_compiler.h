// Initial twins and payloads as written in, templates that can be filled in out.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "diagnostics/diagnostic.h"
#include "policy/allocation.h"
#include "policy/rule_spec.h"

namespace allocd {

// Serves one rule set, whose named templates it knows. `spec` and the others must outlive it.
class TwinCompiler {
 public:
  // Reports names that stand twice [duplicate-template], and what IoT Hub would refuse in the
  // templates [twin-limit].
  TwinCompiler(const RuleSetSpec& spec, Diagnostics& diagnostics);

  // `twin` with the template that it names, the rule's own members laid over it. A mistake in a
  // template is reported once, however many rules use it.
  TwinTemplate compile(const TwinSpec& twin, const ReferenceScope& scope);

  // A map, or one `${..}` in its place [wrong-type].
  PayloadTemplate compile_payload(const LocatedValue& value, const ReferenceScope& scope);

  // Reports templates that no rule uses (warning [unused-template]).
  void finish();

 private:
  struct Named {
    const TemplateSpec* spec = nullptr;
    bool used = false;
  };

  TwinTemplate compile_sections(const TwinSpec& twin, const ReferenceScope& scope,
                                Diagnostics& diagnostics);
  void check_limits(const TwinSpec& twin);

  const RuleSetSpec& spec_;
  Diagnostics& diagnostics_;
  std::map<std::string, Named, std::less<>> templates_;
  // Places and codes of what was reported about templates.
  std::set<std::tuple<std::string, int, int, std::string>> reported_;
};

}  // namespace allocd
