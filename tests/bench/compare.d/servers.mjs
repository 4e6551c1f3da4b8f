// Who is compared, and how each server is started.
import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {kAnswer, kRefusal, kRequest, kRules} from './answers.mjs';
import {find, start, stop} from './children.mjs';
import {ask, freePorts} from './client.mjs';

const kHere = dirname(fileURLToPath(import.meta.url));
const kReadyWithinMillis = 20_000;

const isThere = (file) => existsSync(file);
const output = (command, words) =>
  execFileSync('sh', ['-c', '"$0" "$@" 2>&1', command, ...words], {encoding: 'utf8'});

// The command that serves allocd on one thread, without a log as the others.
export function allocdCommand(allocd, {port, adminPort, folder}, rules = kRules) {
  const config = join(folder, 'allocd.yaml');
  writeFileSync(config, `listen: 127.0.0.1:${port}\nadminListen: 127.0.0.1:${adminPort}\n` +
    'limits: {threads: 1, connections: 4096}\nlog: {level: warn}\n');
  return [allocd, 'serve', '--config', config, '--rules', rules];
}

function nginxCommand(nginx, {port, folder}, modules, answer) {
  const parts = {
    port,
    answer,
    modules: modules.map((file) => `load_module "${file}";`).join('\n'),
    // Its worker would not be let into a folder of root's otherwise.
    user: process.getuid() === 0 ? 'user root root;' : '',
  };
  const config = join(folder, 'nginx.conf');
  const template = readFileSync(join(kHere, 'nginx.conf'), 'utf8');
  writeFileSync(config, template.replace(/@(\w+)@/g, (_, name) => String(parts[name])));
  return [nginx, '-e', 'stderr', '-p', folder, '-c', config];
}

function nginxFixed() {
  const nginx = find('nginx');
  return {
    name: 'nginx, fixed answer',
    decides: false,
    missing: nginx ? undefined : 'nginx is not installed',
    version: () => output(nginx, ['-v']),
    command: (place) => nginxCommand(nginx, place, [], `return 200 '${kAnswer}';`),
  };
}

function nginxLua() {
  const nginx = find('nginx');
  const folder = nginx && output(nginx, ['-V']).match(/--modules-path=(\S+)/)?.[1];
  const modules = ['ndk_http_module.so', 'ngx_http_lua_module.so'].map((file) =>
    join(folder ?? '/usr/lib/nginx/modules', file));
  const libraries = readdirSync('/usr/lib').map((architecture) =>
    join('/usr/lib', architecture, 'lua/5.1/cjson.so'));
  return {
    name: 'nginx + Lua',
    decides: true,
    missing: nginx && modules.every(isThere) && libraries.some(isThere) ?
      undefined : 'of nginx, libnginx-mod-http-lua and lua-cjson not all are installed',
    command: (place) =>
      nginxCommand(nginx, place, modules, `content_by_lua_file "${join(kHere, 'tutorial.lua')}";`),
  };
}

function openPolicyAgent() {
  const opa = find('opa');
  return {
    name: 'Open Policy Agent',
    decides: true,
    path: '/v0/data/contoso/answer',
    refusal: {status: 200, body: JSON.stringify(kRefusal.body)},
    missing: opa ? undefined : 'there is no command `opa` (no Debian package has it)',
    version: () => `Open Policy Agent, ${output(opa, ['version'])}`,
    env: {GOMAXPROCS: '1'},
    command: ({port}) => [opa, 'run', '--server', '--addr', `127.0.0.1:${port}`,
      '--disable-telemetry', '--log-level', 'error', join(kHere, 'tutorial.rego')],
  };
}

// The servers in the order in which they take turns. `command` is given free ports and an empty
// folder; `missing` is why a server cannot be started.
export function servers(allocd) {
  return [
    {
      name: 'allocd',
      decides: true,
      version: () => output(allocd, ['version']),
      command: (place) => allocdCommand(allocd, place),
    },
    nginxFixed(),
    nginxLua(),
    {
      name: 'Node.js',
      decides: true,
      version: () => `Node.js ${process.version}`,
      command: ({port}) => [process.execPath, join(kHere, 'tutorial.mjs'), String(port)],
    },
    openPolicyAgent(),
  ].map((server) => ({path: '/allocate', ...server}));
}

// Starts a server in a folder of its own and waits until it answers. Adds `port` and `child` to it.
export async function startServer(server, {folder, core}) {
  mkdirSync(folder);
  const [port, adminPort] = await freePorts(2);
  const child = start(server.command({port, adminPort, folder}), {core, env: server.env});
  const deadline = Date.now() + kReadyWithinMillis;
  const trouble = (what) => new Error(`${server.name} ${what}: ${child.errors.trim()}`);
  for (;;) {
    if (child.hasEnded) throw trouble('did not start');
    if (Date.now() > deadline) throw trouble('does not answer');
    try {
      await ask({port, path: server.path, body: kRequest});
      return Object.assign(server, {port, child});
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

// Throws where one did not end well.
export async function stopServers(all) {
  for (const {name, child} of all) {
    const {code, signal} = await stop(child);
    if (code !== 0 && signal !== 'SIGTERM')
      throw new Error(`${name} ended with ${code ?? signal}: ${child.errors.trim()}`);
  }
}
