// Asks allocd what it thinks of rule files and others, and of requests.
import {execFile} from 'node:child_process';
import {copyFileSync, mkdirSync, writeFileSync} from 'node:fs';
import {basename, join} from 'node:path';

const kProcesses = 3; // at a time
const kMostKept = 2000; // diagnostics that one run tells of

export class Loader {
  #binary;
  #folder;
  #files = 0;
  runs = 0;

  // `folder` is for files of texts, and of nobody else.
  constructor(binary, folder) {
    this.#binary = binary;
    this.#folder = folder;
    mkdirSync(folder, {recursive: true});
  }

  // What a command prints as JSON. Throws where it crashes, or prints something else.
  json(...args) {
    this.runs += 1;
    return new Promise((resolve, reject) => {
      execFile(this.#binary, [...args, '--output', 'json'], {maxBuffer: 1 << 28},
        (error, stdout, stderr) => {
          const code = error ? error.code : 0;
          const command = `allocd ${args.slice(0, 3).join(' ')}`;
          if (code !== 0 && code !== 1)
            return reject(new Error(`${command}… ended with ${code ?? error.signal}: ${stderr}`));
          try {
            resolve(JSON.parse(stdout));
          } catch {
            reject(new Error(`${command}… printed no JSON: ${stdout.slice(0, 200)}${stderr}`));
          }
        });
    });
  }

  // The errors of one file that is a set of its own.
  async errors(file) {
    const {ok, diagnostics} = await this.json('dry-run', file);
    const errors = diagnostics.filter((d) => d.severity === 'error');
    if (ok !== (errors.length === 0)) throw new Error(`${file}: ok is ${ok}, beside its errors`);
    return errors;
  }

  // For each file, its errors when all of them are one set: saves processes, but names that stand
  // in several files get in each other's way. Nothing where there is too much to tell.
  async errorsOfSet(files) {
    const {diagnostics} = await this.json('dry-run', ...files);
    if (diagnostics.length >= kMostKept) return null;
    const byFile = new Map(files.map((file) => [file, []]));
    for (const d of diagnostics)
      if (d.severity === 'error') byFile.get(d.file)?.push(d);
    return files.map((file) => byFile.get(file));
  }

  // For each test file, its errors, when they are run against a rule file.
  async testErrors(rules, files) {
    const {diagnostics = []} = await this.json('test', rules, ...files);
    if (diagnostics.length >= kMostKept && files.length > 1) {
      const half = files.length >> 1;
      return [
        ...await this.testErrors(rules, files.slice(0, half)),
        ...await this.testErrors(rules, files.slice(half)),
      ];
    }
    const byFile = new Map(files.map((file) => [file, []]));
    for (const d of diagnostics) {
      if (!byFile.has(d.file)) throw new Error(`an error of no test file: ${d.message}`);
      byFile.get(d.file).push(d);
    }
    return files.map((file) => byFile.get(file));
  }

  // The errors of a file of enrollments.
  async enrollmentErrors(file) {
    const {ok, diagnostics} = await this.json('simulate', '--enrollments', file, '--check');
    if (ok !== (diagnostics.length === 0))
      throw new Error(`${file}: ok is ${ok}, beside its errors`);
    return diagnostics;
  }

  // Puts a copy of `file` beside the new ones, under its own name.
  keep(file) {
    copyFileSync(file, join(this.#folder, basename(file)));
  }

  // The name of a new file that holds `value`.
  write(value, ending = '.yaml') {
    const file = join(this.#folder, `${(this.#files += 1)}${ending}`);
    writeFileSync(file, JSON.stringify(value)); // which is YAML
    return file;
  }
}

// Runs `work` on every item, a few at a time.
export async function forEach(items, work) {
  const queue = items[Symbol.iterator]();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({length: kProcesses}, worker));
}
