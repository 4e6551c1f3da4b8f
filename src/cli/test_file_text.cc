#include "cli/test_file_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <ostream>
#include <string>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "diagnostics/utf8.h"
#include "policy/letter_case.h"

namespace allocd {
namespace {

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_plain(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '/';
}

// Some readers of YAML take these for something else.
constexpr std::array<std::string_view, 10> kWords = {"null", "true", "false", "yes", "no",
                                                     "on",   "off",  "y",     "n",   "nan"};

// Single spaces inside do no harm.
bool can_be_bare(std::string_view text) {
  if (text.empty() || !is_letter(text.front()) || text.back() == ' ') return false;
  if (text.find("  ") != std::string_view::npos) return false;
  if (!std::all_of(text.begin(), text.end(), [](char c) { return is_plain(c) || c == ' '; }))
    return false;
  return std::find(kWords.begin(), kWords.end(), lower(text)) == kWords.end();
}

// As `\u00ad`; the bytes are one well-formed sequence of at most three.
void append_code_point(std::string_view sequence, std::string& out) {
  unsigned code = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 2) code &= 0x1FU;
  if (sequence.size() == 3) code &= 0x0FU;
  for (const char c : sequence.substr(1))
    code = (code << 6U) | (static_cast<unsigned char>(c) & 0x3FU);
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += "0123456789abcdef"[(code >> shift) & 0xFU];
}

// What a reader of YAML would not take, or show, as it is: control characters, line separators and
// the byte order mark.
bool needs_escape(std::string_view sequence) {
  if (sequence.size() == 1) return sequence[0] < 0x20 || sequence[0] == 0x7F;
  if (sequence.size() == 2)
    return sequence[0] == '\xC2' && static_cast<unsigned char>(sequence[1]) < 0xA0;
  return sequence == "\xE2\x80\xA8" || sequence == "\xE2\x80\xA9" || sequence == "\xEF\xBB\xBF" ||
         sequence == "\xEF\xBF\xBE" || sequence == "\xEF\xBF\xBF";
}

// In flow style, on one line.
std::string yaml(const Json& value) {
  if (value.is_string()) return yaml_text(value.get_ref<const std::string&>());
  if (value.is_array()) {
    std::string out;
    for (const Json& element : value) out += (out.empty() ? "" : ", ") + yaml(element);
    return '[' + out + ']';
  }
  if (value.is_object()) {
    std::string out;
    for (const auto& [key, element] : value.items())
      out += (out.empty() ? "" : ", ") + yaml_text(key) + ": " + yaml(element);
    return '{' + out + '}';
  }
  return value.dump();
}

// The request in the words of test files, without its hubs.
Json request_json(const SampleRequest& request) {
  Json out = {{"registrationId", request.registration_id}};
  if (request.payload) out["payload"] = *request.payload;
  if (request.current_hub) out["currentHub"] = *request.current_hub;
  if (request.current_device_id) out["currentDeviceId"] = *request.current_device_id;
  if (request.certificate) {
    out["certificate"] = *request.certificate;
  } else if (request.attestation != "symmetricKey") {
    out["attestation"] = request.attestation;
  }
  Json enrollment = Json::object();
  if (request.enrollment_id) enrollment["id"] = *request.enrollment_id;
  if (request.individual) enrollment["kind"] = "individual";
  enrollment.update(request.enrollment);
  if (!enrollment.empty()) out["enrollment"] = std::move(enrollment);
  return out;
}

Json expect_json(const Expectation& expect) {
  Json out = Json::object();
  if (expect.rule) out["rule"] = *expect.rule;
  if (expect.status) out["status"] = *expect.status;
  if (expect.hub) out["hub"] = *expect.hub;
  if (expect.reason) out["reason"] = *expect.reason;
  return out;
}

void print_test(const SuggestedTest& test, const std::vector<std::string>& hubs,
                std::ostream& out) {
  Json request = request_json(test.request);
  if (test.request.linked_hubs != hubs) request["linkedHubs"] = test.request.linked_hubs;
  out << "  - name: " << yaml_text(test.name) << "\n    request: " << yaml(request)
      << "\n    expect: " << yaml(expect_json(test.expect)) << '\n';
}

// Author's texts cannot end a comment: they are made printable.
std::string comment_on(const Suggestion& suggestion, const RuleSet& rules) {
  const Rule& rule = rules.rules()[suggestion.rule];
  const std::string of = in_backticks(rule.name) + " (" + printable(rule.source) + "): ";
  if (suggestion.tests.empty())
    return "# no test for " + of + printable(suggestion.why_not, 1000) + '\n';
  return "# no near miss of " + of + "no single change was found with which another rule decides\n";
}

}  // namespace

std::string yaml_text(std::string_view text) {
  if (can_be_bare(text)) return std::string(text);
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view sequence = text.substr(0, std::max<std::size_t>(length, 1));
    if (length == 0) {
      out += "\xEF\xBF\xBD";  // as JSON answers say it
    } else if (sequence == "\"" || sequence == "\\") {
      out += '\\';
      out += sequence;
    } else if (needs_escape(sequence)) {
      append_code_point(sequence, out);
    } else {
      out += sequence;
    }
    text.remove_prefix(sequence.size());
  }
  return out + '"';
}

void print_test_file(const SuggestedTests& suggested, const RuleSet& rules, std::ostream& out) {
  if (suggested.rules.empty()) {
    out << "# Each rule is reached by some test: nothing to suggest.\n";
    return;
  }
  out << "# Proposed by `allocd dry-run --suggest`. It records what the rules do now, right or "
         "wrong:\n# read each case, and keep those that say what you mean.\n";
  bool has_tests = false;
  for (const Suggestion& suggestion : suggested.rules) {
    for (const SuggestedTest& test : suggestion.tests) {
      if (!has_tests) {
        out << "linkedHubs:" << (suggested.linked_hubs.empty() ? " []\n" : "\n");
        for (const std::string& hub : suggested.linked_hubs)
          out << "  - " << yaml_text(hub) << '\n';
        out << "tests:\n";
        has_tests = true;
      }
      print_test(test, suggested.linked_hubs, out);
    }
    if (suggestion.tests.size() < 2)
      out << (has_tests ? "  " : "") << comment_on(suggestion, rules);
  }
  if (suggested.left_out > 0)
    out << "# " << suggested.left_out << (suggested.left_out == 1 ? " rule" : " rules")
        << " more without a test; `--suggest` with a larger number goes on\n";
}

void add_suggestions(const SuggestedTests& suggested, const RuleSet& rules, Json& out) {
  out["suggestions"] = Json::array();
  out["notSuggested"] = Json::array();
  for (const Suggestion& suggestion : suggested.rules) {
    for (const SuggestedTest& test : suggestion.tests) {
      Json request = request_json(test.request);
      request["linkedHubs"] = test.request.linked_hubs;
      Json entry = {{"name", test.name}};
      entry["request"] = std::move(request);
      entry["expect"] = expect_json(test.expect);
      out["suggestions"].push_back(std::move(entry));
    }
    if (suggestion.tests.empty())
      out["notSuggested"].push_back(
          Json{{"rule", rules.rules()[suggestion.rule].name}, {"reason", suggestion.why_not}});
  }
  out["leftOut"] = suggested.left_out;
}

}  // namespace allocd
