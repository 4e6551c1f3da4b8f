// What every benchmark of servers is: how it speaks, ends and tidies up.
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {stopAll} from './children.mjs';
import {Misuse, checkTools, readOptions} from './options.mjs';

export const say = (text) => console.log(text);

// On a line of its own, which the next one replaces; to people only.
export const progress = (text) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
};

// Reads the command line as `command` says (see options.mjs) and calls `work` with that and an empty
// folder, which is gone afterwards, as are all programs it started. Sets the exit code: 1 where it
// throws, 2 for a Misuse.
export async function program(name, command, work) {
  const folder = mkdtempSync(join(tmpdir(), `allocd-${name}-`));
  let interrupted = false;
  const cleanUp = async () => {
    await stopAll();
    rmSync(folder, {recursive: true, force: true});
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, async () => {
      interrupted = true;
      await cleanUp();
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    });
  try {
    const options = readOptions(process.argv.slice(2), command);
    if (options.help) {
      process.stdout.write(command.usage);
    } else {
      checkTools(options);
      await work(options, folder);
    }
  } catch (error) {
    progress('');
    if (!interrupted) console.error(`${name}: ${error.message}`);
    if (error instanceof Misuse) console.error(`\n${command.usage}`);
    process.exitCode = error instanceof Misuse ? 2 : 1;
  } finally {
    await cleanUp();
  }
}
