-- Posts the file named by COMPARE_BODY, or in turn each line of the one named by COMPARE_BODIES, and
-- ends with a line of JSON about all answers.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"

local bodies = os.getenv("COMPARE_BODIES")
if bodies then
  local requests = {}
  local at = 0

  function init()
    for line in io.lines(bodies) do
      requests[#requests + 1] = wrk.format(nil, nil, nil, line)
    end
  end

  function request()
    at = at % #requests + 1
    return requests[at]
  end
else
  local file = assert(io.open(os.getenv("COMPARE_BODY"), "rb"))
  wrk.body = file:read("*a")
  file:close()
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"micros":%d,"p50":%d,"p99":%d,"p999":%d,"refused":%d,"broken":%d,"late":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    latency:percentile(99.9), errors.status, errors.connect + errors.read + errors.write,
    errors.timeout))
end
