// Any text as a rule file: clean diagnostics, or rules that decide and never name a hub that is
// not linked.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rulefile/load_rules.h"
#include "webhook/answer.h"

namespace {

const char* const kBodies[] = {
    R"({"deviceRuntimeContext":{"registrationId":"breakroom499-contoso-tstrsd-007","symmetricKey":{},"payload":{"a":"v2","n":12,"m":{"x":[1,{"y":null}]},"region":"eu-1","ok":true,"flag":"true","o":{}}},"linkedHubs":["contoso-toasters-hub-1098.azure-devices.net","us-1.h"]})",
    R"({"enrollmentGroup":{"enrollmentGroupId":"g"},"deviceRuntimeContext":{"registrationId":"oslo-t100-r2","currentIotHubHostName":"eu-1.h","x509":{}},"linkedHubs":["EU-1.h","us-1.h","hub-oslo"]})",
    R"({"deviceRuntimeContext":{"registrationId":"","payload":"text"},"linkedHubs":[]})"};

void expect(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace allocd;
  std::vector<std::unique_ptr<SourceFile>> files;
  files.push_back(std::make_unique<SourceFile>(
      "rules.yaml", "rules.yaml", std::string(reinterpret_cast<const char*>(data), size)));
  std::vector<std::unique_ptr<SourceFile>> tables;
  for (const auto& [name, text] : {std::pair("t.csv", "id,a\noslo-t100-r2,1\nb,\n"),
                                   std::pair("t.yaml", "{v2: {a: [1]}, g: text, 12: {}}")})
    tables.push_back(std::make_unique<SourceFile>(name, name, text));
  const LoadedRules loaded = load_rules_from(files, {}, tables);
  expect((loaded.rules == nullptr) == loaded.diagnostics.has_errors());
  for (const Diagnostic& d : loaded.diagnostics.sorted()) expect(!render(d).empty());
  if (!loaded.rules) return 0;
  for (const char* body : kBodies) {
    Trace trace;
    const Answer watched = answer(*loaded.rules, body, Moment(), &trace);
    const Answer given = answer(*loaded.rules, body, Moment());
    expect(watched.reply.body == given.reply.body && watched.reply.status == given.reply.status);
    if (given.decision.outcome != Outcome::Allocate) continue;
    const auto hubs = Json::parse(body).at("linkedHubs").get<std::vector<std::string>>();
    expect(std::find(hubs.begin(), hubs.end(), given.decision.hub) != hubs.end());
  }
  return 0;
}
