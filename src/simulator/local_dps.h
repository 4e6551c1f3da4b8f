// The device side of DPS on this machine: devices register and ask what came of it; in between the
// webhook is asked, as often as the service would.
// https://learn.microsoft.com/azure/iot-dps/concepts-custom-allocation
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "http/client.h"
#include "simulator/allocation.h"
#include "simulator/attestation.h"
#include "simulator/enrollments.h"
#include "simulator/registration.h"
#include "simulator/registration_state.h"
#include "simulator/registration_store.h"
#include "simulator/webhook_queue.h"

namespace allocd {

// Safe to call from any thread.
class LocalDps {
 public:
  struct Settings {
    std::string webhook;                                            // its URL, as it is called
    std::string webhook_authority;                                  // as for HttpClient
    std::chrono::milliseconds patience = std::chrono::seconds(30);  // with one answer of it
    double time_scale = 1;  // of the waits between two attempts to ask it
  };
  // Called on several threads at once; what they do takes little time.
  struct Listener {
    // What the service would tell nobody, a line each, for people: why the webhook refused, say.
    // What others have sent is made printable.
    std::function<void(const std::string& line)> note = [](const std::string&) {};
    // A registration has ended, whatever came of it. `twin_applied`: the device has the initial
    // twin.
    std::function<void(const Registration& registration, bool twin_applied)> ended =
        [](const Registration&, bool) {};
  };

  // `enrollments` and `store` must outlive it; `url` is that of the settings, taken apart.
  LocalDps(const Enrollments& enrollments, RegistrationStore& store, Settings settings,
           const HttpUrl& url, Listener listener);
  LocalDps(const LocalDps&) = delete;
  LocalDps& operator=(const LocalDps&) = delete;

  using Answer = std::variant<Registration, ApiError>;

  // Begins a registration, unless one of that device is under way: then it is that one. `payload`
  // is an object.
  Answer register_device(const std::string& id, const Credentials& credentials,
                         std::optional<Json> payload, std::string api_version);
  // The registration that is under way, or the last one that was.
  Answer operation(const std::string& id, const Credentials& credentials,
                   const std::string& operation_id) const;
  Answer registration(const std::string& id, const Credentials& credentials) const;

 private:
  struct Operation {
    std::string id;
    RegisteringDevice device;
    const Enrollment* enrollment = nullptr;
    std::optional<Registration> before;  // the device's last one
    std::string api_version;
    std::chrono::system_clock::time_point begun;
    int retries = 0;
  };
  using Shared = std::shared_ptr<Operation>;

  Registration under_way(const Operation& operation) const;
  void ask(const Shared& operation, HttpClient& client);
  void ask_later(const Shared& operation, int status);
  void assigned(const Shared& operation, const Allocated& allocated);
  void end(const Shared& operation, const Ending& ending);
  void keep(const Shared& operation, const Registration& registration, bool twin_applied);
  void note(const Operation& operation, const std::string& what) const;

  const Enrollments& enrollments_;
  RegistrationStore& store_;
  const Settings settings_;
  const Listener listener_;
  const std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Shared> under_way_;  // by ID in small letters
  WebhookQueue queue_;                                 // the last: its threads use the others
};

}  // namespace allocd
