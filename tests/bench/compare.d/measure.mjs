// What is measured, one function each.
import {mkdtempSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {kRequest, kRequestFile} from './answers.mjs';
import {find, run, start, stop} from './children.mjs';
import {ask, connection, firstLine, freePorts} from './client.mjs';
import {cpuSeconds, memory, mostOpenFiles, tree} from './processes.mjs';
import {allocdCommand} from './servers.mjs';

const kHere = dirname(fileURLToPath(import.meta.url));
const kPatienceMillis = 20_000;
const kMostSecondsOfSilence = 10;

const wait = (millis) => new Promise((resolve) => setTimeout(resolve, millis));
const post = (server, agent) =>
  ask({port: server.port, path: server.path, body: kRequest, agent});

// Lets wrk ask for some seconds, with the bodies that stand in the lines of the server's `bodies`,
// a file, or else with request.json. Times are in microseconds. Throws where an answer is none.
export async function load(server, {connections, seconds, core}) {
  const pids = tree(server.child.pid);
  const before = cpuSeconds(pids);
  const wrk = await run(
    [find('wrk'), '-t', '1', '-c', String(connections), '-d', `${seconds}s`,
      '-s', join(kHere, 'wrk.lua'), `http://127.0.0.1:${server.port}${server.path}`],
    {core, env: server.bodies ? {COMPARE_BODIES: server.bodies} : {COMPARE_BODY: kRequestFile}});
  const cpu = cpuSeconds(pids) - before;
  const said = JSON.parse(wrk.output.trim().split('\n').at(-1));
  if (said.refused > 0 || said.broken > 0)
    throw new Error(`${server.name} at ${connections} connections: of ${said.requests} requests ` +
      `${said.refused} were refused, and ${said.broken} connections broke`);
  // Machines that have much else to do may let nobody have a turn for a second.
  if (said.requests === 0) {
    if (seconds > kMostSecondsOfSilence) throw new Error(`${server.name} does not answer wrk`);
    return load(server, {connections, seconds: 2 * seconds, core});
  }
  return {
    requestsPerSecond: said.requests / (said.micros / 1e6),
    p50: said.p50,
    p99: said.p99,
    p999: said.p999,
    cpuPerRequest: cpu * 1e6 / said.requests,
    busy: cpu / (said.micros / 1e6),  // 1 is all of the core
  };
}

export const memoryOf = (server) => memory(tree(server.child.pid));

// Milliseconds from spawning allocd to its first 200 on /readyz; the best of `times`, as nothing
// but other work on the machine makes it longer. Not bound to a core: that would take time, too.
export async function startToReady(allocd, {folder, times}) {
  const millis = [];
  for (let i = 0; i < times; ++i) {
    const [port, adminPort] = await freePorts(2);
    const place = mkdtempSync(join(folder, 'start-'));
    const command = allocdCommand(allocd, {port, adminPort, folder: place});
    const began = performance.now();
    const child = start(command, {bare: true});
    while (!(await firstLine(adminPort, '/readyz')).startsWith('HTTP/1.1 200 '))
      if (child.hasEnded || performance.now() > began + kPatienceMillis)
        throw new Error(`allocd does not get ready: ${child.errors.trim()}`);
    millis.push(performance.now() - began);
    await stop(child);
  }
  return Math.min(...millis);
}

// How often each system call is made for a request on connections that stay:
// `{total, calls: {recvfrom: 1, …}}`, or `{skipped: why}`.
export async function syscalls(server, {connections, requests, folder}) {
  const strace = find('strace');
  if (!strace) return {skipped: 'strace is not installed'};
  const agents = Array.from({length: connections}, connection);
  await Promise.all(agents.map((agent) => post(server, agent)));

  const table = join(mkdtempSync(join(folder, 'strace-')), 'table');
  const pids = tree(server.child.pid);
  const tracer = start([strace, '-f', '-c', '-o', table, ...pids.flatMap((pid) => ['-p', pid])]);
  const attached = () => (tracer.errors.match(/ attached/g) ?? []).length >= pids.length;
  const deadline = Date.now() + kPatienceMillis;
  while (!attached() && !tracer.hasEnded && Date.now() < deadline) await wait(5);
  if (!attached()) {
    await stop(tracer);
    for (const agent of agents) agent.destroy();
    return {skipped: `strace may not look: ${tracer.errors.trim()}`};
  }

  const each = Math.ceil(requests / connections);
  await Promise.all(agents.map(async (agent) => {
    for (let i = 0; i < each; ++i) await post(server, agent);
  }));
  tracer.kill('SIGINT');
  await tracer.ended;
  for (const agent of agents) agent.destroy();

  // % time, seconds, usecs/call, calls, errors where there are any, name
  const rows = readFileSync(table, 'utf8').split('\n').map((line) => line.trim().split(/\s+/))
    .filter((row) => /^\d/.test(row[0] ?? '') && row.at(-1) !== 'total');
  const calls = Object.fromEntries(rows.map((row) =>
    [row.at(-1), Number(row[3]) / (each * connections)]));
  return {total: Object.values(calls).reduce((a, b) => a + b, 0), calls};
}

// What connections cost that had an answer each and stay open without a further request: the part
// of a core, and memory. Or `{connections, skipped: why}`.
export async function idle(server, {connections, seconds}) {
  if (mostOpenFiles() < connections + 200)
    return {connections, skipped: `no more than ${mostOpenFiles()} files may be open (ulimit -n)`};
  const agents = Array.from({length: connections}, connection);
  const kAtOnce = 64;
  for (let i = 0; i < agents.length; i += kAtOnce)
    await Promise.all(agents.slice(i, i + kAtOnce).map((agent) => post(server, agent)));

  const pids = tree(server.child.pid);
  const before = cpuSeconds(pids);
  await wait(seconds * 1000);
  const core = (cpuSeconds(pids) - before) / seconds;
  const stayed = agents.filter((agent) => Object.keys(agent.freeSockets).length > 0).length;
  const result = {connections, stayed, core, ...memory(pids)};
  for (const agent of agents) agent.destroy();
  return result;
}
