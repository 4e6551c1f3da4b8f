// Holds schemas/tests.schema.json and `allocd test` together, as check.mjs does for rule files: by
// the test files of rules/, by those in tests/accepted/ and tests/refused/, and by mutants.
import {readFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {parse} from 'yaml';
import {forEach} from './loader.mjs';
import {mutants} from './mutants.mjs';

// What allocd refuses and no schema can see.
const kUnseen = [
  {code: 'duplicate-test', why: 'a schema compares whole items only'},
  {code: 'unreadable-file', message: /^cannot read the request/, why: 'requests are other files'},
];
const kSet = 300; // files that one process judges

const isUnseen = (error) =>
  kUnseen.some((u) => u.code === error.code && (u.message?.test(error.message) ?? true));
const shown = (errors) => errors.map((e) => `${e.message} [${e.code}]`).join('; ');
const read = (file) => readFileSync(file, 'utf8');

// `rules` is a rule file to test, `accepts` the schema's validator, and `fail(where, what)` takes
// disagreements; `keys` are those that such files know. How many files and mutants there were.
export async function checkTestFiles({loader, rules, worked, accepted, refused, keys, accepts, fail}) {
  const whyNot = () => accepts.errors.slice(0, 3)
    .map((e) => `${e.instancePath || 'the file'} ${e.message}`).join('; ');

  for (const file of worked)
    if (!accepts(parse(read(file)))) fail(file, `the schema refuses it: ${whyNot()}`);

  const ofAccepted = await loader.testErrors(rules, accepted);
  for (const [i, file] of accepted.entries()) {
    if (ofAccepted[i].length > 0) fail(file, `allocd refuses it: ${shown(ofAccepted[i])}`);
    if (!accepts(parse(read(file)))) fail(file, `the schema refuses it: ${whyNot()}`);
  }

  const ofRefused = await loader.testErrors(rules, refused);
  for (const [i, file] of refused.entries()) {
    const errors = ofRefused[i];
    const expected = /^# expect: (.+)\n/.exec(read(file))?.[1].split(', ').sort().join(', ');
    if (errors.map((e) => e.code).sort().join(', ') !== expected)
      fail(file, `expected ${expected}, got ${shown(errors) || 'nothing'}`);
    if (accepts(parse(read(file))) && !errors.every(isUnseen))
      fail(file, `the schema accepts what allocd refuses: ${shown(errors)}`);
  }

  const originals = accepted.map((file) => ({name: basename(file), value: parse(read(file))}));
  const all = [...mutants(originals, keys)];
  const sets = [];
  for (let i = 0; i < all.length; i += kSet) sets.push(all.slice(i, i + kSet));
  await forEach(sets, async (set) => {
    const files = set.map(({value}) => loader.write(value, '.test.yaml'));
    const ofSet = await loader.testErrors(rules, files);
    for (const [i, {name, value}] of set.entries()) {
      const taken = accepts(value);
      const what = taken && !ofSet[i].every(isUnseen) ? 'the schema accepts, allocd refuses'
        : !taken && ofSet[i].length === 0 ? 'the schema refuses, allocd accepts' : undefined;
      if (what)
        fail(`a mutant of ${name}`,
          `${what}: ${taken ? shown(ofSet[i]) : whyNot()}\n    ${JSON.stringify(value)}`);
    }
  });
  return {files: worked.length + accepted.length + refused.length, mutants: all.length};
}
