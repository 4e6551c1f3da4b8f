#include "cli/cli.h"

#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "diagnostics/closest_match.h"
#include "diagnostics/diagnostic.h"

namespace allocd {
namespace {

constexpr const char* kDryRunExamples = R"(
Examples:
  allocd dry-run rules/contoso
      check the rules, exit 1 where something is wrong
  allocd dry-run rules/contoso --request body.json --explain
      what a request would get, and why
  allocd dry-run rules/contoso --request decisions.jsonl --registration-id lobby-fridge-1 --explain
      why that device was refused last night, from the decision log
  allocd dry-run rules/contoso --registration-id breakroom499-contoso-tstrsd-007 \
      --linked-hub contoso-toasters-hub-1098.azure-devices.net
      the same without a request at hand
  allocd dry-run rules/contoso --linked-hub contoso-toasters-hub-1098.azure-devices.net
      whether every hub pattern finds a hub among those
  allocd dry-run rules/contoso --witness
      for each rule a registration ID that reaches it, and where the order of rules matters
  allocd dry-run rules/contoso --suggest 20 > rules/contoso/suggested.test.yaml
      tests to begin with: for rules that no test reaches, a request of theirs and a near miss)";

constexpr const char* kTestExamples = R"(
Examples:
  allocd test rules/contoso
      run every *.test.yaml found there, exit 1 where one fails
  allocd test rules/contoso --min-coverage 100 --junit report.xml
      for a build server: every rule must decide in some test
  allocd test rules/contoso --run 'heat ?pump'
      only the tests in whose names this is found
  allocd test rules/contoso --mutate
      which changes to the rules no test notices: a rule less, two swapped, one that asks for less
  allocd test rules/contoso --watch
      again whenever a file changes, until Ctrl-C)";

constexpr const char* kDeviceKeyExamples = R"(
Examples:
  allocd device-key --registration-id breakroom499-contoso-tstrsd-007 --key-file group.key
      the device's key, from the primary or secondary key of its enrollment group
  az iot dps enrollment-group show ... --show-keys --query attestation.symmetricKey.primaryKey -o tsv |
      allocd device-key --registration-id lamp-1 lamp-2 --output json
      several, with the group's key from standard input)";

constexpr const char* kDiffExamples = R"(
Examples:
  allocd diff /etc/allocd/rules rules --requests decisions.jsonl
      who would move, be refused or get another twin, judged by recorded requests
  zcat decisions.*.gz | allocd diff old new --requests - --max-moved 5% --markdown
      for a pull request; exit 1 where more devices than that lose their hub
  allocd diff old new --linked-hub toasters.azure-devices.net ovens.azure-devices.net
      without requests: registration IDs for which the two sets decide differently)";

constexpr const char* kServeExamples = R"(
Examples:
  allocd serve --rules rules/contoso
      the webhook on 127.0.0.1:8080/allocate, health on 127.0.0.1:8081
  allocd serve --config /etc/allocd/allocd.yaml
      with every setting from a file)";

constexpr const char* kSimulateExamples = R"(
Examples:
  allocd simulate --webhook http://127.0.0.1:8080/allocate --enrollments enrollments.yaml \
      --device breakroom499-contoso-tstrsd-007
      what a device gets from the rules, past true attestation and the service's own checks
  allocd simulate --webhook http://127.0.0.1:8080/allocate --enrollments enrollments.yaml \
      --ca-out ca.pem
      on https://127.0.0.1:8443, for device SDKs that trust ca.pem
  allocd simulate --webhook https://contoso.azurewebsites.net/api/allocate --webhook-key-file key \
      --enrollments enrollments.yaml --devices 10000 --pattern 'dev-{n}-contoso-tstrsd-007' --rate 500
      a crowd of devices, and how long they waited
  allocd simulate --enrollments enrollments.yaml --check
      whether the file is right, without calling anybody)";

constexpr const char* kReloadExamples = R"(
Examples:
  allocd reload
      the daemon on this machine takes its rules anew; exit 1 where it keeps the old ones
  allocd reload --force
      although many devices would lose their hub
  allocd reload --config /etc/allocd/allocd.yaml --output json
      wherever that file lets it listen, for a script)";

// `--output text|json`, for commands whose output scripts may read.
void add_output_option(CLI::App& command, Format& format) {
  command
      .add_option_function<std::string>(
          "--output",
          [&format](const std::string& name) {
            format = name == "json" ? Format::AsJson : Format::Text;
          },
          "How to print")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT");
}

void add_dry_run(CLI::App& app, DryRunOptions& options) {
  CLI::App* command =
      app.add_subcommand("dry-run", "Check rule files, or decide a request with them");
  command->add_option("RULES", options.rules, "Directories of rule files, or rule files");
  command
      ->add_option("--request", options.request,
                   "A request body as DPS sends it, or a line of the decision log; - reads "
                   "standard input")
      ->type_name("FILE|-");
  command
      ->add_option("--registration-id", options.registration_id,
                   "Decide for this device; with --request, for the last request of it in the file")
      ->type_name("ID");
  command
      ->add_option(
          "--linked-hub", options.linked_hubs,
          "Host names of the hubs that the device may get; without a request: check that every hub "
          "pattern fits one of them")
      ->type_name("HOST");
  command->add_option("--payload", options.payload, "The device's payload, with --registration-id")
      ->type_name("JSON");
  command
      ->add_option("--enrollment-group", options.enrollment_group,
                   "The group's ID, with --registration-id")
      ->type_name("ID");
  command->add_flag(
      "--explain", options.explain,
      "Show each rule tried, with the first matcher that failed and the value that it "
      "saw; the rule that decides whole");
  command->add_flag("--witness", options.witness,
                    "Show for each rule the shortest registration ID that reaches it, and for "
                    "rules that overlap one on which their order decides");
  command
      ->add_option("--suggest", options.suggest,
                   "Print a test file for so many of the rules that no test reaches: for each a "
                   "request that it decides, and a near miss; --linked-hub names the hubs")
      ->check(CLI::Range(1, 100'000))
      ->type_name("N");
  command->add_flag("--fail-on-warning", options.fail_on_warning,
                    "Exit 1 where there are only warnings");
  add_output_option(*command, options.format);
  command->footer(kDryRunExamples);
}

void add_test(CLI::App& app, TestOptions& options) {
  CLI::App* command = app.add_subcommand("test", "Run the tests beside rule files");
  command
      ->add_option("RULES", options.paths,
                   "Directories of rule and test files, or rule files and test files")
      ->required();
  command->add_option("--junit", options.junit, "Write the results as JUnit's XML, too")
      ->type_name("FILE");
  command
      ->add_option(
          "--min-coverage", options.min_coverage,
          "Exit 1 where tests reach less of the rules; their branches (of any and onNoHub, "
          "and hubs in a list) are told, and do not count")
      ->check(CLI::Range(0.0, 100.0))
      ->type_name("PERCENT");
  command
      ->add_option("--run", options.run,
                   "Only the tests in whose names this regular expression (RE2) is found")
      ->type_name("REGEX");
  command->add_flag("--mutate", options.mutate,
                    "Change each rule in turn, and exit 1 where no test notices");
  command->add_flag("--watch", options.watch, "Run again whenever a file changes");
  add_output_option(*command, options.format);
  command->footer(kTestExamples);
}

void add_diff(CLI::App& app, DiffOptions& options) {
  CLI::App* command =
      app.add_subcommand("diff", "Tell what would change for devices between two rule sets");
  command->add_option("OLD", options.from, "A directory of rule files, or a rule file")->required();
  command->add_option("NEW", options.to, "The same as it would be")->required();
  command
      ->add_option(
          "--requests", options.requests,
          "Recorded requests: JSON lines, the decision log, or bodies as DPS sends them; - "
          "reads standard input. The last one of each device counts. Without any, what the "
          "rules mean is compared")
      ->type_name("FILE|-");
  command
      ->add_option("--linked-hub", options.linked_hubs,
                   "Without requests: host names of the hubs that devices may get; otherwise they "
                   "are made up from the patterns")
      ->type_name("HOST");
  command
      ->add_option("--max-moved", options.max_moved,
                   "Exit 1 only where more of the devices move to another hub or are newly refused")
      ->type_name("PERCENT");
  command->add_flag("--all", options.all, "Show all devices, not only a few of each kind");
  command->add_flag("--markdown", options.markdown, "Print for a pull request");
  add_output_option(*command, options.format);
  command->footer(kDiffExamples);
}

void add_serve(CLI::App& app, ServeOptions& options) {
  CLI::App* command = app.add_subcommand("serve", "Answer DPS's calls");
  command->add_option("--config", options.config, "Settings, a YAML file")->type_name("FILE");
  command
      ->add_option("--rules", options.rules,
                   "Directories of rule files, or rule files [/etc/allocd/rules]")
      ->type_name("PATH");
  command
      ->add_option("--listen", options.listen,
                   "Address of the webhook, HOST:PORT or unix:PATH [127.0.0.1:8080]")
      ->type_name("ADDR:PORT");
  command
      ->add_option("--admin-listen", options.admin_listen,
                   "Address of health, status, metrics and reload [127.0.0.1:8081]")
      ->type_name("ADDR:PORT");
  command->add_flag("--strict", options.strict,
                    "Do not start with the last good set where the rules cannot be used");
  command->footer(kServeExamples);
}

void add_reload(CLI::App& app, ReloadOptions& options) {
  CLI::App* command = app.add_subcommand("reload", "Make the running daemon take its rules anew");
  command
      ->add_option("--admin", options.admin,
                   "Its admin listener, HOST:PORT or unix:PATH [127.0.0.1:8081]")
      ->type_name("ADDR:PORT");
  command->add_option("--config", options.config, "The daemon's settings, which name that listener")
      ->type_name("FILE");
  command->add_flag("--force", options.force, "Whatever the reload guard says");
  add_output_option(*command, options.format);
  command->footer(kReloadExamples);
}

void add_device_key(CLI::App& app, DeviceKeyOptions& options) {
  CLI::App* command = app.add_subcommand(
      "device-key", "Derive the keys of devices from the key of their enrollment group");
  command
      ->add_option("--registration-id", options.registration_ids,
                   "Devices; their keys are printed in this order, one a line")
      ->required()
      ->type_name("ID");
  command
      ->add_option("--key-file", options.key_file,
                   "A file with the group's key in base64; without it standard input is read")
      ->type_name("FILE|-");
  command->add_option("--key", options.key, "The group's key itself, for all to see: better not")
      ->type_name("BASE64");
  add_output_option(*command, options.format);
  command->footer(kDeviceKeyExamples);
}

void add_simulated_devices(CLI::App& command, SimulateOptions& options) {
  command
      .add_option("--device", options.devices,
                  "Register these devices from within, one by one, and print what each gets; "
                  "behind = a file with the payload that it sends")
      ->type_name("ID[=FILE]");
  command.add_option("--devices", options.device_count, "Register so many from within")
      ->check(CLI::Range(1, 10'000'000))
      ->type_name("N");
  command.add_option("--pattern", options.pattern, "Their IDs; {n} is 1, 2 and so on [device-{n}]")
      ->type_name("TEXT");
  command
      .add_option("--payload", options.payload,
                  "What each of them sends; {n} in it is the device's number")
      ->type_name("JSON");
  command
      .add_option("--rate", options.rate, "How many of them begin in a second [as fast as it goes]")
      ->check(CLI::Range(0.001, 1'000'000.0))
      ->type_name("NUMBER");
  command
      .add_option("--enrollment-group", options.enrollment_group,
                  "The group whose key gives them theirs [the first with a key]")
      ->type_name("ID");
}

void add_simulate(CLI::App& app, SimulateOptions& options) {
  CLI::App* command = app.add_subcommand(
      "simulate", "Stand in for DPS, as devices see it, in front of an allocation webhook");
  command
      ->add_option("--webhook", options.webhook,
                   "The webhook, ?code=KEY with it if it has one; needed but for --check")
      ->type_name("URL");
  command
      ->add_option("--enrollments", options.enrollments,
                   "Who may register, and how they prove who they are: a YAML file")
      ->required()
      ->type_name("FILE");
  command->add_flag("--check", options.check,
                    "Only check that file, exit 1 where something is wrong with it");
  command
      ->add_option("--listen", options.listen,
                   "Address for devices, HOST:PORT or unix:PATH [127.0.0.1:8443]")
      ->type_name("ADDR:PORT");
  command
      ->add_option("--tls-cert", options.tls_cert,
                   "Its certificate, PEM; without one, one for localhost is made up")
      ->type_name("FILE");
  command->add_option("--tls-key", options.tls_key, "The key of that certificate, PEM")
      ->type_name("FILE");
  command
      ->add_option("--ca-out", options.ca_out,
                   "Where to write the authority of a made-up certificate, PEM")
      ->type_name("FILE");
  command->add_flag("--http", options.http, "No TLS: devices with certificates cannot register");
  command
      ->add_option("--webhook-key-file", options.webhook_key_file,
                   "Its key, in a file of one line instead of in the URL, which other users see")
      ->type_name("FILE");
  command
      ->add_option("--webhook-ca", options.webhook_ca,
                   "The authority that vouches for an https:// webhook [those of the system]")
      ->type_name("FILE");
  command
      ->add_option("--webhook-timeout", options.webhook_timeout,
                   "Seconds after which an answer counts as 503 [30]")
      ->check(CLI::Range(0.01, 3600.0))
      ->type_name("SECONDS");
  command
      ->add_option("--time-scale", options.time_scale,
                   "How long the waits between two calls of the webhook are; 0.01: a hundredth [1]")
      ->check(CLI::Range(0.0, 100.0))
      ->type_name("NUMBER");
  command
      ->add_option("--state", options.state,
                   "A file that keeps registrations; without one they are forgotten at the end")
      ->type_name("FILE");
  command
      ->add_option("--report", options.report,
                   "Where to write what each hub holds in the end, JSON; on SIGHUP, too")
      ->type_name("FILE");
  add_simulated_devices(*command, options);
  add_output_option(*command, options.format);
  command->footer(kSimulateExamples);
}

int parse_and_run(int argc, char** argv) {
  CLI::App app(
      "allocd decides which IoT hub a device gets, and with which initial twin:\n"
      "the custom allocation webhook of Azure IoT Hub Device Provisioning Service,\n"
      "driven by rule files.");
  app.name("allocd");
  app.require_subcommand(1);
  DryRunOptions dry_run_options;
  TestOptions test_options;
  DiffOptions diff_options;
  ServeOptions serve_options;
  add_serve(app, serve_options);
  add_dry_run(app, dry_run_options);
  add_test(app, test_options);
  add_diff(app, diff_options);
  DeviceKeyOptions device_key_options;
  add_device_key(app, device_key_options);
  ReloadOptions reload_options;
  add_reload(app, reload_options);
  SimulateOptions simulate_options;
  add_simulate(app, simulate_options);
  app.add_subcommand("version", "Print the version");
  std::vector<std::string_view> names;
  const auto commands = app.get_subcommands(nullptr);
  names.reserve(commands.size());
  // INVARIANT: a name lives as long as its command, and get_name() returns a reference to it.
  for (const CLI::App* command : commands) names.emplace_back(command->get_name());
  if (argc > 1 && argv[1][0] != '-' &&
      std::find(names.begin(), names.end(), argv[1]) == names.end()) {
    const std::string help = suggestion(argv[1], names);
    std::cerr << "allocd: unknown command " << in_backticks(argv[1]) << "; " << help << '\n';
    return kWrongUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Asking for help is no mistake; everything else that cannot be parsed is.
    return app.exit(error) == 0 ? kFine : kWrongUsage;
  }
  if (app.got_subcommand("serve")) return run_serve(serve_options);
  if (app.got_subcommand("dry-run")) return dry_run(std::move(dry_run_options));
  if (app.got_subcommand("test")) return run_test(test_options);
  if (app.got_subcommand("diff")) return run_diff(diff_options);
  if (app.got_subcommand("reload")) return run_reload(reload_options);
  if (app.got_subcommand("simulate")) return run_simulate(simulate_options);
  if (app.got_subcommand("device-key")) return run_device_key(device_key_options);
  return print_version();
}

}  // namespace

int run_cli(int argc, char** argv) {
  try {
    return parse_and_run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "allocd: " << error.what() << '\n';
    return kFindings;
  }
}

}  // namespace allocd
