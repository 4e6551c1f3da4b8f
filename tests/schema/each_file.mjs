// Holds a schema and allocd together over files of one kind, each of which is judged by itself.
import {readFileSync} from 'node:fs';
import {basename} from 'node:path';
import {parse} from 'yaml';
import {forEach} from './loader.mjs';

const shown = (errors) => errors.map((e) => `${e.message} [${e.code}]`).join('; ');
const read = (file) => readFileSync(file, 'utf8');

// `ask(files)` tells what allocd has against each, of at most `atOnce` files; `accepts` is the
// schema's validator, `unseen` what allocd refuses and no schema can see ({code, message}), and
// `fail(where, what)` takes disagreements. `worked` are files that allocd is known to take;
// `mutants` makes those of the accepted ones ({name, value}), and `write` a file of one. How many
// files and mutants there were.
export async function checkEach(
  {ask, atOnce, accepts, unseen, fail, worked = [], accepted, refused, mutants, write}) {
  const isUnseen = (error) =>
    unseen.some((u) => u.code === error.code && (u.message?.test(error.message) ?? true));
  const whyNot = () => accepts.errors.slice(0, 3)
    .map((e) => `${e.instancePath || 'the file'} ${e.message}`).join('; ');

  async function errorsOf(files) {
    const sets = [];
    for (let i = 0; i < files.length; i += atOnce) sets.push(files.slice(i, i + atOnce));
    const ofSets = [];
    await forEach(sets.entries(), async ([i, set]) => { ofSets[i] = await ask(set); });
    return ofSets.flat();
  }

  for (const file of worked)
    if (!accepts(parse(read(file)))) fail(file, `the schema refuses it: ${whyNot()}`);

  const ofAccepted = await errorsOf(accepted);
  for (const [i, file] of accepted.entries()) {
    if (ofAccepted[i].length > 0) fail(file, `allocd refuses it: ${shown(ofAccepted[i])}`);
    if (!accepts(parse(read(file)))) fail(file, `the schema refuses it: ${whyNot()}`);
  }

  const ofRefused = await errorsOf(refused);
  for (const [i, file] of refused.entries()) {
    const errors = ofRefused[i];
    const expected = /^# expect: (.+)\n/.exec(read(file))?.[1].split(', ').sort().join(', ');
    if (errors.map((e) => e.code).sort().join(', ') !== expected)
      fail(file, `expected ${expected}, got ${shown(errors) || 'nothing'}`);
    if (accepts(parse(read(file))) && !errors.every(isUnseen))
      fail(file, `the schema accepts what allocd refuses: ${shown(errors)}`);
  }

  const originals = accepted.map((file) => ({name: basename(file), value: parse(read(file))}));
  const all = [...mutants(originals)];
  const ofMutants = await errorsOf(all.map(({value}) => write(value)));
  for (const [i, {name, value}] of all.entries()) {
    const errors = ofMutants[i];
    const taken = accepts(value);
    const what = taken && !errors.every(isUnseen) ? 'the schema accepts, allocd refuses'
      : !taken && errors.length === 0 ? 'the schema refuses, allocd accepts' : undefined;
    if (what)
      fail(`a mutant of ${name}`,
        `${what}: ${taken ? shown(errors) : whyNot()}\n    ${JSON.stringify(value)}`);
  }
  return {files: worked.length + accepted.length + refused.length, mutants: all.length};
}
