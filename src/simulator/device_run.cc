#include "simulator/device_run.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "diagnostics/diagnostic.h"
#include "policy/letter_case.h"
#include "simulator/sas_token.h"
#include "webhook/hmac_sha256.h"

namespace allocd {
namespace {

constexpr auto kTokenLife = std::chrono::hours(1);
constexpr auto kBetweenTwoWords = std::chrono::seconds(1);
// What the SDKs of today ask by.
constexpr const char* kQuery = "api-version=2021-06-01";

}  // namespace

DeviceRun::DeviceRun(const Enrollments& enrollments, Plan plan)
    : enrollments_(enrollments), plan_(std::move(plan)) {}

// ---- Who they are

const SymmetricKeys* DeviceRun::group_key() const {
  for (const Enrollment& group : enrollments_.groups)
    if (plan_.group.empty() || equal_ignoring_case(group.id, plan_.group))
      if (const auto* keys = std::get_if<SymmetricKeys>(&group.attestation)) return keys;
  return nullptr;
}

std::optional<std::string> DeviceRun::mistake() const {
  const bool any_own = std::any_of(
      enrollments_.individuals.begin(), enrollments_.individuals.end(),
      [](const Enrollment& one) { return std::holds_alternative<SymmetricKeys>(one.attestation); });
  if (group_key() != nullptr || (plan_.group.empty() && any_own)) return std::nullopt;
  if (!plan_.group.empty())
    return "there is no enrollment group " + in_backticks(plan_.group) +
           " with symmetric keys, from which those of devices could be derived";
  return "no enrollment has symmetric keys, and nobody here has the keys of certificates";
}

std::string DeviceRun::token(const std::string& id) const {
  const auto expiry =
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) + kTokenLife;
  const std::string resource = enrollments_.id_scope + "/registrations/" + id;
  for (const Enrollment& one : enrollments_.individuals)
    if (equal_ignoring_case(one.id, id))
      if (const auto* keys = std::get_if<SymmetricKeys>(&one.attestation))
        return make_sas_token(resource, keys->primary, expiry);
  const SymmetricKeys* group = group_key();
  return group == nullptr ? "" : make_sas_token(resource, hmac_sha256(group->primary, id), expiry);
}

HttpRequest DeviceRun::request(const std::string& method, const std::string& id,
                               const std::string& resource) const {
  HttpRequest out;
  out.method = method;
  out.path = "/" + enrollments_.id_scope + "/registrations/" + id + "/" + resource;
  out.query = kQuery;
  out.headers.emplace_back("authorization", token(id));
  return out;
}

// ---- What they do

std::vector<DeviceOutcome> DeviceRun::go(const HttpHandler& api,
                                         const std::function<void(const Progress&)>& progress) {
  std::unique_lock lock(mutex_);
  api_ = &api;
  tell_ = progress;
  outcomes_.resize(plan_.count);
  const auto after = [&](std::size_t number) {
    return std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(static_cast<double>(number) / plan_.rate));
  };
  const auto all_ended = [&] { return waiting_.empty(); };
  const Clock::time_point start = told_ = Clock::now();
  for (std::size_t i = 0; i < plan_.count; ++i) {
    const Clock::time_point due = plan_.rate > 0 ? start + after(i) : Clock::now();
    if (!wait(lock, due, [] { return false; })) break;
    lock.unlock();
    begin(api, i, due);
    lock.lock();
    if (plan_.one_by_one) wait(lock, Clock::time_point::max(), all_ended);
  }
  wait(lock, Clock::time_point::max(), all_ended);
  waiting_.clear();  // who comes later comes too late
  for (std::size_t i = progress_.begun; i < plan_.count; ++i) outcomes_[i].id = plan_.device(i).id;
  return std::exchange(outcomes_, {});
}

// Until that time, or until it is over; false where it was interrupted before.
bool DeviceRun::wait(std::unique_lock<std::mutex>& lock, Clock::time_point until,
                     const std::function<bool()>& is_over) {
  while (!interrupted_ && !is_over()) {
    const Clock::time_point now = Clock::now();
    if (now >= told_ + kBetweenTwoWords) {
      told_ = now;
      tell_(progress_);
    }
    if (now >= until) return true;
    changed_.wait_until(lock, std::min(until, told_ + kBetweenTwoWords));
  }
  return !interrupted_;
}

void DeviceRun::begin(const HttpHandler& api, std::size_t number, Clock::time_point due) {
  const SimulatedDevice device = plan_.device(number);
  HttpRequest registering = request("PUT", device.id, "register");
  Json body = {{"registrationId", device.id}};
  if (device.payload) body["payload"] = *device.payload;
  registering.body = body.dump();
  {
    const std::lock_guard lock(mutex_);
    outcomes_[number].id = device.id;
    ++progress_.begun;
    // INVARIANT: it is known before it registers, for the end may come sooner than the answer. One
    // that registers twice at a time has one end.
    waiting_.insert_or_assign(lower(device.id), Waiting{number, due});
  }
  const HttpResponse response = api(registering);
  if (response.status == 202) return;
  finish(number, {device.id, response.status, Json::parse(response.body, nullptr, false),
                  std::nullopt, Clock::now() - due});
}

void DeviceRun::ended(const Registration& registration, bool twin_applied) {
  Waiting waiting;
  const HttpHandler* api = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(lower(registration.id));
    if (found == waiting_.end()) return;
    waiting = found->second;
    api = api_;
  }
  const HttpResponse response =
      (*api)(request("GET", registration.id, "operations/" + registration.operation_id));
  const Json body = Json::parse(response.body, nullptr, false);
  DeviceOutcome outcome{registration.id, response.status,
                        response.status == 200 ? body.value("registrationState", Json()) : body,
                        std::nullopt, Clock::now() - waiting.since};
  if (twin_applied && registration.on_hub) outcome.initial_twin = registration.on_hub->twin;
  finish(waiting.number, std::move(outcome));
}

void DeviceRun::finish(std::size_t number, DeviceOutcome outcome) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.erase(lower(outcome.id)) == 0) return;
    ++progress_.ended;
    if (!outcome.is_assigned()) ++progress_.not_assigned;
    outcomes_[number] = std::move(outcome);
  }
  changed_.notify_all();
}

void DeviceRun::interrupt() {
  {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
  }
  changed_.notify_all();
}

}  // namespace allocd
