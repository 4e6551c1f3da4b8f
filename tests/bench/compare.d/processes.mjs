// What Linux tells of this machine, of a process and those it started.
import {readFileSync, readdirSync} from 'node:fs';
import {arch, cpus, release} from 'node:os';

const kTicksPerSecond = 100; // USER_HZ, the same on all of Debian's machines

// What stands in /proc/PID/FILE; nothing where the process has ended.
function read(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

// The fields of /proc/PID/stat from the third on. The second is a name, with any characters.
const stat = (pid) => read(pid, 'stat').split(') ').at(-1).split(' ');

export function tree(pid) {
  const parents = new Map(readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), Number(stat(name)[1])]));
  const found = [pid];
  for (const parent of found)
    for (const [child, its] of parents) if (its === parent) found.push(child);
  return found;
}

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

export function cpuSeconds(pids) {
  const ticks = (pid) => stat(pid).slice(11, 13).map(Number);
  return sum(pids.flatMap(ticks)) / kTicksPerSecond;
}

// In bytes. What processes share counts once in `pss`, and in `rss` for each of them.
export function memory(pids) {
  const kilobytes = (pid, file, name) =>
    Number(read(pid, file).match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'))?.[1] ?? 0);
  return {
    rss: 1024 * sum(pids.map((pid) => kilobytes(pid, 'status', 'VmRSS'))),
    pss: 1024 * sum(pids.map((pid) => kilobytes(pid, 'smaps_rollup', 'Pss'))),
  };
}

// The numbers of the cores this process may run on.
export function cores() {
  const list = read('self', 'status').match(/^Cpus_allowed_list:\s+(\S+)/m)[1];
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({length: last - first + 1}, (_, i) => first + i);
  });
}

export function describeMachine() {
  const system = readFileSync('/etc/os-release', 'utf8').match(/^PRETTY_NAME="?([^"\n]*)/m)?.[1];
  return `${cpus().length} x ${cpus()[0].model}, ${arch()}, Linux ${release()}, ${system}`;
}

export function mostOpenFiles() {
  const most = read('self', 'limits').match(/^Max open files\s+(\S+)/m)[1];
  return most === 'unlimited' ? Infinity : Number(most);
}
