// A device with a symmetric key: registers, and prints what it was told. To be copied.
//
// usage: node device.js ID KEY [PAYLOAD]
//
// It needs three packages of the Azure IoT device SDK:
//   npm install azure-iot-provisioning-device azure-iot-provisioning-device-http azure-iot-security-symmetric-key
// The environment says where DPS is: PROVISIONING_HOST, 127.0.0.1:8443 without it, and
// PROVISIONING_IDSCOPE, 0ne00002193 without it. A local DPS is believed by NODE_EXTRA_CA_CERTS, the file
// that `allocd simulate --ca-out` wrote; the real one, global.azure-devices-provisioning.net, without.
'use strict';
const https = require('node:https');
const { ProvisioningDeviceClient } = require('azure-iot-provisioning-device');
const { Http } = require('azure-iot-provisioning-device-http');
const { SymmetricKeySecurityClient } = require('azure-iot-security-symmetric-key');

const [id, key, payload] = process.argv.slice(2);
if (!key) {
  console.error('usage: node device.js ID KEY [PAYLOAD]');
  process.exit(2);
}
const { PROVISIONING_HOST = '127.0.0.1:8443', PROVISIONING_IDSCOPE = '0ne00002193' } = process.env;
const [host, port = 443] = PROVISIONING_HOST.split(':');

// The SDK takes no port: it asks where HTTPS is at home. The only line that is for a local DPS.
https.globalAgent.defaultPort = Number(port);

const device = ProvisioningDeviceClient.create(host, PROVISIONING_IDSCOPE, new Http(),
  new SymmetricKeySecurityClient(id, key));
if (payload) device.setProvisioningPayload(JSON.parse(payload));

device.register().then((told) => {
  console.log(`${id}: assigned to ${told.assignedHub}, deviceId ${told.deviceId} (${told.substatus})`);
  if (told.payload) console.log('payload', JSON.stringify(told.payload));
}, (error) => {
  // Why: the state of a registration that failed tells, or the body that a refused request got.
  const state = error.result?.registrationState;
  const why = state?.errorCode ? `${state.errorCode}: ${state.errorMessage}` : error.responseBody ?? error.message;
  console.error(`${id}: not registered, ${error.name}: ${why}`);
  process.exitCode = 1;
});
