#include "simulator/device_api.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "analysis/id_alphabet.h"
#include "diagnostics/diagnostic.h"
#include "http/percent_encoding.h"
#include "policy/letter_case.h"
#include "simulator/unique_id.h"
#include "simulator/utc_text.h"
#include "webhook/json_body.h"

namespace allocd {
namespace {

constexpr std::string_view kJson = "application/json; charset=utf-8";
// As the service says; devices wait so long before they ask.
constexpr const char* kRetryAfter = "3";

// Where the service's own codes are not known, the class of HTTP and nothing further.
constexpr int kBadRequest = 400000;
constexpr int kNotFound = 404000;
constexpr int kWrongMethod = 405000;

ApiError bad_request(std::string why) { return {400, kBadRequest, std::move(why)}; }

HttpResponse json_response(int status, const Json& body) {
  return {status, kJson, body.dump(-1, ' ', false, Json::error_handler_t::replace), {}};
}

HttpResponse error_response(const ApiError& error) {
  const std::string tracking_id = new_guid();
  HttpResponse response =
      json_response(error.status, {{"errorCode", error.code},
                                   {"trackingId", tracking_id},
                                   {"message", error.message},
                                   {"timestampUtc", utc_text(std::chrono::system_clock::now())}});
  response.headers.emplace_back("x-ms-request-id", tracking_id);
  return response;
}

// What a path asks for.
struct Route {
  enum class Kind { Register, Operation, Lookup };
  Kind kind = Kind::Lookup;
  std::string id_scope;
  std::string registration_id;
  std::string operation_id;

  const char* method() const {
    switch (kind) {
      case Kind::Register: return "PUT";
      case Kind::Operation: return "GET";
      case Kind::Lookup: break;
    }
    return "POST";
  }
};

std::vector<std::string> steps_of(std::string_view path) {
  std::vector<std::string> out;
  while (path.starts_with('/')) {
    path.remove_prefix(1);
    out.emplace_back(path.substr(0, path.find('/')));
    path.remove_prefix(out.back().size());
  }
  return out;
}

std::optional<Route> route_of(std::string_view path) {
  std::vector<std::string> steps = steps_of(path);
  if (steps.size() < 3 || steps.size() > 5 || steps[1] != "registrations") return std::nullopt;
  Route out{Route::Kind::Lookup, std::move(steps[0]), std::move(steps[2]), {}};
  if (steps.size() == 4 && steps[3] == "register") {
    out.kind = Route::Kind::Register;
  } else if (steps.size() == 5 && steps[3] == "operations") {
    out.kind = Route::Kind::Operation;
    out.operation_id = std::move(steps[4]);
  } else if (steps.size() != 3) {
    return std::nullopt;
  }
  return out;
}

// The device's `payload`, if it sent one.
std::variant<std::optional<Json>, ApiError> read_body(const Route& route, const std::string& body) {
  if (body.empty()) return std::nullopt;
  auto read = parse_json_body(body);
  if (const auto* bad = std::get_if<BadRequest>(&read)) return bad_request(bad->reason);
  const Json& object = std::get<Json>(read);
  if (!object.is_object()) return bad_request("The body is no JSON object.");
  if (const Json* id = member(object, "registrationId");
      id != nullptr &&
      (!id->is_string() || !equal_ignoring_case(id->get<std::string>(), route.registration_id)))
    return bad_request("`registrationId` is not that of the URL.");
  if (member(object, "tpm") != nullptr)
    return bad_request(
        "Devices with a TPM cannot register here: only symmetric keys and X.509 "
        "certificates are known.");
  const Json* payload = member(object, "payload");
  if (payload == nullptr) return std::nullopt;
  if (!payload->is_object()) return bad_request("`payload` is no JSON object.");
  return *payload;
}

class DeviceApi {
 public:
  DeviceApi(LocalDps& dps, std::string id_scope, std::string scheme)
      : dps_(dps), id_scope_(std::move(id_scope)), scheme_(std::move(scheme)) {}

  HttpResponse answer(const HttpRequest& request) const {
    const auto route = route_of(request.path);
    if (!route)
      return error_response({404, kNotFound,
                             "There is no such resource: paths begin with /" + id_scope_ +
                                 "/registrations/{registrationId}"});
    if (request.method != route->method()) {
      HttpResponse response = error_response(
          {405, kWrongMethod, std::string("Only ") + route->method() + " is answered here."});
      response.headers.emplace_back("Allow", route->method());
      return response;
    }
    if (auto mistake = mistake_in(*route, request)) return error_response(*mistake);
    return result(*route, request);
  }

 private:
  std::optional<ApiError> mistake_in(const Route& route, const HttpRequest& request) const {
    if (!equal_ignoring_case(route.id_scope, id_scope_))
      return ApiError{404, kNotFound,
                      "No service has the ID scope " + in_backticks(route.id_scope) +
                          "; here it is " + in_backticks(id_scope_)};
    if (!is_valid_id(route.registration_id))
      return bad_request(in_backticks(route.registration_id) + " cannot be a registration ID.");
    if (query_parameter(request.query, "api-version").value_or("").empty())
      return bad_request("The query has no `api-version`.");
    return std::nullopt;
  }

  HttpResponse result(const Route& route, const HttpRequest& request) const {
    const Credentials credentials{request.header("authorization").value_or(""),
                                  request.client_certificates.get()};
    const std::string& id = route.registration_id;
    switch (route.kind) {
      case Route::Kind::Operation:
        return progress(route, request, dps_.operation(id, credentials, route.operation_id));
      case Route::Kind::Register: {
        auto payload = read_body(route, request.body);
        if (const auto* error = std::get_if<ApiError>(&payload)) return error_response(*error);
        const std::string version(*query_parameter(request.query, "api-version"));
        return progress(
            route, request,
            dps_.register_device(id, credentials, std::get<std::optional<Json>>(std::move(payload)),
                                 version));
      }
      case Route::Kind::Lookup: break;
    }
    const auto found = dps_.registration(id, credentials);
    if (const auto* error = std::get_if<ApiError>(&found)) return error_response(*error);
    return json_response(200, std::get<Registration>(found).state);
  }

  // A registration as those are told who wait for its end.
  HttpResponse progress(const Route& route, const HttpRequest& request,
                        const LocalDps::Answer& answer) const {
    if (const auto* error = std::get_if<ApiError>(&answer)) return error_response(*error);
    const auto& registration = std::get<Registration>(answer);
    Json body = {{"operationId", registration.operation_id}, {"status", registration.status()}};
    if (registration.status() != "assigning") {
      body["registrationState"] = registration.state;
      return json_response(200, body);
    }
    if (route.kind == Route::Kind::Operation) body["registrationState"] = registration.state;
    HttpResponse response = json_response(202, body);
    response.headers.emplace_back("Retry-After", kRetryAfter);
    response.headers.emplace_back("x-ms-request-id", new_guid());
    response.headers.emplace_back(
        "Location", scheme_ + "://" + std::string(request.header("host").value_or("localhost")) +
                        "/" + id_scope_ + "/registrations/" + route.registration_id + "/register");
    return response;
  }

  LocalDps& dps_;
  std::string id_scope_;
  std::string scheme_;
};

}  // namespace

HttpHandler device_api(LocalDps& dps, std::string id_scope, std::string scheme) {
  return [api = DeviceApi(dps, std::move(id_scope), std::move(scheme))](
             const HttpRequest& request) { return api.answer(request); };
}

}  // namespace allocd
