// The tutorial's devices with what people copy: rules/contoso, packaging/simulate/enrollments.yaml, and
// packaging/simulate/device.js as a shell starts it.
'use strict';
const assert = require('node:assert');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { sources } = require('../support/behind_nginx.cjs');
const { serve, simulate, terminated } = require('./processes.cjs');

const examples = path.join(sources, 'packaging/simulate');
const enrollments = path.join(examples, 'enrollments.yaml');
// Of the group, and behind it of the only device with an enrollment of its own.
const [groupKey, labKey] = Array.from(
  fs.readFileSync(enrollments, 'utf8').matchAll(/primaryKey: ([^}\s]+)/g), ([, key]) => key);

const toaster = 'breakroom499-contoso-tstrsd-007';
const heatpump = 'mainbuilding167-contoso-hpsd-088';
const lab = 'lab-contoso-tstrsd-007';
const fridge = 'lobby-contoso-fridge-001';
const toasters = 'contoso-toasters-hub-1098.azure-devices.net';
const heatpumps = 'contoso-heatpumps-hub-1098.azure-devices.net';
const payload = { MyDeviceFirmwareVersion: '12.0.2.5' };

async function tutorial(scene) {
  const allocd = await serve(scene, 'contoso', path.join(sources, 'rules/contoso'));
  const dps = await simulate(scene, allocd.address, enrollments, '--listen', '127.0.0.1:0',
    '--ca-out', scene.at('tutorial-ca.pem'), '--report', scene.at('tutorial.json'));
  // Nothing here may block: the webhook that others wait for is in this process.
  fs.writeFileSync(scene.at('group.key'), groupKey, { mode: 0o600 });
  const keyTool = scene.start(scene.binary, ['device-key', '--key-file', scene.at('group.key'),
    '--registration-id', toaster, heatpump, fridge]);
  await once(keyTool, 'close');
  const [toasterKey, heatpumpKey, fridgeKey] = keyTool.said.split('\n');

  async function device(...args) {
    const child = scene.start('env', [`PROVISIONING_HOST=${dps.address}`,
      `NODE_EXTRA_CA_CERTS=${scene.at('tutorial-ca.pem')}`,
      `NODE_PATH=${path.join(__dirname, 'node_modules')}`,
      process.execPath, path.join(examples, 'device.js'), ...args]);
    await once(child, 'close');
    return { code: child.exitCode, said: child.said };
  }
  const registers = async (hub, deviceId, id, ...args) => assert.deepStrictEqual(
    await device(id, ...args),
    { code: 0, said: `${id}: assigned to ${hub}, deviceId ${deviceId} (initialAssignment)\n` });
  const fails = async (why, id, key) => {
    const { code, said } = await device(id, key);
    assert.strictEqual(code, 1);
    assert(said.startsWith(`${id}: not registered, ${why}`), said);
  };
  const boots = () => registers(toasters, toaster, toaster, toasterKey, JSON.stringify(payload));
  await Promise.all([
    boots().then(boots),
    registers(heatpumps, heatpump, heatpump, heatpumpKey),
    registers(toasters, 'lab-toaster', lab, labKey),
    fails('ProvisioningRegistrationFailedError: 400207: Custom allocation failed with status code: 400\n',
      fridge, fridgeKey),
    fails('UnauthorizedError: {"errorCode":401002,', toaster, heatpumpKey),
  ]);
  await terminated(dps);
  await terminated(allocd);

  // What allocd was asked.
  const context = { registrationId: toaster, symmetricKey: {}, payload };
  assert.deepStrictEqual(
    fs.readFileSync(scene.at('contoso.jsonl'), 'utf8').trim().split('\n')
      .map((line) => JSON.parse(line).request.deviceRuntimeContext)
      .filter(({ registrationId }) => registrationId === toaster),
    [context, { ...context, currentIotHubHostName: toasters, currentDeviceId: toaster }]);

  // What the hubs hold.
  const toasterTwin = { tags: { deviceType: 'toaster' },
    properties: { desired: { state: 'ready', darknessSetting: 'medium' } } };
  const heatpumpTwin = { tags: { deviceType: 'heatpump' },
    properties: { desired: { state: 'on', temperatureSetting: '65' } } };
  assert.deepStrictEqual(JSON.parse(fs.readFileSync(scene.at('tutorial.json'), 'utf8')), {
    hubs: [
      { hub: toasters, devices: [{ deviceId: toaster, registrationId: toaster, twin: toasterTwin },
        { deviceId: 'lab-toaster', registrationId: lab, twin: toasterTwin }] },
      { hub: heatpumps,
        devices: [{ deviceId: heatpump, registrationId: heatpump, twin: heatpumpTwin }] },
    ],
    notAssigned: [{ registrationId: fridge, status: 'failed', errorCode: 400207,
      errorMessage: 'Custom allocation failed with status code: 400' }],
  });
}

module.exports = { tutorial };
