// The servers that are asked, each with `verdict(bytes)`: which requests it answered, as
// `{method, target, body}`, and the status of its refusal, 0 where it refused none.
import {execFileSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {find, start} from '../bench/compare.d/children.mjs';
import {freePorts} from '../bench/compare.d/client.mjs';
import {kWrittenFor} from './cases.mjs';
import {answers, talk} from './wire.mjs';

const kHere = dirname(fileURLToPath(import.meta.url));
const kReadyWithinMillis = 20_000;
const kRules = `version: 1
rules:
  - name: any
    match: {registrationId: {startsWith: a}}
    allocate:
      hub: "*"
      initialTwin: {tags: {id: "\${registrationId}"}}
`;

async function until(child, name, port) {
  const deadline = Date.now() + kReadyWithinMillis;
  for (;;) {
    if (child.hasEnded) throw new Error(`${name} did not start: ${child.errors.trim()}`);
    if (Date.now() > deadline) throw new Error(`${name} does not answer: ${child.errors.trim()}`);
    const {text} = await talk(port, ['GET / HTTP/1.1\r\nHost: h\r\n\r\n']);
    if (text !== '') return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// What is no answer of the handler is a refusal, and says why.
function isRefusal({status, head}) {
  return status >= 400 && !/^x-allocd-decision:/m.test(head) && status !== 404 && status !== 405;
}

function allocdVerdict({text, wasCut}) {
  const all = answers(text);
  const refused = all.filter(isRefusal);
  const last = all.at(-1);
  return {
    answers: all.filter((answer) => !isRefusal(answer)),
    status: refused[0]?.status ?? 0,
    why: refused[0]?.body.trim() ?? '',
    closes: last !== undefined && /^Connection: close\r?$/m.test(last.head),
    wasCut,
    // Nothing follows a refusal, and no exception was thrown.
    isSound: refused.length <= 1 && (refused.length === 0 || refused[0] === last) &&
      all.every(({status}) => status >= 200 && status !== 500),
  };
}

export async function startAllocd(binary, folder) {
  const [port, adminPort] = await freePorts(2);
  const config = join(folder, 'allocd.yaml');
  writeFileSync(config, `listen: 127.0.0.1:${port}\nadminListen: 127.0.0.1:${adminPort}\n`);
  const rules = join(folder, 'rules.yaml');
  writeFileSync(rules, kRules);
  const child = start([binary, 'serve', '--config', config, '--rules', rules]);
  await until(child, 'allocd', port);
  return {child, verdict: async (...pieces) => allocdVerdict(await talk(port, pieces))};
}

// Notes the requests of each client, by the port it has; whole ones only.
function notes() {
  const byPort = new Map();
  return {
    begin: (port) => { byPort.set(port, []); },
    take(port) {
      const requests = byPort.get(port);
      byPort.delete(port);
      return requests;
    },
    write(port, method, target, request, response) {
      const pieces = [];
      request.on('data', (piece) => pieces.push(piece));
      request.on('end', () => {
        byPort.get(port)?.push({method, target, body: Buffer.concat(pieces).toString('latin1')});
        response.end();
      });
    },
  };
}

// With the settings it has by itself.
export async function startNode() {
  const noted = notes();
  const errors = new Map(); // by port: the first is the verdict
  const server = createServer((request, response) =>
    noted.write(request.socket.remotePort, request.method, request.url, request, response));
  const ports = new WeakMap(); // a socket that was closed forgets its own
  server.on('connection', (socket) => ports.set(socket, socket.remotePort));
  server.on('clientError', (error, socket) => {
    const port = ports.get(socket);
    if (!errors.has(port)) errors.set(port, error.code);
    // The requests before it get their bodies only now.
    setImmediate(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address();
  return {
    name: 'node',
    version: `Node.js ${process.version}`,
    isKnown: kWrittenFor.node.test(process.version),
    close: () => server.close(),
    async verdict(bytes) {
      let from;
      const {text} = await talk(port, [bytes], (port) => {
        noted.begin(from = port);
        errors.delete(port);
      });
      const refusal = answers(text).find(({status}) => status >= 400);
      const error = errors.get(from) ?? '';
      // Neither an end before the request's nor one that was agreed upon is a refusal.
      const isRefused = error !== '' && !/INVALID_EOF_STATE|CLOSED_CONNECTION|^E/.test(error);
      const status = isRefused ? 400 : refusal?.status ?? 0;
      return {requests: noted.take(from), status, why: error};
    },
  };
}

// Nothing where it is not installed. What it took for requests is asked of the server behind it.
export async function startNginx(folder) {
  const nginx = find('nginx');
  if (!nginx) return undefined;
  const noted = notes();
  const notary = createServer({keepAliveTimeout: 0}, (request, response) => {
    const {'x-client': client, 'x-method': method, 'x-target': target} = request.headers;
    // It tells the path after a host as it came, which may be empty.
    noted.write(Number(client), method, target.replace(/^(?!\/)/, '/'), request, response);
  });
  notary.listen(0, '127.0.0.1');
  await once(notary, 'listening');
  const [port] = await freePorts(1);
  const parts = {
    port,
    notary: notary.address().port,
    // Its worker would not be let into a folder of root's otherwise.
    user: process.getuid() === 0 ? 'user root root;' : '',
  };
  const own = join(folder, 'nginx');
  mkdirSync(own);
  const config = join(own, 'nginx.conf');
  const template = readFileSync(join(kHere, 'nginx.conf'), 'utf8');
  writeFileSync(config, template.replace(/@(\w+)@/g, (_, name) => String(parts[name])));
  const child = start([nginx, '-e', 'stderr', '-p', own, '-c', config]);
  await until(child, 'nginx', port);
  const version = execFileSync('sh', ['-c', '"$0" -v 2>&1', nginx], {encoding: 'utf8'})
    .match(/nginx\/\S+/)[0];
  return {
    name: 'nginx',
    version,
    isKnown: kWrittenFor.nginx.test(version),
    close: () => notary.close(),
    async verdict(bytes) {
      let from;
      const {text} = await talk(port, [bytes], (port) => noted.begin(from = port));
      const status = answers(text).find(({status}) => status >= 400)?.status ?? 0;
      if (status > 501 && status !== 505)
        throw new Error(`nginx answers ${status}: ${child.errors}`);
      return {requests: noted.take(from), status, why: ''};
    },
  };
}
