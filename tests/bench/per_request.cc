// Counts what one request takes, where a clock would be too coarse: NAME COUNT answers that request
// COUNT times and prints the heap allocations of one; `tests/bench/instructions` counts the rest.
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "rulefile/load_rules.h"
#include "webhook/answer.h"

namespace {

std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace allocd;

// A twin and a payload that have to be filled in.
constexpr const char* kTemplated = R"yaml(
rules:
  - name: templated
    match: {registrationId: {matches: "(?P<site>[a-z]+[0-9]+)-contoso-(?P<model>.+)"}}
    allocate:
      hub: "*-toasters-*"
      initialTwin:
        tags: {deviceType: toaster, site: "${site}", model: "${model|upper}"}
        properties:
          desired:
            state: ready
            firmware: "${payload.MyDeviceFirmwareVersion:-unknown}"
            darknessSetting: medium
            telemetry: {hub: "${hubName}", retries: "${payload.retries:-3|int}"}
      payload: {assigned: "${hub}", limits: {perMinute: 60, burst: [5, 10, 20]}}
)yaml";

RuleSet rules_of(std::string_view name) {
  if (name == "literal")
    return *load_rules({std::string(ALLOCD_SOURCE_DIR) + "/rules/contoso"}).rules;
  std::vector<std::unique_ptr<SourceFile>> files;
  files.push_back(std::make_unique<SourceFile>("templated.yaml", "templated.yaml", kTemplated));
  return *load_rules_from(files).rules;
}

std::string request_body() {
  std::ifstream file(std::string(ALLOCD_SOURCE_DIR) + "/rules/contoso/request.json",
                     std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view name = argc == 3 ? argv[1] : "";
  const std::string_view number = argc == 3 ? argv[2] : "";
  std::size_t count = 0;
  std::from_chars(number.data(), number.data() + number.size(), count);
  if ((name != "literal" && name != "templated") || count == 0) {
    std::fputs("usage: allocd_per_request literal|templated COUNT\n", stderr);
    return 2;
  }
  const RuleSet rules = rules_of(name);
  const std::string body = request_body();
  // The first one fetches what stays: buffers of the thread, automata of regular expressions.
  bool allocated = answer(rules, body, Moment()).reply.status == 200;
  const std::size_t before = allocations;
  for (std::size_t i = 0; i < count; ++i)
    allocated = answer(rules, body, Moment()).reply.status == 200 && allocated;
  std::printf("%.2f\n", static_cast<double>(allocations - before) / static_cast<double>(count));
  return allocated ? 0 : 1;
}
