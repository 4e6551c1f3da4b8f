#include "daemon/admin_handler.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "policy/text_template.h"
#include "webhook/answer.h"
#include "webhook/decision_json.h"

namespace allocd {

namespace {

HttpResponse plain(int status, std::string text) {
  return {status, "text/plain", std::move(text), {}};
}

HttpResponse json(int status, const Json& value) {
  return {status,
          "application/json",
          value.dump(2, ' ', false, Json::error_handler_t::replace) + '\n',
          {}};
}

HttpResponse health(const AdminDesk&, const HttpRequest&) { return plain(200, "ok\n"); }

HttpResponse readiness(const AdminDesk& desk, const HttpRequest&) {
  return desk.stopping ? plain(503, "stopping\n") : plain(200, "ready\n");
}

HttpResponse metrics(const AdminDesk& desk, const HttpRequest&) {
  return {200, kMetricsContentType, desk.metrics(), {}};
}

HttpResponse status(const AdminDesk& desk, const HttpRequest&) { return json(200, desk.status()); }

HttpResponse rules(const AdminDesk& desk, const HttpRequest&) {
  const auto in_force = desk.rules.snapshot();
  const std::vector<Rule>& all = in_force->rules().rules();
  Json out = Json::array();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const RuleHits& hits = in_force->hits(i);
    const auto last = std::chrono::microseconds(hits.last_micros);
    out.push_back({{"name", all[i].name},
                   {"productLine", all[i].product_line},
                   {"source", all[i].source},
                   {"hits", hits.count.load()},
                   {"lastHit", last.count() > 0 ? Json(format_moment(Moment(last))) : Json()}});
  }
  return json(200, out);
}

HttpResponse decisions(const AdminDesk& desk, const HttpRequest& request) {
  const auto query = parse_decision_query(request.query);
  if (const auto* mistake = std::get_if<std::string>(&query)) return plain(400, *mistake + '\n');
  desk.settle();
  return json(200, desk.decisions.query(std::get<DecisionQuery>(query)));
}

HttpResponse candidate(const AdminDesk& desk, const HttpRequest&) {
  desk.settle();
  return json(200, desk.candidate != nullptr ? desk.candidate->json() : Json(nullptr));
}

HttpResponse explain(const AdminDesk& desk, const HttpRequest& request) {
  const auto in_force = desk.rules.snapshot();
  Trace trace;
  const Answer given =
      answer(in_force->rules(), request.body, std::chrono::system_clock::now(), &trace);
  return json(200, decision_json(given, trace));
}

HttpResponse told(const ReloadResult& result) {
  const bool refused = result.kind == ReloadResult::Kind::Refused;
  return json(result.is_good() ? 200 : refused ? 409 : 422, reload_json(result));
}

// Whether the query is `force=true`. Nothing where it is something else than that or its opposite:
// a misspelt one must not count as no.
std::optional<bool> forces(std::string_view query) {
  if (query == "force=true") return true;
  if (query.empty() || query == "force=false") return false;
  return std::nullopt;
}

HttpResponse reload(const AdminDesk& desk, const HttpRequest& request) {
  const auto force = forces(request.query);
  if (!force) return plain(400, "nothing but ?force=true can be said here\n");
  if (desk.stopping) return plain(503, "stopping\n");
  return told(desk.reloader.reload(*force));
}

HttpResponse promote(const AdminDesk& desk, const HttpRequest& request) {
  const auto force = forces(request.query);
  if (!force) return plain(400, "nothing but ?force=true can be said here\n");
  if (desk.stopping) return plain(503, "stopping\n");
  if (desk.candidate == nullptr)
    return plain(404, "there is no candidate: `candidate` in the configuration names its files\n");
  return told(desk.reloader.promote(*force));
}

struct Route {
  std::string_view path;
  bool changes;  // POST, not GET
  HttpResponse (*answer)(const AdminDesk&, const HttpRequest&);
};

constexpr Route kRoutes[] = {
    {"/healthz", false, health},      {"/readyz", false, readiness},
    {"/metrics", false, metrics},     {"/status", false, status},
    {"/rules", false, rules},         {"/decisions", false, decisions},
    {"/candidate", false, candidate}, {"/candidate/promote", true, promote},
    {"/reload", true, reload},        {"/explain", true, explain},
};

}  // namespace

HttpHandler admin_handler(const AdminDesk& desk) {
  return [desk](const HttpRequest& request) -> HttpResponse {
    if (std::string why = desk.access.snapshot()->refusal(request); !why.empty())
      return plain(403, std::move(why));
    const auto* route = std::find_if(std::begin(kRoutes), std::end(kRoutes),
                                     [&](const Route& each) { return each.path == request.path; });
    if (route == std::end(kRoutes)) return plain(404, "not found\n");
    const bool fits = route->changes ? request.method == "POST"
                                     : request.method == "GET" || request.method == "HEAD";
    if (fits) return route->answer(desk, request);
    const char* allowed = route->changes ? "POST" : "GET, HEAD";
    HttpResponse out = plain(405, std::string("only ") + allowed + " is answered here\n");
    out.headers.emplace_back("Allow", allowed);
    return out;
  };
}

}  // namespace allocd
