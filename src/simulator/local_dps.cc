#include "simulator/local_dps.h"

#include <cstdio>
#include <system_error>
#include <utility>

#include "diagnostics/diagnostic.h"
#include "policy/letter_case.h"
#include "simulator/unique_id.h"

namespace allocd {
namespace {

using std::chrono::system_clock;

constexpr int kNotFound = 404201;
constexpr std::size_t kMostBodyShown = 300;
constexpr auto kStoreAgain = std::chrono::seconds(1);

ApiError not_registered(const std::string& id) {
  return {404, kNotFound,
          "Device registration not found: " + in_backticks(id) + " has not registered here"};
}

std::string in_quotes(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  return '"' + printable(text, kMostBodyShown) + '"';
}

// What the webhook said, for people: a refusal's text is seen nowhere else.
std::string told(const std::variant<HttpReply, NoReply>& answer) {
  if (const auto* none = std::get_if<NoReply>(&answer)) return "the webhook: " + none->reason;
  const auto& reply = std::get<HttpReply>(answer);
  const std::string status = "the webhook answered " + std::to_string(reply.status);
  return reply.status == 200 || reply.body.empty() ? status : status + " " + in_quotes(reply.body);
}

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g s", seconds);
  return text;
}

}  // namespace

LocalDps::LocalDps(const Enrollments& enrollments, RegistrationStore& store, Settings settings,
                   const HttpUrl& url, Listener listener)
    : enrollments_(enrollments),
      store_(store),
      settings_(std::move(settings)),
      listener_(std::move(listener)),
      queue_(url, settings_.webhook_authority) {}

void LocalDps::note(const Operation& operation, const std::string& what) const {
  listener_.note(operation.device.registration_id + ": " + what);
}

// ---- What devices ask

LocalDps::Answer LocalDps::register_device(const std::string& id, const Credentials& credentials,
                                           std::optional<Json> payload, std::string api_version) {
  const auto now = system_clock::now();
  auto attested = attest(enrollments_, id, credentials, now);
  if (auto* error = std::get_if<ApiError>(&attested)) return std::move(*error);
  const std::lock_guard lock(mutex_);
  if (const auto found = under_way_.find(lower(id)); found != under_way_.end())
    return under_way(*found->second);
  const auto operation = std::make_shared<Operation>();
  operation->id = new_operation_id();
  operation->enrollment = std::get<Attested>(attested).enrollment;
  operation->before = store_.find(id);
  operation->api_version = std::move(api_version);
  operation->begun = now;
  RegisteringDevice& device = operation->device;
  device.registration_id = id;
  device.certificate = std::move(std::get<Attested>(attested).certificate);
  device.payload = std::move(payload);
  if (operation->before && operation->before->on_hub) {
    device.current_hub = operation->before->on_hub->hub;
    device.current_device_id = operation->before->on_hub->device_id;
  }
  // Whoever does it waits for the lock before it is taken out again.
  queue_.add([this, operation](HttpClient& client) { ask(operation, client); });
  under_way_.emplace(lower(id), operation);
  return under_way(*operation);
}

LocalDps::Answer LocalDps::registration(const std::string& id,
                                        const Credentials& credentials) const {
  auto attested = attest(enrollments_, id, credentials, system_clock::now());
  if (auto* error = std::get_if<ApiError>(&attested)) return std::move(*error);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = under_way_.find(lower(id)); found != under_way_.end())
      return under_way(*found->second);
  }
  // INVARIANT: an operation leaves the map when its end is in the store, so one of the two has it.
  if (auto registration = store_.find(id)) return *std::move(registration);
  return not_registered(id);
}

LocalDps::Answer LocalDps::operation(const std::string& id, const Credentials& credentials,
                                     const std::string& operation_id) const {
  Answer found = registration(id, credentials);
  const auto* registration = std::get_if<Registration>(&found);
  if (registration != nullptr && registration->operation_id != operation_id)
    return ApiError{404, kNotFound,
                    "Operation not found: " + in_backticks(operation_id) +
                        " is not the last one of " + in_backticks(id)};
  return found;
}

Registration LocalDps::under_way(const Operation& operation) const {
  return {operation.device.registration_id, operation.id,
          Json{{"registrationId", operation.device.registration_id}, {"status", "assigning"}},
          std::nullopt};
}

// ---- What becomes of them

void LocalDps::ask(const Shared& operation, HttpClient& client) {
  if (!operation->enrollment->enabled) return end(operation, Disabled{});
  const Enrollment& enrollment = *operation->enrollment;
  const RegisteringDevice& device = operation->device;
  const Webhook webhook{settings_.webhook};
  const Json question =
      allocation_request(enrollment, device, enrollments_.linked_hubs, webhook, started_);
  const auto answer =
      client.post(question.dump(), "application/json; charset=utf-8", settings_.patience);
  if (queue_.is_stopping()) return;
  const auto read = read_allocation(answer, hubs_for(enrollment, device, enrollments_.linked_hubs));
  if (const auto* allocated = std::get_if<Allocated>(&read)) return assigned(operation, *allocated);
  note(*operation, told(answer));
  if (const auto* failure = std::get_if<NotAllocated>(&read)) return end(operation, *failure);
  ask_later(operation, std::get<AskAgain>(read).status);
}

void LocalDps::ask_later(const Shared& operation, int status) {
  const auto wait = wait_before_retry(++operation->retries);
  if (!wait) return end(operation, gave_up(status));
  const std::chrono::duration<double> scaled = *wait * settings_.time_scale;
  note(*operation, "asked again in " + seconds_text(scaled.count()) + ", the " +
                       std::to_string(operation->retries) + ". time of " +
                       std::to_string(kMostWebhookRetries));
  queue_.add([this, operation](HttpClient& client) { ask(operation, client); },
             WebhookQueue::Clock::now() +
                 std::chrono::duration_cast<WebhookQueue::Clock::duration>(scaled));
}

void LocalDps::assigned(const Shared& operation, const Allocated& allocated) {
  const auto& before = operation->before;
  const Provisioned provisioned =
      provision(before ? before->on_hub : std::nullopt, *operation->enrollment, operation->device,
                allocated, operation->api_version);
  end(operation, Assigned{provisioned, allocated.payload});
}

void LocalDps::end(const Shared& operation, const Ending& ending) {
  const auto& before = operation->before;
  const std::string created = before ? before->state.value("createdDateTimeUtc", "") : "";
  Registration registration{operation->device.registration_id, operation->id,
                            registration_state(*operation->enrollment, operation->device, ending,
                                               created, operation->begun, system_clock::now()),
                            before ? before->on_hub : std::nullopt};
  bool twin_applied = false;
  if (const auto* assigned = std::get_if<Assigned>(&ending)) {
    registration.on_hub = assigned->provisioned.device;
    twin_applied = assigned->provisioned.takes_initial_twin;
  }
  keep(operation, registration, twin_applied);
}

// What a device was told must not be forgotten: until it is kept, the device waits.
void LocalDps::keep(const Shared& operation, const Registration& registration, bool twin_applied) {
  try {
    store_.put(registration);
  } catch (const std::system_error& error) {
    note(*operation, std::string(error.what()) + "; tried again every second");
    queue_.add([=, this](HttpClient&) { keep(operation, registration, twin_applied); },
               WebhookQueue::Clock::now() + kStoreAgain);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    under_way_.erase(lower(registration.id));
  }
  listener_.ended(registration, twin_applied);
}

}  // namespace allocd
