// What a request costs allocd by the number of rules: one server for each number, all on one core,
// in turns, asked for few devices and for many. A benchmark and no test: it fails where an answer is wrong, never for being slow.
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {ask} from './client.mjs';
import {cores, describeMachine, memory, tree} from './processes.mjs';
import {program, progress, say} from './program.mjs';
import {median, medians} from './report.mjs';
import {allocdCommand, startServer, stopServers} from './servers.mjs';
import {takeTurns} from './turns.mjs';

const kDevices = 20_000;
const kChecked = 200;
const kConnections = 16;
const kHubs = ['eu', 'us', 'in', 'rest'].map((name) => `hub-${name}.azure-devices.net`);

const padded = (i) => String(i).padStart(6, '0');

// Rule `i`, of one of the kinds that fleets have, with `id(unit)`, a registration ID that it
// matches, and with the payload that it needs. One in a hundred has no literal to be found by.
function rule(i) {
  const n = padded(i);
  if (i % 100 === 57) {
    const digits = 3 + Math.floor(i / 100) % 40;
    const rest = 1 + Math.floor(i / 4000);
    return {match: `{registrationId: {matches: "[0-9]{${digits}}[a-f][g-z]+[0-9]{${rest}}"}}`,
      id: () => `${'7'.repeat(digits)}cx${'1'.repeat(rest)}`};
  }
  const letter = String.fromCharCode(97 + i % 26);
  // Two rules are a text and a pattern: about half of the many are patterns, too.
  const kinds = [
    {match: `{registrationId: {endsWith: "-line${n}"}}`, id: (unit) => `u${unit}-line${n}`},
    {match: `{registrationId: {matches: "oven-[${letter}x]${n}-[0-9]+"}}`,
      id: (unit) => `oven-${letter}${n}-${unit}`},
    {match: `{registrationId: {startsWith: "site${n}-"}}`, id: (unit) => `site${n}-${unit}`},
    {match: `{registrationId: {contains: "-m${n}-"}}`, id: (unit) => `x-m${n}-${unit}`},
    {match: `{registrationId: {matches: "(pump|fan)-${n}-(?P<unit>[a-z0-9]+)"}}`,
      id: (unit) => `fan-${n}-${unit}`},
    {match: `{registrationId: {matches: "[a-z]+-batch${n}[0-9]*"}}`,
      id: (unit) => `mill-batch${n}${unit}`},
    {match: `{registrationId: {startsWith: "meter-"}, payload.model: "M${n}"}`,
      id: (unit) => `meter-${unit}`, payload: {model: `M${n}`}},
  ];
  return kinds[i % kinds.length];
}

const hubOf = (i) => kHubs[i % (kHubs.length - 1)];

function rulesFile(count) {
  const one = (i) => `  - name: rule-${i}\n    match: ${rule(i).match}\n` +
    `    allocate: {hub: ${hubOf(i)}, initialTwin: {tags: {rule: ${i}, id: "\${registrationId}"}}}\n`;
  return `version: 1\nrules:\n${Array.from({length: count}, (_, i) => one(i)).join('')}` +
    `  - {name: others, allocate: {hub: ${kHubs.at(-1)}}}\n`;
}

// What one device asks, and what must be answered; no rule but the one for all takes device `unit`
// where `at` is null.
function request(unit, at) {
  const {id, payload} = at === null ? {id: () => `unknown-${unit}`} : rule(at);
  const body = {deviceRuntimeContext: {registrationId: id(unit), ...(payload && {payload})},
    linkedHubs: kHubs};
  return {body: JSON.stringify(body), hub: at === null ? kHubs.at(-1) : hubOf(at)};
}

// Nine of ten devices fall under one of the rules. Of few these are the first and the last, each
// of a text and of a pattern; many are spread over all rules.
const kLoads = {
  few: (count) => Array.from({length: 10}, (_, unit) =>
    request(unit, unit === 9 ? null : [0, 1, lastOfKind(count, 0), lastOfKind(count, 1)][unit % 4])),
  many: (count) => Array.from({length: kDevices}, (_, unit) =>
    request(unit, unit % 10 === 9 ? null : Math.floor(unit * 7919 % kDevices * count / kDevices))),
};

// The last rule of the kind, by its place in kinds.
function lastOfKind(count, kind) {
  for (let i = count - 1; ; --i) if (i % 7 === kind && i % 100 !== 57) return i;
}

function server(allocd, count, folder) {
  const rules = join(folder, `${count}.yaml`);
  writeFileSync(rules, rulesFile(count));
  return {name: `${count} rules`, count, path: '/allocate',
    command: (place) => allocdCommand(allocd, place, rules)};
}

// The same server, asked for the devices of one of the loads.
function underLoad(server, load, folder) {
  const asked = kLoads[load](server.count);
  const bodies = join(folder, `${server.count}-${load}`);
  writeFileSync(bodies, asked.map(({body}) => `${body}\n`).join(''));
  return {...server, load, bodies,
    samples: asked.filter((_, i) => i % Math.ceil(asked.length / kChecked) === 0)};
}

async function checkAnswers({name, port, path, samples}) {
  for (const {body, hub} of samples) {
    const answered = await ask({port, path, body});
    if (answered.status !== 200 || JSON.parse(answered.body).iotHubHostName !== hub)
      throw new Error(`with ${name} to ${body} the answer is ${answered.status} ${answered.body}`);
  }
}

const row = (cells) => cells.map((cell, i) => i === 0 ? cell.padEnd(14) : cell.padStart(12)).join('');

function report(all, rounds) {
  say(row(['', 'devices', 'us CPU', 'times', 'requests/s', 'p99 us', 'MiB']));
  for (const [i, {name, load, child}] of all.entries()) {
    const own = rounds[i][kConnections];
    const base = rounds[all.findIndex((other) => other.load === load)][kConnections];
    // Round by round, as what else the machine does meets a whole round.
    const times = median(own.map(({cpuPerRequest}, round) => cpuPerRequest / base[round].cpuPerRequest));
    const {cpuPerRequest, requestsPerSecond, p99} = medians(own);
    say(row([name, load, cpuPerRequest.toFixed(2), times.toFixed(2), requestsPerSecond.toFixed(0),
      p99.toFixed(0), (memory(tree(child.pid)).rss / 2 ** 20).toFixed(1)]));
  }
}

const usage = `usage: tests/bench/many_rules [OPTION...]

Starts allocd once for each number of rules, all on one core; checks its answers; lets wrk ask in
turns from another core, for few devices over and over and for 20,000 that are spread over all the
rules; prints the CPU that a request takes, and how many times what it takes with the first number
of rules. With many devices that is mostly memory that is in no cache.

  --rules N,...         how many (2,10000,100000)
  --rounds N            turns of each (7)
  --seconds S           of each turn (3)
  --short               few rules, once and briefly, to see that it works
  --allocd FILE         the program to measure (build/allocd, of the release preset)

Exit codes: 0 done, however fast; 1 an answer is wrong; 2 wrong usage, or no wrk.
`;
const full = {rules: [2, 10_000, 100_000], rounds: 7, seconds: 3, warmUp: true};
const short = {rules: [2, 300], rounds: 1, seconds: 1, warmUp: false};

await program('many_rules', {usage, full, short}, async ({allocd, settings}, folder) => {
  const [serverCore, ...others] = cores();
  const core = others.at(-1) ?? serverCore;
  say(`${describeMachine()}\nservers on core ${serverCore}, wrk on core ${core}, ` +
    `${kConnections} connections, medians of ${settings.rounds} rounds`);
  const all = settings.rules.map((count) => server(allocd, count, folder));
  for (const [i, one] of all.entries()) {
    progress(`starting allocd with ${one.name}`);
    await startServer(one, {folder: join(folder, `server-${i}`), core: serverCore});
  }
  const loaded = Object.keys(kLoads).flatMap((load) => all.map((one) => underLoad(one, load, folder)));
  for (const one of loaded) await checkAnswers(one);
  const rounds = await takeTurns(loaded, {settings: {...settings, connections: [kConnections]}, core});
  progress('');
  report(loaded, rounds);
  for (const one of loaded) await checkAnswers(one);
  await stopServers(all);
});
