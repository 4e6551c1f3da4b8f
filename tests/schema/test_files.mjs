// Holds schemas/tests.schema.json and `allocd test` together, as check.mjs does for rule files: by
// the test files of rules/, by those in tests/accepted/ and tests/refused/, and by mutants.
import {checkEach} from './each_file.mjs';
import {mutants} from './mutants.mjs';

// What allocd refuses and no schema can see.
const kUnseen = [
  {code: 'duplicate-test', why: 'a schema compares whole items only'},
  {code: 'unreadable-file', message: /^cannot read the request/, why: 'requests are other files'},
];

// `rules` is a rule file to test, `keys` are those that test files know; the rest is as for
// checkEach().
export function checkTestFiles({loader, rules, keys, ...rest}) {
  return checkEach({
    unseen: kUnseen,
    ask: (files) => loader.testErrors(rules, files),
    atOnce: 300,
    mutants: (files) => mutants(files, keys),
    write: (value) => loader.write(value, '.test.yaml'),
    ...rest,
  });
}
