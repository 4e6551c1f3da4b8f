// Devices of the Azure IoT device SDK, unchanged, register through `allocd simulate` in front of
// `allocd serve`: the tutorial's (tutorial.cjs), and for everything else that can become of a device one
// of ours. Each is told what DPS would tell it, the webhook was asked what DPS would ask, and the report
// in the end is what the devices were told.
'use strict';
const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const crypto = require('node:crypto');
const dns = require('node:dns');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const { ProvisioningDeviceClient } = require('azure-iot-provisioning-device');
const { Http } = require('azure-iot-provisioning-device-http');
const { SymmetricKeySecurityClient } = require('azure-iot-security-symmetric-key');
const { X509Security } = require('azure-iot-security-x509');
const { Scene } = require('../support/behind_nginx.cjs');
const { answerOf, freePort } = require('../support/scripts.cjs');
const { serve, simulate, terminated } = require('./processes.cjs');
const { tutorial } = require('./tutorial.cjs');

const scene = new Scene('sdk', process.argv[2]);
const read = (name) => fs.readFileSync(scene.at(name), 'utf8');

// ---- The rules and who is enrolled

const east = 'ovens-east.azure-devices.net';
const west = 'ovens-west.azure-devices.net';
const rules = `version: 1
rules:
  - name: scrapped
    match: {payload.scrapped: true}
    reject: "It was scrapped."
  - name: homeless
    match: {payload.site: nowhere}
    noHub: "There is no hub nowhere."
  - name: stolen
    match: {payload.stolen: true}
    unauthorized: "It was stolen."
  - name: moving
    match: {payload.moving: true}
    retryLater: "The plant is being moved."
  - name: certified
    match: {certificate.issuer.CN: {exists: true}}
    allocate: {hub: ovens-east, initialTwin: {tags: {maker: "\${certificate.issuer.CN}"}}}
  - name: west
    match: {payload.site: west}
    allocate: {hub: ovens-west, initialTwin: {tags: {site: west}}, onNoHub: continue}
  - name: east
    allocate:
      hub: ovens-east
      initialTwin: {tags: {site: east}}
      payload: {welcome: "\${registrationId}"}
`;

const keys = Object.fromEntries(['ovens', 'migrate', 'reset', 'never', 'first', 'second', 'asleep']
  .map((name) => [name, crypto.randomBytes(32).toString('base64')]));
const enrollments = `idScope: 0ne00002193
linkedHubs: [${east}, ${west}]
enrollmentGroups:
  - enrollmentGroupId: ovens
    attestation: {type: symmetricKey, primaryKey: ${keys.ovens}}
  - enrollmentGroupId: migrate
    attestation: {type: symmetricKey, primaryKey: ${keys.migrate}}
    reprovisionPolicy: {updateHubAssignment: true, migrateDeviceData: true}
  - enrollmentGroupId: reset
    attestation: {type: symmetricKey, primaryKey: ${keys.reset}}
    reprovisionPolicy: {updateHubAssignment: true, migrateDeviceData: false}
  - enrollmentGroupId: never
    attestation: {type: symmetricKey, primaryKey: ${keys.never}}
    reprovisionPolicy: {updateHubAssignment: false, migrateDeviceData: false}
  - enrollmentGroupId: lines
    attestation: {type: x509, signingCertificate: root-ca.pem}
  - enrollmentGroupId: presses
    attestation: {type: x509, signingCertificate: press-ca.pem}
individualEnrollments:
  - registrationId: two-keys
    deviceId: renamed
    attestation: {type: symmetricKey, primaryKey: ${keys.first}, secondaryKey: ${keys.second}}
  - registrationId: asleep
    attestation: {type: symmetricKey, primaryKey: ${keys.asleep}}
    provisioningStatus: disabled
  - registrationId: hand-made
    attestation: {type: x509, clientCertificate: hand-made.pem}
`;

// NAME.pem and NAME.key, signed by themselves or by `signer`. Authorities are called so.
function certify(name, commonName, signer) {
  const isAuthority = name.endsWith('-ca');
  execFileSync('openssl', ['req', '-config', scene.at('openssl.cnf'), '-x509', '-newkey', 'ec',
    '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${commonName}`,
    '-addext', `basicConstraints=critical,CA:${isAuthority ? 'TRUE' : 'FALSE'}`,
    ...(signer ? ['-CA', scene.at(`${signer}.pem`), '-CAkey', scene.at(`${signer}.key`)] : []),
    '-keyout', scene.at(`${name}.key`), '-out', scene.at(`${name}.pem`)], { stdio: 'pipe' });
}

function certifyAll() {
  fs.writeFileSync(scene.at('openssl.cnf'), '[req]\ndistinguished_name = none\n[none]\n');
  certify('root-ca', 'Contoso Root');
  certify('line-ca', 'Line CA', 'root-ca');
  certify('line-1', 'line-1', 'line-ca');
  certify('press-ca', 'Press CA', 'root-ca');
  certify('press-1', 'press-1', 'press-ca');
  certify('hand-made', 'hand-made');
  certify('copied-hand-made', 'hand-made');
  certify('stranger', 'stranger');
}

// ---- A webhook that hands requests on to allocd, keeps them by device, and is out of order for a
// device as often as `outages` says.

let allocd;
const asked = new Map();
const outages = new Map();

async function startWebhook() {
  const server = http.createServer(async (request, response) => {
    let text = '';
    for await (const data of request) text += data;
    const id = JSON.parse(text).deviceRuntimeContext.registrationId;
    asked.set(id, [...(asked.get(id) ?? []), JSON.parse(text)]);
    const left = outages.get(id) ?? 0;
    outages.set(id, left - 1);
    if (left > 0) return response.writeHead(503).end();
    const answer = await answerOf(http.request(`http://${allocd.address}${request.url}`, { agent: false,
      method: 'POST', headers: { 'Content-Length': Buffer.byteLength(text) } }), text);
    response.writeHead(answer.status, { 'Content-Type': answer.headers['content-type'] }).end(answer.text);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${server.address().port}`;
}

// ---- Devices

const derived = (group, id) =>
  crypto.createHmac('sha256', Buffer.from(keys[group], 'base64')).update(id).digest('base64');
const withKey = (id, key) => new SymmetricKeySecurityClient(id, key);
const oven = (id) => withKey(id, derived('ovens', id));
// One that shows the certificate of that name, and further ones.
const certified = (id, name, ...further) => new X509Security(id,
  { cert: [name, ...further].map((one) => read(`${one}.pem`)).join(''), key: read(`${name}.key`) });

async function register(security, payload, host = 'localhost') {
  const device = ProvisioningDeviceClient.create(host, '0ne00002193', new Http(), security);
  if (payload) device.setProvisioningPayload(payload);
  return device.register();
}

// What the devices of the main local DPS were told last: where they are, and what has failed since.
const homes = new Map();
const failures = new Map();

async function assigned(id, registration) {
  const told = await registration;
  assert.strictEqual(told.status, 'assigned');
  assert.strictEqual(told.registrationId, id);
  homes.set(id, { hub: told.assignedHub, deviceId: told.deviceId });
  failures.delete(id);
  return told;
}

// What the SDK makes of a registration that must not succeed.
const mistake = (registration) => registration.then(
  (told) => assert.fail(`it was registered: ${JSON.stringify(told)}`), (error) => error);

async function failed(code, message, registration) {
  const { name, result } = await mistake(registration);
  assert.strictEqual(name, 'ProvisioningRegistrationFailedError');
  const { status, errorCode, errorMessage } = result.registrationState;
  assert.deepStrictEqual([result.status, status, errorCode, errorMessage], ['failed', 'failed', code, message]);
  return { status, errorCode, errorMessage };
}

async function unauthorized(why, registration) {
  const { name, responseBody } = await mistake(registration);
  assert.strictEqual(name, 'UnauthorizedError');
  const { errorCode, message } = JSON.parse(responseBody);
  assert.strictEqual(errorCode, 401002);
  assert.match(message, why);
}

// ---- What becomes of them

const firmware = { MyDeviceFirmwareVersion: '12.0.2.5' };

const cases = {
  'the tutorial': () => tutorial(scene),

  'many side by side': () => Promise.all(Array.from({ length: 20 }, async (_, i) => {
    const [id, site] = [`oven-${i}`, i % 2 === 0 ? 'west' : 'east'];
    const told = await assigned(id, register(oven(id), { site }));
    assert.strictEqual(told.assignedHub, site === 'west' ? west : east);
    assert.strictEqual(told.deviceId, id);
    assert.strictEqual(told.substatus, 'initialAssignment');
    assert.deepStrictEqual(told.symmetricKey, { enrollmentGroupId: 'ovens' });
    assert.deepStrictEqual(told.payload, site === 'west' ? undefined : { welcome: id });
    assert.deepStrictEqual(asked.get(id).map((one) => one.deviceRuntimeContext),
      [{ registrationId: id, symmetricKey: {}, payload: { site } }]);
  })),

  'the second of two keys of its own': async () => {
    const told = await assigned('two-keys', register(withKey('two-keys', keys.second)));
    assert.strictEqual(told.deviceId, 'renamed');
    assert.deepStrictEqual(told.payload, { welcome: 'two-keys' });
    const [{ individualEnrollment }] = asked.get('two-keys');
    assert.strictEqual(individualEnrollment.deviceId, 'renamed');
    assert.deepStrictEqual(individualEnrollment.attestation, { type: 'symmetricKey' });
  },

  'a certificate of a group of the root, with what lies between': async () => {
    const told = await assigned('line-1', register(certified('line-1', 'line-1', 'line-ca')));
    assert.strictEqual(told.assignedHub, east);
    assert.strictEqual(told.x509.enrollmentGroupId, 'lines');
    const { raw, fingerprint256 } = new crypto.X509Certificate(read('line-1.pem'));
    assert.strictEqual(told.x509.certificateInfo.sha256Thumbprint.toUpperCase(),
      fingerprint256.replaceAll(':', ''));
    assert.deepStrictEqual(asked.get('line-1').map((one) => one.deviceRuntimeContext),
      [{ registrationId: 'line-1', x509: { clientCertificate: raw.toString('base64') } }]);
  },

  'a certificate of a group of what lies between': async () => {
    const told = await assigned('press-1', register(certified('press-1', 'press-1')));
    assert.strictEqual(told.x509.enrollmentGroupId, 'presses');
  },

  'a certificate of its own': async () => {
    await assigned('hand-made', register(certified('hand-made', 'hand-made'), firmware));
    const [{ individualEnrollment, deviceRuntimeContext }] = asked.get('hand-made');
    assert.strictEqual(individualEnrollment.registrationId, 'hand-made');
    assert.deepStrictEqual(deviceRuntimeContext.payload, firmware);
  },

  'no credentials of theirs': () => Promise.all([
    unauthorized(/no key that a group derives/, register(withKey('oven-false', keys.second))),
    unauthorized(/no key of individual enrollment/, register(oven('two-keys'))),
    unauthorized(/wants a certificate, not a token/, register(oven('hand-made'))),
    unauthorized(/^Invalid certificate/, register(certified('stranger', 'stranger'))),
    unauthorized(/^Invalid certificate/, register(certified('line-1', 'line-1'))),
    unauthorized(/^Invalid certificate/, register(certified('line-2', 'line-1', 'line-ca'))),
    unauthorized(/^Invalid certificate/, register(certified('hand-made', 'copied-hand-made'))),
  ]),

  'refused by a rule': () => Promise.all([
    ['oven-scrapped', { scrapped: true }, 400207, 'Custom allocation failed with status code: 400'],
    ['oven-homeless', { site: 'nowhere' }, 400208, 'Custom allocation did not specify an IoT hub'],
    ['oven-stolen', { stolen: true }, 400209, 'Custom allocation failed with unauthorized access'],
  ].map(async ([id, payload, code, message]) =>
    failures.set(id, await failed(code, message, register(oven(id), payload))))),

  'refused when it has a hub': async () => {
    await assigned('oven-old', register(oven('oven-old')));
    failures.set('oven-old', await failed(400207, 'Custom allocation failed with status code: 400',
      register(oven('oven-old'), { scrapped: true })));
  },

  // The SDK has no word for it.
  'a disabled enrollment': async () => {
    const { name, message, result } = await mistake(register(withKey('asleep', keys.asleep)));
    assert.deepStrictEqual([name, message], ['SyntaxError', 'status is disabled']);
    failures.set('asleep', { status: result.registrationState.status });
    assert.strictEqual(asked.get('asleep'), undefined);
  },

  'a webhook that is out of order twice': async () => {
    outages.set('oven-patient', 2);
    const told = await assigned('oven-patient', register(oven('oven-patient'), firmware));
    assert.strictEqual(told.assignedHub, east);
    const [first, ...again] = asked.get('oven-patient');
    assert.deepStrictEqual(again, [first, first]);
  },

  'a webhook that never knows': async () => {
    failures.set('oven-moving', await failed(400207, 'Custom allocation failed with status code: 503',
      register(oven('oven-moving'), { moving: true })));
    assert.strictEqual(asked.get('oven-moving').length, 11);
  },

  'a webhook that is not there': async () => {
    const socketPath = scene.at('alone.sock');
    const dps = await simulate(scene, `127.0.0.1:${await freePort()}`, scene.at('enrollments.yaml'),
      '--http', '--listen', `unix:${socketPath}`, '--time-scale', '0.0001');
    await failed(400207, 'Custom allocation failed with status code: 503',
      register(oven('oven-alone'), firmware, { socketPath }));
    await terminated(dps);
    assert.strictEqual(dps.said.match(/^oven-alone: asked again in /gm).length, 10);
  },

  'a Unix socket, without TLS': async () => {
    const socketPath = scene.at('dps.sock');
    const dps = await simulate(scene, allocd.address, scene.at('enrollments.yaml'),
      '--http', '--listen', `unix:${socketPath}`);
    const told = await register(oven('oven-near'), firmware, { socketPath });
    assert.deepStrictEqual([told.status, told.assignedHub], ['assigned', east]);
    await terminated(dps);
  },

  // The second time it is where the rules would move it, unless it may not.
  'moves': () => Promise.all([
    { group: 'migrate', hub: west, substatus: 'deviceDataMigrated', linked: [east, west] },
    { group: 'reset', hub: west, substatus: 'deviceDataReset', linked: [east, west] },
    // The SDK's version of the API has no other word for that.
    { group: 'never', hub: east, substatus: 'initialAssignment', linked: [east] },
  ].map(async ({ group, hub, substatus, linked }) => {
    const id = `mover-${group}`;
    const device = withKey(id, derived(group, id));
    const first = await assigned(id, register(device, { site: 'east' }));
    assert.deepStrictEqual([first.assignedHub, first.substatus], [east, 'initialAssignment']);
    const second = await assigned(id, register(device, { site: 'west' }));
    assert.deepStrictEqual([second.assignedHub, second.substatus], [hub, substatus]);
    assert.strictEqual(second.createdDateTimeUtc, first.createdDateTimeUtc);
    assert.deepStrictEqual(
      asked.get(id).map(({ deviceRuntimeContext: context, linkedHubs }) =>
        [context.currentIotHubHostName, context.currentDeviceId, linkedHubs]),
      [[undefined, undefined, [east, west]], [east, id, linked]]);
  })),
};

// The devices are where they were told to go, in the order of their IDs.
function checkReport(report) {
  const inOrder = (told) => [...told].sort(([a], [b]) => (a < b ? -1 : 1));
  const on = (hub) => inOrder(homes).filter(([, home]) => home.hub === hub)
    .map(([registrationId, { deviceId }]) => ({ registrationId, deviceId }));
  assert.deepStrictEqual(
    report.hubs.map(({ hub, devices }) =>
      [hub, devices.map(({ registrationId, deviceId }) => ({ registrationId, deviceId }))]),
    [[east, on(east)], [west, on(west)]]);
  assert.deepStrictEqual(report.notAssigned,
    inOrder(failures).map(([registrationId, failure]) => ({ registrationId, ...failure })));

  const tags = Object.fromEntries(report.hubs.flatMap(({ devices }) => devices)
    .map(({ registrationId, twin }) => [registrationId, twin.tags]));
  assert.deepStrictEqual(tags['mover-migrate'], { site: 'east' });
  assert.deepStrictEqual(tags['mover-reset'], { site: 'west' });
  assert.deepStrictEqual(tags['mover-never'], { site: 'east' });
  assert.deepStrictEqual(tags['line-1'], { maker: 'Line CA' });
}

async function main() {
  certifyAll();
  fs.writeFileSync(scene.at('rules.yaml'), rules);
  fs.writeFileSync(scene.at('enrollments.yaml'), enrollments);
  allocd = await serve(scene, 'ovens', scene.at('rules.yaml'));
  const dps = await simulate(scene, await startWebhook(), scene.at('enrollments.yaml'),
    '--listen', '127.0.0.1:0', '--ca-out', scene.at('ca.pem'), '--time-scale', '0.01',
    '--report', scene.at('report.json'));
  dns.setDefaultResultOrder('ipv4first'); // localhost may be ::1, too
  https.globalAgent.defaultPort = Number(dps.address.split(':')[1]);
  https.globalAgent.options.ca = read('ca.pem');

  // All at once, for devices wait most of the time: they ask every three seconds.
  const wrong = [];
  await Promise.all(Object.entries(cases).map(([name, run]) =>
    run().catch((error) => wrong.push(`\n${name}:`, error))));
  if (wrong.length > 0) {
    console.error(...wrong, `\nThe local DPS said:\n${dps.said}`);
    throw new Error(`of ${Object.keys(cases).length} cases, ${wrong.length / 2} went wrong`);
  }
  await terminated(dps);
  assert.match(dps.said, /^oven-scrapped: the webhook answered 400 "It was scrapped\."$/m);
  checkReport(JSON.parse(read('report.json')));
  await terminated(allocd);
  console.log(`sdk: ${Object.keys(cases).length} cases; ${homes.size} devices are where they were told, ` +
    `${failures.size} were told why not`);
}

scene.play(main);
