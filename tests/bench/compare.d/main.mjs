// Holds allocd's webhook against other servers that give the same answer, all on one core, in
// turns. A benchmark and no test: it fails where a server answers wrongly, never for being slow.
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {wrongAnswer} from './answers.mjs';
import {idle, memoryOf, startToReady, syscalls} from './measure.mjs';
import {checkTools, kCompare, readOptions} from './options.mjs';
import {cores, describeMachine} from './processes.mjs';
import {program, progress, say} from './program.mjs';
import {medians, reached, report, targets} from './report.mjs';
import {servers, startServer, stopServers} from './servers.mjs';
import {takeTurns} from './turns.mjs';

const kTracedConnections = [1, 16];

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

await program('compare', kCompare, async (options, folder) => {
  const results = await compare(options, folder);
  say(report(results));
  if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
});
