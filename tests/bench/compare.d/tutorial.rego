# rules/contoso for Open Policy Agent. To POST /v0/data/contoso/answer the body is the input and
# the value the answer: an object, or the text of a refusal.
package contoso

import rego.v1

twins := {
	"toasters": {
		"properties": {"desired": {"state": "ready", "darknessSetting": "medium"}},
		"tags": {"deviceType": "toaster"},
	},
	"heatpumps": {
		"properties": {"desired": {"state": "on", "temperatureSetting": "65"}},
		"tags": {"deviceType": "heatpump"},
	},
}

id := lower(input.deviceRuntimeContext.registrationId)

product_line := "toasters" if {
	contains(id, "-contoso-tstrsd-007")
} else := "heatpumps" if {
	contains(id, "-contoso-hpsd-088")
}

hubs := [hub |
	some hub in input.linkedHubs
	contains(lower(hub), concat("", ["-", product_line, "-"]))
]

answer := {"iotHubHostName": hubs[count(hubs) - 1], "initialTwin": twins[product_line]} if {
	count(hubs) > 0
} else := "No hub found for the enrollment." if {
	product_line
} else := "Unrecognized device registration."
