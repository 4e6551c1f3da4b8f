#include "simulator/simulate.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>

#include "analysis/id_alphabet.h"
#include "cli/check_enrollments.h"
#include "cli/commands.h"
#include "cli/device_outcomes.h"
#include "cli/output.h"
#include "daemon/key_files.h"
#include "daemon/signals.h"
#include "http/percent_encoding.h"
#include "rulefile/text_file.h"
#include "webhook/json_body.h"

namespace allocd {
namespace {

constexpr std::string_view kNumber = "{n}";
// Of a crowd, so many lines about single devices are enough.
constexpr std::size_t kMostLines = 20;

int usage(const std::string& message) { return wrong_usage("simulate", message); }

std::string numbered(std::string text, std::size_t number) {
  const std::string digits = std::to_string(number);
  for (std::size_t at = 0; (at = text.find(kNumber, at)) != text.npos; at += digits.size())
    text.replace(at, kNumber.size(), digits);
  return text;
}

// The payload that `text` is; nothing, and `why` says the reason, where it is none.
std::optional<Json> payload_of(const std::string& text, std::string& why) {
  auto read = parse_json_body(text);
  if (const auto* bad = std::get_if<BadRequest>(&read)) {
    why = bad->reason;
    return std::nullopt;
  }
  if (!std::get<Json>(read).is_object()) {
    why = "a payload is a JSON object";
    return std::nullopt;
  }
  return std::get<Json>(std::move(read));
}

// ID, or ID=FILE.
std::optional<SimulatedDevice> device_of(const std::string& text, std::string& why) {
  const std::size_t sign = text.find('=');
  SimulatedDevice out{text.substr(0, sign), std::nullopt};
  if (!is_valid_id(out.id)) {
    why = in_backticks(out.id) + " cannot be a registration ID";
    return std::nullopt;
  }
  if (sign == text.npos) return out;
  const std::string path = text.substr(sign + 1);
  const auto payload = read_text_file(path, why);
  if (payload) out.payload = payload_of(*payload, why);
  if (!out.payload) {
    why = in_backticks(path) + ": " + why;
    return std::nullopt;
  }
  return out;
}

std::optional<DeviceRun::Plan> plan_of(const SimulateOptions& options, std::string& why) {
  DeviceRun::Plan plan;
  plan.group = options.enrollment_group;
  plan.rate = options.rate;
  if (options.device_count == 0) {
    std::vector<SimulatedDevice> devices;
    for (const std::string& text : options.devices) {
      auto device = device_of(text, why);
      if (!device) return std::nullopt;
      devices.push_back(*std::move(device));
    }
    plan.count = devices.size();
    plan.one_by_one = true;
    plan.device = [devices = std::move(devices)](std::size_t i) { return devices[i]; };
    return plan;
  }
  const std::string last = numbered(options.pattern, options.device_count);
  if (!is_valid_id(last)) {
    why = in_backticks(last) + " cannot be a registration ID";
    return std::nullopt;
  }
  if (options.device_count > 1 && options.pattern.find(kNumber) == std::string::npos) {
    why = "`--pattern` has no `{n}`, so that all devices would have one ID";
    return std::nullopt;
  }
  if (!options.payload.empty() && !payload_of(numbered(options.payload, 1), why)) {
    why = "`--payload`: " + why;
    return std::nullopt;
  }
  plan.count = options.device_count;
  plan.device = [pattern = options.pattern, payload = options.payload](std::size_t i) {
    SimulatedDevice out{numbered(pattern, i + 1), std::nullopt};
    std::string ignored;
    if (!payload.empty()) out.payload = payload_of(numbered(payload, i + 1), ignored);
    return out;
  };
  return plan;
}

std::optional<std::string> contradiction(const SimulateOptions& options) {
  const bool inside = !options.devices.empty() || options.device_count > 0;
  const bool made_up = options.tls_cert.empty();
  if (!options.devices.empty() && options.device_count > 0)
    return "`--device` and `--devices` are two ways to say which devices register";
  if (made_up != options.tls_key.empty()) return "`--tls-cert` and `--tls-key` belong together";
  if (options.http && (!made_up || !options.ca_out.empty()))
    return "`--http` has no TLS, and no certificate";
  if (!made_up && !options.ca_out.empty())
    return "`--ca-out` is for a certificate that is made up, not for that of `--tls-cert`";
  if (inside && (options.http || !made_up || !options.ca_out.empty()))
    return "devices from within need no listener, so no TLS either";
  if (!inside &&
      (options.rate > 0 || !options.payload.empty() || !options.enrollment_group.empty()))
    return "`--rate`, `--payload` and `--enrollment-group` are for `--device` and `--devices`";
  if (!options.devices.empty() && (options.rate > 0 || !options.payload.empty()))
    return "`--rate` and `--payload` are for `--devices`";
  return std::nullopt;
}

// The webhook's URL with the key that a file has, as DPS calls a function; nothing where there is
// no key in it.
std::optional<std::string> with_key(const SimulateOptions& options, Diagnostics& diagnostics) {
  if (options.webhook_key_file.empty()) return options.webhook;
  const auto key = read_key_file(options.webhook_key_file, diagnostics);
  if (!key) return std::nullopt;
  return options.webhook + (options.webhook.find('?') == std::string::npos ? "?" : "&") +
         "code=" + percent_encoded(*key);
}

// How far a crowd has come: a line that is written over on a terminal, one a second elsewhere.
void print_progress(const DeviceRun::Progress& progress) {
  const bool on_terminal = isatty(STDERR_FILENO) != 0;
  std::cerr << (on_terminal ? "\r" : "") << progress.begun << " begun, " << progress.ended
            << " ended, " << progress.not_assigned << " of those not assigned"
            << (on_terminal ? "  " : "\n") << std::flush;
}

int register_devices(const SimulateOptions& options, SimulateWith with,
                     const DeviceRun::Plan& plan) {
  const bool is_crowd = options.device_count > 0;
  std::size_t lines = 0;
  with.say = [&](const std::string& line) {
    if (is_crowd && lines == kMostLines) std::cerr << "further lines are left out\n";
    if (!is_crowd || lines++ < kMostLines) std::cerr << line << '\n';
  };
  const auto tell = [&](const DeviceRun::Progress& progress) {
    if (is_crowd) print_progress(progress);
  };
  const auto start = std::chrono::steady_clock::now();
  const std::vector<DeviceOutcome> outcomes = run_devices(with, plan, tell);
  const auto took = std::chrono::steady_clock::now() - start;
  if (is_crowd && isatty(STDERR_FILENO) != 0) std::cerr << '\n';
  if (options.format == Format::AsJson) {
    std::cout << outcomes_json(outcomes, took).dump(2, ' ', false, Json::error_handler_t::replace)
              << '\n';
  } else if (is_crowd) {
    print_summary(outcomes, took, std::cout);
  } else {
    for (const DeviceOutcome& outcome : outcomes) print_device(outcome, std::cout);
  }
  return std::all_of(outcomes.begin(), outcomes.end(),
                     [](const DeviceOutcome& one) { return one.is_assigned(); })
             ? kFine
             : kFindings;
}

}  // namespace

int run_simulate(const SimulateOptions& options) {
  if (const auto why = contradiction(options)) return usage(*why);
  if (options.check) return check_enrollments(options.enrollments, options.format);
  if (options.webhook.empty()) return usage("`--webhook` is required, the URL of the webhook");
  std::string why;
  if (!parse_url(options.webhook, why)) return usage("`--webhook`: " + why);
  const auto plan = plan_of(options, why);
  if (!plan) return usage(why);
  Diagnostics diagnostics;
  const auto webhook = with_key(options, diagnostics);
  auto enrollments = load_enrollments(options.enrollments, diagnostics);
  print_diagnostics(diagnostics, wants_colour(STDERR_FILENO), std::cerr);
  if (!webhook || !enrollments) return kFindings;
  const auto url = parse_url(*webhook, why);
  if (!url) return usage("`--webhook` with its key: " + why);

  const Signals signals;  // before the first thread
  SimulateWith with{*std::move(enrollments),
                    {},
                    *url,
                    options.state,
                    options.report,
                    [](const std::string& line) { std::cerr << line << '\n'; },
                    [&] { return signals.wait(); }};
  with.settings.webhook = *webhook;
  with.settings.webhook_authority = options.webhook_ca;
  with.settings.patience =
      std::chrono::milliseconds(static_cast<std::int64_t>(options.webhook_timeout * 1000));
  with.settings.time_scale = options.time_scale;
  try {
    if (plan->count > 0) return register_devices(options, std::move(with), *plan);
    serve_devices(
        with, {options.listen, !options.http, options.tls_cert, options.tls_key, options.ca_out});
    return kFine;
  } catch (const CannotSimulate& error) {
    std::cerr << "allocd simulate: " << error.message << '\n';
    return kFindings;
  }
}

}  // namespace allocd
