#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include "analysis/hub_coverage.h"
#include "analysis/reachability.h"
#include "analysis/report_unreachable.h"
#include "cli/commands.h"
#include "cli/explain.h"
#include "cli/given_request.h"
#include "cli/output.h"
#include "cli/suggest.h"
#include "policy/sample_request.h"
#include "webhook/decision_json.h"

namespace allocd {
namespace {

constexpr std::chrono::seconds kAnalysisTime(5);
constexpr std::size_t kMaxOverlaps = 1000;

// `--linked-hub` takes several hosts, so that a path behind them may have been taken for one. No
// host name has a slash in it or is a file here.
void sort_out_paths(DryRunOptions& options) {
  std::vector<std::string> hosts;
  for (std::string& word : options.linked_hubs) {
    std::error_code error;
    const bool is_path =
        word.find('/') != std::string::npos || std::filesystem::exists(word, error);
    (is_path ? options.rules : hosts).push_back(std::move(word));
  }
  options.linked_hubs = std::move(hosts);
}

// The body to decide on: the one given, or one made of the flags. Nothing where neither is there.
std::optional<std::string> body_of(const DryRunOptions& options, std::string& mistake) {
  if (!options.request.empty()) {
    const bool from_stdin = options.request == "-";
    std::ifstream file;
    if (!from_stdin) file.open(options.request, std::ios::binary);
    std::istream& text = from_stdin ? std::cin : file;
    GivenRequest given;
    if (text) given = given_request(text, options.registration_id);
    // Nothing more to read is no mistake.
    if (text.bad() || !(text || text.eof())) {
      mistake = "cannot read the request " + in_backticks(options.request);
      return std::nullopt;
    }
    if (given.mistake.empty()) return std::move(given.body);
    const std::string name = from_stdin ? "standard input" : in_backticks(options.request);
    mistake = name + ' ' + given.mistake;
    return std::nullopt;
  }
  if (options.registration_id.empty()) return std::nullopt;
  SampleRequest sample;
  sample.registration_id = options.registration_id;
  sample.linked_hubs = options.linked_hubs;
  if (!options.enrollment_group.empty()) sample.enrollment_id = options.enrollment_group;
  if (!options.payload.empty()) {
    sample.payload = Json::parse(options.payload, nullptr, false);
    if (sample.payload->is_discarded()) {
      mistake = "`--payload` is not JSON: " + in_backticks(options.payload);
      return std::nullopt;
    }
  }
  return request_body(sample).dump(-1, ' ', false, Json::error_handler_t::replace);
}

void print_summary(const LoadedRules& loaded, const DryRunOptions& options) {
  std::string paths;
  for (const std::string& path : options.rules) paths += (paths.empty() ? "" : ", ") + path;
  const auto count = [](std::size_t n, const char* what) {
    return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s");
  };
  std::cout << paths << ": " << count(loaded.files, "file") << ", "
            << count(loaded.rule_count, "rule") << ", revision " << loaded.revision << ": ";
  if (loaded.diagnostics.has_errors()) {
    std::cout << count(loaded.diagnostics.errors(), "error");
  } else {
    std::cout << "ok";
  }
  if (loaded.diagnostics.warnings() > 0)
    std::cout << ", " << count(loaded.diagnostics.warnings(), "warning");
  std::cout << '\n';
}

// What can be told about the rules in a few seconds.
Reachability analyse(const LoadedRules& loaded, bool with_witnesses) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + kAnalysisTime;
  ReachabilityCache cache;
  return analyse_reachability(*loaded.rules, cache,
                              {.time_is_up = [end] { return Clock::now() >= end; },
                               .overlaps = with_witnesses ? kMaxOverlaps : 0,
                               .shortest_ids = with_witnesses});
}

// Nobody should take silence for praise.
void print_not_analysed(const Reachability& reachability) {
  const std::size_t count = reachability.count(RuleReach::Status::NotAnalysed);
  if (count == 0) return;
  std::cout << "whether " << (count == 1 ? "one rule" : std::to_string(count) + " rules")
            << " can ever decide was not analysed";
  if (reachability.rules_in_time < reachability.rules.size())
    std::cout << " (time was up after " << reachability.rules_in_time << " rules)";
  std::cout << "; `--witness` tells which and why\n";
}

int decide_request(const LoadedRules& loaded, const std::string& body,
                   const DryRunOptions& options) {
  Trace trace;
  const Answer result = answer(*loaded.rules, body, std::chrono::system_clock::now(), &trace);
  if (options.format == Format::AsJson) {
    std::cout << decision_json(result, trace).dump(2, ' ', false, Json::error_handler_t::replace)
              << '\n';
  } else {
    const bool colour = wants_colour(STDOUT_FILENO);
    if (options.explain) print_trace(trace, colour, std::cout);
    print_decision(result, body, colour, std::cout);
  }
  return kFine;
}

// What does not go together; empty where all does.
std::string mistake_in(const DryRunOptions& options) {
  if (options.rules.empty()) return "RULES: at least one file or directory is required";
  const bool from_file = !options.request.empty();
  const bool from_flags = !from_file && !options.registration_id.empty();
  if (from_file) {
    const char* beside = !options.linked_hubs.empty() ? "--linked-hub"
                         : !options.payload.empty()   ? "--payload"
                                                      : "--enrollment-group";
    if (!options.linked_hubs.empty() || !options.payload.empty() ||
        !options.enrollment_group.empty())
      return in_backticks(beside) +
             " goes without `--request`: the request in the file brings its own; change it there, "
             "or make one of `--registration-id`, `--linked-hub`, `--payload` and "
             "`--enrollment-group`";
  } else if (!from_flags && (!options.payload.empty() || !options.enrollment_group.empty())) {
    return "`--payload` and `--enrollment-group` go with `--registration-id`";
  }
  if (from_flags && options.linked_hubs.empty())
    return "`--registration-id` needs `--linked-hub`, the hubs that the device may get";
  const bool asks = from_file || from_flags;
  if (options.explain && !asks)
    return "`--explain` is about a decision: it needs `--request`, or `--registration-id` with "
           "`--linked-hub`";
  if (options.witness && asks) return "`--witness` is about the rules, and goes without a request";
  if (options.suggest > 0 && asks)
    return "`--suggest` is about the rules, and goes without a request";
  if (options.suggest > 0 && options.witness)
    return "`--witness` and `--suggest` print different things: one at a time";
  return {};
}

}  // namespace

int dry_run(DryRunOptions options) {
  sort_out_paths(options);
  if (const std::string mistake = mistake_in(options); !mistake.empty())
    return wrong_usage("dry-run", mistake);
  if (options.suggest > 0) return suggest_for(options);
  std::string mistake;
  const auto body = body_of(options, mistake);
  if (!mistake.empty()) return wrong_usage("dry-run", mistake);

  LoadedRules loaded = load_rules(options.rules);
  if (loaded.rules && !body && !options.linked_hubs.empty())
    check_hub_coverage(*loaded.rules, options.linked_hubs, loaded.diagnostics);
  const bool bad = loaded.diagnostics.has_errors();
  const bool decides = body && !bad;
  std::optional<Reachability> reachability;
  if (loaded.rules && !body) {
    reachability = analyse(loaded, options.witness);
    report_unreachable(*loaded.rules, *reachability, loaded.rule_names, loaded.diagnostics);
  }
  if (options.format == Format::AsJson && !decides) {
    Json report = diagnostics_json(loaded);
    if (reachability) {
      report["notAnalysed"] = reachability->count(RuleReach::Status::NotAnalysed);
      if (options.witness) add_witnesses(*loaded.rules, *reachability, report);
    }
    std::cout << report.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    print_diagnostics(loaded.diagnostics, wants_colour(STDERR_FILENO), std::cerr);
  }
  if (decides) {
    decide_request(loaded, *body, options);
  } else if (options.format == Format::Text) {
    print_summary(loaded, options);
    if (reachability && options.witness) {
      print_witnesses(*loaded.rules, *reachability, std::cout);
    } else if (reachability) {
      print_not_analysed(*reachability);
    }
  }
  return bad || (options.fail_on_warning && loaded.diagnostics.warnings() > 0) ? kFindings : kFine;
}

}  // namespace allocd
