// From what was measured to what is read: tables, and whether the targets are reached.

// The webhook's targets. `most` and `least` are bounds of allocd's figure.
const kLoadTargets = [
  {against: 'nginx, fixed answer', of: 'requestsPerSecond', least: 0.8},
  {against: 'nginx, fixed answer', of: 'cpuPerRequest', most: 1.25},
  {against: 'nginx + Lua', of: 'requestsPerSecond', least: 1.5},
  {against: 'Node.js', of: 'requestsPerSecond', least: 3},
  {against: 'Open Policy Agent', of: 'requestsPerSecond', least: 15},
];
const kTargetConnections = [16, 64];
const kMostSyscalls = 3.2;
const kMostMegabytes = 12;
const kMostStartMillis = 20;
const kMostIdlePercent = 0.5;

const kNames = {requestsPerSecond: 'requests/s', cpuPerRequest: 'CPU a request'};

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// Of objects with the same members, the median of each.
export function medians(objects) {
  return Object.fromEntries(Object.keys(objects[0]).map((key) =>
    [key, median(objects.map((object) => object[key]))]));
}

const megabytes = (bytes) => bytes / 1e6;
const millis = (micros) => (micros / 1000).toFixed(2);
const percent = (part) => `${(100 * part).toFixed(1)} %`;
const count = (number) => Math.round(number).toLocaleString('en-US');

function table(head, rows) {
  const lines = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  return lines.map((line) => '  ' + line.map((cell, i) =>
    i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join('  ')).join('\n');
}

function loadTable(servers, connections) {
  const own = servers[0].loads[connections];
  const rows = servers.map(({name, loads: {[connections]: load}}) => [
    name, count(load.requestsPerSecond), load.cpuPerRequest.toFixed(1), millis(load.p50),
    millis(load.p99), millis(load.p999), percent(load.busy),
    (own.requestsPerSecond / load.requestsPerSecond).toFixed(2),
    (own.cpuPerRequest / load.cpuPerRequest).toFixed(2)]);
  const head = ['', 'requests/s', 'CPU us/request', 'p50 ms', 'p99 ms', 'p99.9 ms', 'of its core',
    "allocd's requests/s", "allocd's CPU"];
  return table(head, rows);
}

function syscallText({skipped, total, calls}) {
  if (skipped) return `skipped: ${skipped}`;
  const most = Object.entries(calls).filter(([, times]) => times >= 0.01)
    .sort((a, b) => b[1] - a[1]).map(([name, times]) => `${name} ${times.toFixed(2)}`);
  return `${total.toFixed(2)}  (${most.join(', ')})`;
}

function idleRow({name, idle}) {
  if (idle.skipped) return [name, idle.skipped, '', ''];
  return [name, `${count(idle.stayed)} of ${count(idle.connections)}`, percent(idle.core),
    megabytes(idle.rss).toFixed(1)];
}

// `results` as main.mjs gathers them.
export function report(results) {
  const {servers} = results;
  const parts = [];
  for (const connections of results.settings.connections)
    parts.push(`${connections} connection${connections === 1 ? '' : 's'}, ` +
      `medians of ${results.settings.rounds} x ${results.settings.seconds} s\n` +
      loadTable(servers, connections));
  if (servers.some(({loads}) => Object.values(loads).some(({busy}) => busy < 0.9)))
    parts.push('Where less than 90 % of the core was used, wrk or other work on the machine kept ' +
      'a server waiting:\nthere, CPU a request says more than requests/s.');
  parts.push('memory after that, MB\n' + table(['', 'RSS', 'PSS'], servers.map(({name, memory}) =>
    [name, megabytes(memory.rss).toFixed(1), megabytes(memory.pss).toFixed(1)])));
  parts.push(`${servers[0].idle.connections} idle connections\n` +
    table(['', 'stayed open', 'of a core', 'RSS, MB'], servers.map(idleRow)));
  parts.push('system calls a keep-alive request\n' + servers.flatMap(({name, syscalls}) =>
    Object.entries(syscalls).map(([connections, counted]) =>
      `  ${name}, ${connections} connection${connections === '1' ? '' : 's'}: ` +
      syscallText(counted))).join('\n'));
  parts.push(`start to ready, best of ${results.settings.starts}: ` +
    `${results.startMillis.toFixed(1)} ms`);
  const lines = results.targets.map(targetLine).join('\n');
  parts.push(results.settings.short ? 'targets: for a longer run to judge' : `targets\n${lines}`);
  return parts.join('\n\n');
}

const bound = ({least, most}) => (least === undefined ? `at most ${most}` : `at least ${least}`);

function targetLine({what, value, unit = '', ...bounds}) {
  if (value === undefined) return `  not measured  ${what}: ${bound(bounds)}${unit}`;
  const state = reached({value, ...bounds}) ? 'reached      ' : 'NOT reached  ';
  const figure = Number.isInteger(value) ? value : value.toFixed(2);
  return `  ${state} ${what}: ${figure}${unit} (${bound(bounds)})`;
}

export const reached = ({value, least = -Infinity, most = Infinity}) =>
  value >= least && value <= most;

// `{what, value, unit, least, most}` each; without a value where it was not measured.
export function targets({servers, startMillis}) {
  const own = servers[0];
  const of = (name) => servers.find((server) => server.name === name);
  const perLoad = kTargetConnections.flatMap((connections) =>
    kLoadTargets.map(({against, of: figure, ...bounds}) => {
      const mine = own.loads[connections]?.[figure];
      const theirs = of(against)?.loads[connections]?.[figure];
      return {
        what: `${connections} connections, ${kNames[figure]} against ${against}`,
        value: theirs === undefined ? undefined : mine / theirs,
        ...bounds,
      };
    }));
  const perCall = Object.entries(own.syscalls).map(([connections, {total}]) => (
    {what: `system calls a request, connections: ${connections}`, value: total,
      most: kMostSyscalls}));
  return [
    ...perLoad,
    ...perCall,
    {what: 'memory after load, RSS', value: megabytes(own.memory.rss), unit: ' MB',
      most: kMostMegabytes},
    {what: 'start to ready', value: startMillis, unit: ' ms', most: kMostStartMillis},
    {what: 'idle connections kept', value: own.idle.stayed, least: own.idle.connections},
    {what: 'idle connections, of a core', value: own.idle.skipped ? undefined : 100 * own.idle.core,
      unit: ' %', most: kMostIdlePercent},
  ];
}
