-- rules/contoso in Lua, for nginx.
local cjson = require "cjson.safe"

local product_lines = {
  {
    mark = "-contoso-tstrsd-007",
    hub_mark = "-toasters-",
    no_hub = "No toasters hub found for the enrollment.",
    twin = {
      properties = {desired = {state = "ready", darknessSetting = "medium"}},
      tags = {deviceType = "toaster"},
    },
  },
  {
    mark = "-contoso-hpsd-088",
    hub_mark = "-heatpumps-",
    no_hub = "No heat pumps hub found for the enrollment.",
    twin = {
      properties = {desired = {state = "on", temperatureSetting = "65"}},
      tags = {deviceType = "heatpump"},
    },
  },
}

local function contains(text, part)
  return text:lower():find(part, 1, true) ~= nil
end

-- The status and the body.
local function answer(text)
  local request = cjson.decode(text)
  if type(request) ~= "table" then return 400, "Not an allocation request." end
  local context = request.deviceRuntimeContext
  local id = type(context) == "table" and context.registrationId
  if type(id) ~= "string" then return 400, "Registration ID not provided for the device." end
  local hubs = request.linkedHubs
  if type(hubs) ~= "table" then return 400, "No hub group defined for the enrollment." end
  for _, line in ipairs(product_lines) do
    if contains(id, line.mark) then
      for i = #hubs, 1, -1 do
        if contains(hubs[i], line.hub_mark) then
          return 200, cjson.encode({iotHubHostName = hubs[i], initialTwin = line.twin})
        end
      end
      return 400, line.no_hub
    end
  end
  return 400, "Unrecognized device registration."
end

ngx.req.read_body()
local status, body = answer(ngx.req.get_body_data() or "")
ngx.status = status
ngx.header.content_type = status == 200 and "application/json" or "text/plain"
ngx.header.content_length = #body
ngx.print(body)
