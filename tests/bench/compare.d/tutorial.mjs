// The function of Microsoft's tutorial on custom allocation on Node's own HTTP server.
// usage: node tutorial.mjs PORT
import {createServer} from 'node:http';

const kProductLines = [
  {
    mark: '-contoso-tstrsd-007',
    hubMark: '-toasters-',
    noHub: 'No toasters hub found for the enrollment.',
    twin: {
      properties: {desired: {state: 'ready', darknessSetting: 'medium'}},
      tags: {deviceType: 'toaster'},
    },
  },
  {
    mark: '-contoso-hpsd-088',
    hubMark: '-heatpumps-',
    noHub: 'No heat pumps hub found for the enrollment.',
    twin: {
      properties: {desired: {state: 'on', temperatureSetting: '65'}},
      tags: {deviceType: 'heatpump'},
    },
  },
];

const refused = (body) => ({status: 400, type: 'text/plain', body});

function answer(text) {
  const data = JSON.parse(text);
  const id = data.deviceRuntimeContext?.registrationId;
  if (id == null) return refused('Registration ID not provided for the device.');
  if (data.linkedHubs == null) return refused('No hub group defined for the enrollment.');
  const line = kProductLines.find(({mark}) => id.includes(mark));
  if (!line) return refused('Unrecognized device registration.');
  let chosen = null;
  for (const hub of data.linkedHubs) if (hub.includes(line.hubMark)) chosen = hub;
  if (chosen === null) return refused(line.noHub);
  const body = JSON.stringify({iotHubHostName: chosen, initialTwin: line.twin});
  return {status: 200, type: 'application/json', body};
}

const server = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (piece) => { text += piece; });
  request.on('end', () => {
    const {status, type, body} = answer(text);
    response.writeHead(status, {'Content-Type': type, 'Content-Length': Buffer.byteLength(body)});
    response.end(body);
  });
});
server.keepAliveTimeout = 3_600_000;
server.listen(Number(process.argv[2]), '127.0.0.1', 4096);
