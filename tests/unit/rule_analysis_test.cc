// Rules that can never decide, as the daemon's log tells of them.
#include "daemon/rule_analysis.h"

#include <condition_variable>
#include <mutex>
#include <signal.h>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "rulefile/load_rules.h"
#include "support/daemon.h"
#include "support/http_client.h"

using namespace allocd;
using namespace allocd::test;

namespace {

constexpr const char* kShadowed = R"(version: 1
rules:
  - {name: ovens, match: {registrationId: {startsWith: oven-}}, reject: no}
  - {name: lab-ovens, match: {registrationId: {startsWith: oven-lab-}}, reject: no}
)";
constexpr const char* kMended = R"(version: 1
rules:
  - {name: lab-ovens, match: {registrationId: {startsWith: oven-lab-}}, reject: no}
  - {name: ovens, match: {registrationId: {startsWith: oven-}}, reject: no}
)";

// Rules that take long to analyse: what the tenth letters from the end were is a lot to remember,
// and the first rule has to be held against all of it.
std::string slow_rules() {
  std::string out =
      "version: 1\nrules:\n  - {name: most, match: {registrationId: {matches: '.*[a-d]'}}, "
      "reject: no}\n";
  for (int i = 0; i < 300; ++i) {
    const std::string n = std::to_string(i);
    out += "  - {name: r" + n + ", match: {registrationId: {matches: 'r" + n +
           "-[a-d]*[ac][a-d]{10}', search: '-[a-d]*[ab][a-d]{10}$'}}, reject: no}\n";
  }
  return out;
}

std::shared_ptr<const RuleSet> rules_of(const std::string& text) {
  std::vector<std::unique_ptr<SourceFile>> files;
  files.push_back(std::make_unique<SourceFile>("r.yaml", "r.yaml", text));
  LoadedRules loaded = load_rules_from(files);
  REQUIRE(loaded.rules);
  return loaded.rules;
}

// What came of analyses, by their numbers of rules.
class Told {
 public:
  RuleAnalysis::Tell tell() {
    return [this](const AnalysedRules& analysed) {
      const std::lock_guard lock(mutex_);
      summaries_.push_back(summary_of(analysed));
      changed_.notify_all();
    };
  }
  bool wait_for(const std::string& part) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] {
      return !summaries_.empty() && summaries_.back().find(part) != std::string::npos;
    });
  }
  std::vector<std::string> summaries() {
    const std::lock_guard lock(mutex_);
    return summaries_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> summaries_;
};

}  // namespace

TEST_CASE("rule analysis: summed up in a line") {
  using Status = RuleReach::Status;
  const auto summary = [](const std::vector<Status>& statuses, std::size_t in_time) {
    AnalysedRules analysed;
    for (const Status status : statuses)
      analysed.reachability.rules.push_back(
          {.status = status, .registration_id = {}, .covered_by = {}, .why = {}});
    analysed.reachability.rules_in_time = in_time;
    analysed.took = std::chrono::milliseconds(17);
    return summary_of(analysed);
  };
  CHECK(summary({Status::Reachable, Status::Unreachable, Status::Reachable}, 3) ==
        "analysed 3 rules in 17 ms: 2 reachable, 1 unreachable, 0 not analysed");
  CHECK(summary({Status::Reachable, Status::NotAnalysed}, 2) ==
        "analysed 2 rules in 17 ms: 1 reachable, 0 unreachable, 1 not analysed; "
        "`allocd dry-run --witness` tells which and why");
  CHECK(summary({Status::Reachable, Status::NotAnalysed, Status::NotAnalysed}, 1) ==
        "analysed 3 rules in 17 ms: 1 reachable, 0 unreachable, 2 not analysed (time was up after "
        "1 rules); `allocd dry-run --witness` tells which and why");
}

TEST_SUITE("serve") {
  TEST_CASE("a rule that can never decide is warned of after the start, and until it is mended") {
    const TemporaryFolder folder;
    folder.write("ovens.yaml", kShadowed);
    Daemon daemon({"--rules", folder.path()});
    REQUIRE(daemon->output_with(
        " warning ovens.yaml:4: rule `lab-ovens` can never decide: every registration ID that it "
        "accepts is taken by `ovens` (ovens.yaml:3); rules are tried top-down: move it before what "
        "takes its devices, or remove it [unreachable-rule]\n"));
    REQUIRE(daemon->output_with(" ms: 1 reachable, 1 unreachable, 0 not analysed\n"));
    CHECK(daemon->output().find(" info analysed 2 rules in ") != std::string::npos);
    CHECK(ask(daemon.webhook, request_text("POST", "/allocate", kToaster))->status == 400);

    // Not in force, not analysed.
    daemon->forget_output();
    folder.write("ovens.yaml", "version: 1\nrules: [{name: a}]\n");
    daemon->send_signal(SIGHUP);
    REQUIRE(daemon->output_with("not reloaded"));
    folder.write("ovens.yaml", kMended);
    daemon->send_signal(SIGHUP);
    REQUIRE(daemon->output_with(" ms: 2 reachable, 0 unreachable, 0 not analysed\n"));
    CHECK(daemon->output().find("unreachable-rule") == std::string::npos);
    CHECK(daemon->output().find("analysed") == daemon->output().find("analysed 2 rules"));

    daemon->forget_output();
    folder.write("ovens.yaml", kShadowed);
    daemon->send_signal(SIGHUP);
    REQUIRE(daemon->output_with("1 unreachable, 0 not analysed\n"));
    CHECK(daemon->output().find("[unreachable-rule]") != std::string::npos);
    daemon->send_signal(SIGTERM);
    CHECK(daemon->exit_code() == 0);
  }

  TEST_CASE("neither an answer, a reload nor the end waits for an analysis") {
    const TemporaryFolder folder;
    folder.write("rules.yaml", slow_rules());
    const std::string config = folder.write("allocd.cfg", "log: {level: debug}\n");
    Daemon daemon({"--config", config, "--rules", folder.path() + "/rules.yaml"});
    REQUIRE(daemon->output_with("analysing 301 rules"));
    CHECK(ask(daemon.webhook, request_text("POST", "/allocate", kToaster))->status == 400);

    folder.write("rules.yaml", kMended);
    daemon->send_signal(SIGHUP);
    REQUIRE(daemon->output_with("analysed 2 rules", 5));
    folder.write("rules.yaml", slow_rules());
    daemon->forget_output();
    daemon->send_signal(SIGHUP);
    REQUIRE(daemon->output_with("analysing 301 rules"));
    daemon->send_signal(SIGTERM);
    CHECK(daemon->exit_code(5) == 0);
    CHECK(daemon->output().find("analysed 301") == std::string::npos);
  }
}

TEST_SUITE("threads: rule analysis") {
  TEST_CASE("a newer set is analysed in place of the one before") {
    const auto slow = rules_of(slow_rules());
    const auto small = rules_of(kShadowed);
    Told told;
    RuleAnalysis analysis(told.tell());
    for (int i = 0; i < 5; ++i) {
      analysis.look_at(slow);
      analysis.look_at(small);
    }
    CHECK(told.wait_for("1 reachable, 1 unreachable"));
    for (const std::string& summary : told.summaries())
      CHECK(summary.find("analysed 2 rules") == 0);
  }

  TEST_CASE("it ends whatever it is at, and what it looked at before is let go") {
    const auto slow = rules_of(slow_rules());
    const auto shadowed = rules_of(kShadowed);
    std::weak_ptr<const RuleSet> before;
    Told told;
    {
      RuleAnalysis analysis(told.tell());
      {
        const auto mended = rules_of(kMended);
        before = mended;
        analysis.look_at(mended);
        CHECK(told.wait_for("2 reachable"));
      }
      analysis.look_at(shadowed);
      CHECK(told.wait_for("1 unreachable"));
      CHECK(before.expired());
      analysis.look_at(slow);
    }
    CHECK(told.summaries().size() == 2);
  }

  TEST_CASE("sets come from several threads") {
    const auto shadowed = rules_of(kShadowed);
    const auto mended = rules_of(kMended);
    Told told;
    RuleAnalysis analysis(told.tell());
    std::vector<std::thread> threads;
    for (const auto& rules : {shadowed, mended})
      threads.emplace_back([&analysis, rules] {
        for (int i = 0; i < 100; ++i) analysis.look_at(rules);
      });
    for (std::thread& thread : threads) thread.join();
    analysis.look_at(shadowed);
    CHECK(told.wait_for("1 reachable, 1 unreachable"));
  }

  TEST_CASE("nothing to look at") {
    Told told;
    { const RuleAnalysis analysis(told.tell()); }
    CHECK(told.summaries().empty());
  }
}
