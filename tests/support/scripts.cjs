// What tests that are scripts share.
'use strict';
const { once } = require('node:events');
const net = require('node:net');

// Waits for what can be observed; throws after 20 seconds, naming `what`: a text,
// or a function that makes it then.
async function until(what, holds) {
  const end = Date.now() + 20000;
  while (!(await holds())) {
    if (Date.now() > end)
      throw new Error(`waited in vain for ${typeof what === 'function' ? what() : what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

// What a response became: { status, headers, text }.
function answerOf(request, body) {
  return new Promise((resolve, reject) => {
    request.on('response', (response) => {
      let text = '';
      response.on('data', (data) => (text += data));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

module.exports = { answerOf, freePort, until };
