// Asks HTTP servers on this machine.
import {once} from 'node:events';
import {Agent, request} from 'node:http';
import {connect, createServer} from 'node:net';

const kPatienceMillis = 20_000;

// A connection that stays, for one request after the other.
export const connection = () => new Agent({keepAlive: true, maxSockets: 1});

// `{status, body}`. A POST where there is a body, else a GET.
export function ask({port, path, body, agent = false}) {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const headers = {'Content-Type': 'application/json'};
    if (body !== undefined) headers['Content-Length'] = Buffer.byteLength(body);
    const out = request({host: '127.0.0.1', port, path, method, headers, agent}, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece) => { text += piece; });
      response.on('end', () => resolve({status: response.statusCode, body: text}));
      response.on('error', reject);
    });
    out.on('error', reject);
    out.setTimeout(kPatienceMillis, () => out.destroy(new Error(`no answer from port ${port}`)));
    out.end(body);
  });
}

// The first line of what is said to a GET, with as little work here as can be; nothing where
// nobody listens.
export function firstLine(port, path) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('connect', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`));
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (text.includes('\r\n')) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text.split('\r\n')[0]));
  });
}

export async function freePorts(count) {
  const servers = Array.from({length: count}, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
