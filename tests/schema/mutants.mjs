// Files with one thing changed. The same ones in every run.

const kValues = [null, true, 0, 1, -1, 1.5, '', 'a', '3', 'first', 'a b', 'a.b', '$', '${', '${}',
  '${hub}', '${payload.a:-b}', '${payload.a:-b|int}', '${a|b}', '>=1 <2', [], ['a'], [1], [null],
  [[]], {}, {a: 1}, {a: null}, {equals: 1}, {contains: 'a'}, {ignoreCase: true}, {exists: true},
  {registrationId: 'a'}, {reject: 'a'}, {'a.b': 1}];
const kValuesEach = 3; // tried in a place
const kOutcomes = {allocate: {}, reject: 'a', unauthorized: 'a', noHub: 'a', retryLater: 'a'};

const isMap = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

// The steps to every value inside `value`, itself first.
function* places(value, path = []) {
  yield path;
  if (value === null || typeof value !== 'object') return;
  const steps = Array.isArray(value) ? value.keys() : Object.keys(value);
  for (const step of steps) yield* places(value[step], [...path, step]);
}

const at = (value, path) => path.reduce((v, step) => v[step], value);

// A copy of `value` in which `change(parent, step)` was done to what is at `path`.
function changed(value, path, change) {
  const root = {value: structuredClone(value)};
  const whole = ['value', ...path];
  change(at(root, whole.slice(0, -1)), whole.at(-1));
  return root.value;
}

const replaced = (value, path, by) =>
  changed(value, path, (parent, step) => { parent[step] = structuredClone(by); });

function without(value, path) {
  return changed(value, path, (parent, step) => {
    if (Array.isArray(parent)) parent.splice(step, 1);
    else delete parent[step];
  });
}

function renamed(value, path, name) {
  if (Object.hasOwn(at(value, path.slice(0, -1)), name)) return undefined;
  return changed(value, path, (parent, step) => {
    parent[name] = parent[step];
    delete parent[step];
  });
}

const with_ = (value, path, key, member) => replaced(value, [...path, key], member);

// The small changes of every part.
function* systematic(value, random) {
  for (const path of places(value)) {
    const here = at(value, path);
    for (let i = 0; i < kValuesEach; ++i) yield replaced(value, path, random.pick(kValues));
    if (path.length > 0) yield without(value, path);
    const key = path.at(-1);
    if (typeof key === 'string') {
      yield renamed(value, path, `${key}x`);
      yield renamed(value, path, key.slice(0, -1));
      yield renamed(value, path, key[0] === key[0]?.toUpperCase()
        ? key.toLowerCase() : key.charAt(0).toUpperCase() + key.slice(1));
    }
    if (Array.isArray(here)) {
      yield replaced(value, path, [...here, null]);
      yield replaced(value, path, [...here, ...here]);
    } else if (isMap(here)) {
      yield with_(value, path, 'extra', 1);
      for (const [outcome, of] of Object.entries(kOutcomes))
        if (!(outcome in here)) yield with_(value, path, outcome, of);
    }
  }
}

// Always the same numbers for a seed (mulberry32).
class Random {
  #state;
  constructor(seed) { this.#state = seed; }

  // From 0 on, below 1.
  number() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  pick(list) { return list[Math.floor(this.number() * list.length)]; }
}

// Parts of one file in the places of another's, and known keys where they may not belong.
function* crossed(files, keys, random, count) {
  const all = files.map((file) => ({...file, places: [...places(file.value)]}));
  for (let i = 0; i < count; ++i) {
    const into = random.pick(all);
    const from = random.pick(all);
    const path = random.pick(into.places);
    const part =
      random.number() < 0.3 ? random.pick(kValues) : at(from.value, random.pick(from.places));
    const add = isMap(at(into.value, path)) && random.number() < 0.6;
    yield {
      name: into.name,
      value: replaced(into.value, add ? [...path, random.pick(keys)] : path, part),
    };
  }
}

// All mutants of `files` ({name, value}), as the same. `keys` are those that such files know; every
// part of the files `changed` is changed, and `crossings` come of two files.
export function* mutants(files, keys, {changed = files, crossings = 1500} = {}) {
  const random = new Random(20220803);
  for (const {name, value} of changed)
    for (const mutant of systematic(value, random))
      if (mutant !== undefined) yield {name, value: mutant};
  yield* crossed(files, keys, random, crossings);
}

// Those with a letter less or more in one text, for texts that are more than words.
export function* misspelt(files) {
  for (const {name, value} of files)
    for (const path of places(value)) {
      const text = at(value, path);
      if (typeof text !== 'string') continue;
      for (const other of [text.slice(0, -1), `\u00e4${text}`, `${text}.`, `${text} `])
        yield {name, value: replaced(value, path, other)};
    }
}

// `value` with names for its templates that no other file has: what it means stays the same.
export function apart(value, suffix) {
  if (!isMap(value) || !isMap(value.templates)) return value;
  const names = new Set(Object.keys(value.templates));
  const renamed = (part, key) => {
    if (key === 'template' && names.has(part)) return part + suffix;
    if (Array.isArray(part)) return part.map((item) => renamed(item));
    if (!isMap(part)) return part;
    return Object.fromEntries(Object.entries(part).map(([k, v]) => [k, renamed(v, k)]));
  };
  const templates = Object.fromEntries(
    Object.entries(value.templates).map(([name, twin]) => [name + suffix, twin]));
  return {...renamed(value), templates};
}
