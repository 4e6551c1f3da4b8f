#include "webhook/device_key.h"

#include <iostream>
#include <optional>
#include <string>
#include <termios.h>
#include <unistd.h>
#include <vector>

#include <nlohmann/json.hpp>

#include "analysis/id_alphabet.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "daemon/key_files.h"

namespace allocd {
namespace {

constexpr std::size_t kMaxKeyInput = 65536;  // more than any key needs

// While it lives, the terminal does not show what is typed.
class Unseen {
 public:
  Unseen() {
    if (tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios unseen = before_;
    unseen.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen) == 0;
  }
  ~Unseen() {
    if (changed_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

std::string read_standard_input() {
  std::string out;
  if (isatty(STDIN_FILENO) != 0) {
    std::cerr << "Key of the enrollment group: ";
    const Unseen unseen;
    std::getline(std::cin, out);
    std::cerr << '\n';
  } else {
    out.resize(kMaxKeyInput);
    std::cin.read(out.data(), static_cast<std::streamsize>(out.size()));
    out.resize(static_cast<std::size_t>(std::cin.gcount()));
  }
  return out;
}

std::optional<std::string> group_key_of(const DeviceKeyOptions& options, Diagnostics& diagnostics) {
  if (!options.key.empty()) {
    std::cerr << "allocd device-key: warning: a key in the command line is seen by every user of "
                 "this machine and stays in the shell's history; use --key-file or standard "
                 "input\n";
    return key_in(options.key, "--key", diagnostics);
  }
  if (!options.key_file.empty() && options.key_file != "-")
    return read_key_file(options.key_file, diagnostics);
  return key_in(read_standard_input(), "standard input", diagnostics);
}

}  // namespace

int run_device_key(const DeviceKeyOptions& options) {
  if (!options.key.empty() && !options.key_file.empty())
    return wrong_usage("device-key", "`--key` and `--key-file` are two ways to give one key");
  for (const std::string& id : options.registration_ids)
    if (id.empty()) return wrong_usage("device-key", "`--registration-id` is empty");
  Diagnostics diagnostics;
  const auto group_key = group_key_of(options, diagnostics);
  std::vector<std::string> keys;
  for (const std::string& id : options.registration_ids) {
    if (!group_key) break;
    auto key = device_key(*group_key, id);
    if (!key) {
      diagnostics.file_error(options.key_file, "bad-key", "the group's key is no base64",
                             "it is the enrollment group's primary or secondary key, as the portal "
                             "shows it");
      break;
    }
    keys.push_back(*std::move(key));
  }
  print_diagnostics(diagnostics, wants_colour(STDERR_FILENO), std::cerr);
  if (diagnostics.has_errors()) return kFindings;
  for (const std::string& id : options.registration_ids)
    if (!is_valid_id(id))
      std::cerr << "allocd device-key: warning: " << in_backticks(id)
                << " is no valid registration ID: up to 128 letters, digits, `-`, `.`, `_` and "
                   "`:`, the last a letter, a digit or `-`\n";
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (options.format == Format::Text) {
      std::cout << keys[i] << '\n';
    } else {
      out.push_back({{"registrationId", options.registration_ids[i]}, {"key", keys[i]}});
    }
  }
  if (options.format == Format::AsJson) std::cout << out.dump(2) << '\n';
  return kFine;
}

}  // namespace allocd
