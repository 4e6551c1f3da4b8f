#include <chrono>
#include <iostream>
#include <sstream>
#include <string>
#include <variant>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/read_config.h"
#include "diagnostics/diagnostic.h"
#include "http/client.h"
#include "policy/located_value.h"

namespace allocd {
namespace {

// A hundred thousand rules take seconds, on a busy machine many.
constexpr std::chrono::seconds kPatience(300);

std::string text_of(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

int number_of(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_number_integer() ? found->get<int>() : 0;
}

// Without the line that it points at, which only the daemon has read.
void print_diagnostic(const Json& mistake) {
  Diagnostic out;
  out.severity = text_of(mistake, "severity") == "warning" ? Severity::Warning : Severity::Error;
  out.code = text_of(mistake, "code");
  out.message = text_of(mistake, "message");
  out.help = text_of(mistake, "help");
  out.file = text_of(mistake, "file");
  std::cerr << printable(out.file, 1000);
  if (const int line = number_of(mistake, "line"); line > 0)
    std::cerr << ':' << line << ':' << number_of(mistake, "column");
  std::cerr << (out.file.empty() ? "" : ": ") << severity_name(out.severity) << ": "
            << printable(out.message, 1000) << " [" << out.code << "]\n";
  if (!out.help.empty()) std::cerr << "      = help: " << printable(out.help, 1000) << '\n';
}

void print_result(const Json& result) {
  if (const auto list = result.find("diagnostics"); list != result.end() && list->is_array())
    for (const Json& mistake : *list)
      if (mistake.is_object()) print_diagnostic(mistake);
  const std::string what = text_of(result, "result");
  std::string line;
  const std::string rules = std::to_string(number_of(result, "rules")) + " rules, revision " +
                            text_of(result, "revision");
  if (what == "success") {
    std::cout << "reloaded: " << rules << '\n';
  } else if (what == "unchanged") {
    std::cout << "unchanged: " << rules << '\n';
  } else if (what == "refused") {
    std::cout << "refused by the reload guard: " << rules << '\n';
  } else {
    std::cout << "not reloaded: what was in force stays\n";
  }
  if (const auto guard = result.find("guard"); guard != result.end() && guard->is_object())
    for (std::istringstream lines(text_of(*guard, "text")); std::getline(lines, line);)
      std::cout << printable(line, 1000) << '\n';
}

int no_answer(const ReloadOptions& options, const std::string& admin, const std::string& why) {
  const std::string message = "cannot reach the daemon at " + in_backticks(admin) + ": " + why;
  if (options.format == Format::AsJson) {
    std::cout << Json{{"result", "unreachable"}, {"message", message}}.dump(
                     2, ' ', false, Json::error_handler_t::replace)
              << '\n';
  } else {
    std::cerr << "allocd reload: " << message
              << "\nIs it running? `--admin` names its admin listener, `--config` the file that "
                 "does\n";
  }
  return kFindings;
}

}  // namespace

int run_reload(const ReloadOptions& options) {
  std::string text;
  const auto config = read_config(options.config, text);
  if (!config) return kFindings;
  const std::string admin = options.admin.empty() ? config->admin_listen : options.admin;
  const auto reply =
      ask_server(admin, "POST", options.force ? "/reload?force=true" : "/reload", kPatience);
  if (const auto* none = std::get_if<NoReply>(&reply))
    return no_answer(options, admin, none->reason);
  const auto& got = std::get<HttpReply>(reply);
  const Json result = Json::parse(got.body, nullptr, false);
  if (!result.is_object())
    return no_answer(options, admin,
                     "it answers " + std::to_string(got.status) + " " + in_backticks(got.body));
  if (options.format == Format::AsJson) {
    std::cout << result.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    print_result(result);
  }
  return got.status == 200 ? kFine : kFindings;
}

}  // namespace allocd
