// What the servers are asked, and what must be answered.
import {readFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {isDeepStrictEqual} from 'node:util';
import {ask} from './client.mjs';

export const kRules = resolve(dirname(fileURLToPath(import.meta.url)), '../../../rules/contoso');
export const kRequestFile = join(kRules, 'request.json');

const read = (file) => readFileSync(file, 'utf8');
export const kRequest = read(kRequestFile);

// The answer that the tutorial's log shows, as in its request.
export const kAnswer = '{"iotHubHostName":"contoso-toasters-hub-1098.azure-devices.net",' +
  '"initialTwin":{"properties":{"desired":{"state":"ready","darknessSetting":"medium"}},' +
  '"tags":{"deviceType":"toaster"}}}';
const kHeatpumpAnswer = {
  iotHubHostName: 'contoso-heatpumps-hub-1098.azure-devices.net',
  initialTwin: {
    properties: {desired: {state: 'on', temperatureSetting: '65'}},
    tags: {deviceType: 'heatpump'},
  },
};
export const kRefusal = {status: 400, body: 'Unrecognized device registration.'};

function withId(registrationId) {
  const request = JSON.parse(kRequest);
  request.deviceRuntimeContext.registrationId = registrationId;
  return JSON.stringify(request);
}

function wrong(asked, answered) {
  return `to ${asked} it answered ${answered.status} ${answered.body.slice(0, 300)}`;
}

// The words for what is wrong with a server's answers; nothing where they are right.
export async function wrongAnswer(server) {
  const hear = (body) => ask({port: server.port, path: server.path, body});
  const isAllocation = ({status, body}, expected) => {
    try {
      return status === 200 && isDeepStrictEqual(JSON.parse(body), expected);
    } catch {
      return false;
    }
  };
  const toaster = await hear(kRequest);
  if (!isAllocation(toaster, JSON.parse(kAnswer))) return wrong('request.json', toaster);
  if (!server.decides) return undefined;
  const heatpump = await hear(read(join(kRules, 'request-heatpump.json')));
  if (!isAllocation(heatpump, kHeatpumpAnswer)) return wrong('request-heatpump.json', heatpump);
  const unknown = await hear(withId('lobby-contoso-fridge-001'));
  const {status, body} = server.refusal ?? kRefusal;
  if (unknown.status !== status || unknown.body.trimEnd() !== body)
    return wrong('an unknown registration ID', unknown);
  return undefined;
}
