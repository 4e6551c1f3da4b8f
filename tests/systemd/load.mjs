// Asks the webhook on 127.0.0.1:8080 over and over, each time on a connection of its own, until told to
// stop by the end of its input, for two minutes at most. Prints how many answers there were, and what
// failed: {"answers":100,"failures":{"ECONNREFUSED":1}}.
import http from 'node:http';

const clients = 8;
const body = JSON.stringify({
  deviceRuntimeContext: { registrationId: 'load' }, linkedHubs: ['hub.azure-devices.net'],
});
const failures = {};
let answers = 0;
let stopping = false;

function ask() {
  return new Promise((resolve) => {
    const fail = (what) => {
      failures[what] = (failures[what] ?? 0) + 1;
      resolve();
    };
    const request = http.request({
      agent: false, host: '127.0.0.1', port: 8080, path: '/allocate', method: 'POST',
      headers: { 'Content-Length': Buffer.byteLength(body) }, timeout: 30000,
    }, (response) => {
      response.resume();
      response.on('error', (error) => fail(error.code));
      response.on('end', () => {
        if (response.statusCode >= 500) return fail(`status ${response.statusCode}`);
        ++answers;
        resolve();
      });
    });
    request.on('timeout', () => request.destroy(Object.assign(new Error(), { code: 'slow' })));
    request.on('error', (error) => fail(error.code));
    request.end(body);
  });
}

async function client() {
  const end = Date.now() + 120000;
  while (!stopping && Date.now() < end) {
    await ask();
    // A pace that a busy machine keeps, too.
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

process.stdin.on('end', () => (stopping = true)).resume();
await Promise.all(Array.from({ length: clients }, client));
console.log(JSON.stringify({ answers, failures }));
process.exit(0);
