// Holds allocd's webhook against other servers that give the same answer, all on one core, in
// turns. A benchmark and no test: it fails where a server answers wrongly, never for being slow.
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {arch, cpus, release, tmpdir} from 'node:os';
import {join} from 'node:path';
import {wrongAnswer} from './answers.mjs';
import {stop, stopAll} from './children.mjs';
import {idle, load, memoryOf, startToReady, syscalls} from './measure.mjs';
import {Misuse, checkTools, kUsage, readOptions} from './options.mjs';
import {cores, tree} from './processes.mjs';
import {medians, reached, report, targets} from './report.mjs';
import {servers, startServer} from './servers.mjs';

const kTracedConnections = [1, 16];

const say = (text) => console.log(text);
const progress = (text) => { if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`); };

function describeMachine() {
  const system = readFileSync('/etc/os-release', 'utf8').match(/^PRETTY_NAME="?([^"\n]*)/m)?.[1];
  return `${cpus().length} x ${cpus()[0].model}, ${arch()}, Linux ${release()}, ${system}`;
}

async function checkAnswers(all) {
  for (const server of all) {
    const words = await wrongAnswer(server);
    if (words) throw new Error(`${server.name} answers wrongly: ${words}`);
  }
}

// The servers that are installed, running, their answers right.
async function startAll(allocd, {folder, core}) {
  const known = servers(allocd);
  for (const {name, missing} of known) if (missing) say(`skipped: ${name}: ${missing}`);
  const all = known.filter(({missing}) => !missing);
  for (const [i, server] of all.entries())
    await startServer(server, {folder: join(folder, `server-${i}`), core});
  await checkAnswers(all);
  const versions = all.map(({version}) => version?.().trim().split('\n')[0]).filter(Boolean);
  say(`answers are right: ${versions.join(', ')}\n`);
  return all;
}

// Round after round each server has its turn: whatever else the machine does meets them all. The
// others are stopped meanwhile, or what they tidy up after their turn would be at its expense.
// `{connections: [figures of a round, …]}` for each of them.
async function takeTurns(all, {settings, core}) {
  const rounds = all.map(() => ({}));
  if (settings.warmUp)
    for (const server of all) {
      progress(`warming up ${server.name}`);
      await load(server, {connections: 16, seconds: 1, core});
    }
  for (let round = 1; round <= settings.rounds; ++round)
    for (const connections of settings.connections)
      for (const [i, server] of all.entries()) {
        progress(`round ${round} of ${settings.rounds}: ${connections} at once, ${server.name}`);
        (rounds[i][connections] ??= []).push(await alone(server, all,
          () => load(server, {connections, seconds: settings.seconds, core})));
      }
  return rounds;
}

async function alone(server, all, turn) {
  const others = all.filter((other) => other !== server).flatMap((other) => tree(other.child.pid));
  for (const pid of others) process.kill(pid, 'SIGSTOP');
  try {
    return await turn();
  } finally {
    for (const pid of others) process.kill(pid, 'SIGCONT');
  }
}

// What can be seen besides, of a server that has been under load.
async function lookCloser(server, {settings, folder}) {
  progress(`memory, idle connections and system calls of ${server.name}`);
  const seen = {memory: memoryOf(server), syscalls: {}};
  for (const connections of kTracedConnections)
    seen.syscalls[connections] =
      await syscalls(server, {connections, requests: settings.tracedRequests, folder});
  seen.idle = await idle(server,
    {connections: settings.idleConnections, seconds: settings.idleSeconds});
  return seen;
}

async function stopServers(all) {
  for (const {name, child} of all) {
    const {code, signal} = await stop(child);
    if (code !== 0 && signal !== 'SIGTERM')
      throw new Error(`${name} ended with ${code ?? signal}: ${child.errors.trim()}`);
  }
}

async function compare({allocd, settings}, folder) {
  const [serverCore, ...others] = cores();
  const loadCore = others.at(-1) ?? serverCore;
  const results = {machine: describeMachine(), date: new Date().toISOString(), settings,
    serverCore, loadCore, servers: []};
  say(`${results.machine}\nservers on core ${serverCore}, wrk on core ${loadCore}`);
  if (serverCore === loadCore) say('one core for both: the figures say little');

  const all = await startAll(allocd, {folder, core: serverCore});
  const rounds = await takeTurns(all, {settings, core: loadCore});
  for (const [i, server] of all.entries()) {
    const loads = Object.fromEntries(Object.entries(rounds[i]).map(([connections, figures]) =>
      [connections, medians(figures)]));
    results.servers.push({name: server.name, rounds: rounds[i], loads,
      ...await lookCloser(server, {settings, folder})});
  }
  await checkAnswers(all);
  await stopServers(all);

  progress('starting allocd');
  results.startMillis = await startToReady(allocd, {folder, times: settings.starts});
  results.targets = targets(results).map((target) =>
    ({...target, reached: target.value === undefined ? undefined : reached(target)}));
  progress('');
  return results;
}

const folder = mkdtempSync(join(tmpdir(), 'allocd-compare-'));
let interrupted = false;

async function cleanUp() {
  await stopAll();
  rmSync(folder, {recursive: true, force: true});
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, async () => {
    interrupted = true;
    await cleanUp();
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(kUsage);
  } else {
    checkTools(options);
    const results = await compare(options, folder);
    say(report(results));
    if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
  }
} catch (error) {
  progress('');
  if (!interrupted) console.error(`compare: ${error.message}`);
  if (error instanceof Misuse) console.error(`\n${kUsage}`);
  process.exitCode = error instanceof Misuse ? 2 : 1;
} finally {
  await cleanUp();
}
