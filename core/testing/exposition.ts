// A strict reader of the Prometheus text format 0.0.4, for tests: one character after the other by
// the grammar in Prometheus' documentation, and the rules that a scraper holds a family to. What it
// does not know it refuses. promtool, where it is installed, reads the same text beside it.

export interface ReadSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface ReadFamily {
  name: string;
  type: string;
  help: string;
  samples: ReadSample[];
}

const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];
const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*/;
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+|Inf)$|^NaN$/;

export function readExposition(text: string): Map<string, ReadFamily> {
  if (!text.endsWith('\n')) throw new SyntaxError('the last line does not end');
  const families = new Map<string, ReadFamily>();
  const seen = new Set<string>();
  let current: ReadFamily | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (comment) {
      const [, kind, name = '', rest = ''] = comment;
      if (NAME.exec(name)?.[0] !== name) throw new SyntaxError(`not a name: ${name}`);
      if (kind === 'HELP') {
        if (families.has(name)) throw new SyntaxError(`${name} comes twice`);
        current = { name, type: '', help: rest, samples: [] };
        families.set(name, current);
      } else {
        if (current?.name !== name || current.type !== '') throw new SyntaxError(`stray ${line}`);
        if (!TYPES.includes(rest)) throw new SyntaxError(`no such type: ${rest}`);
        current.type = rest;
      }
      continue;
    }
    const sample = readSample(line);
    if (current === undefined || !belongs(sample.name, current)) {
      throw new SyntaxError(`${sample.name} does not stand under its family`);
    }
    const key = `${sample.name}${JSON.stringify(Object.entries(sample.labels).toSorted())}`;
    if (seen.has(key)) throw new SyntaxError(`the same series twice: ${key}`);
    seen.add(key);
    current.samples.push(sample);
  }
  for (const family of families.values()) checkFamily(family);
  return families;
}

function readSample(line: string): ReadSample {
  const name = NAME.exec(line)?.[0];
  if (name === undefined) throw new SyntaxError(`not a sample: ${line}`);
  let rest = line.slice(name.length);
  const labels: Record<string, string> = {};
  if (rest.startsWith('{')) {
    rest = rest.slice(1);
    while (!rest.startsWith('}')) {
      const label = LABEL.exec(rest)?.[0];
      if (label === undefined || label in labels) throw new SyntaxError(`bad label in: ${line}`);
      const [value, after] = readQuoted(rest.slice(label.length), line);
      labels[label] = value;
      rest = after.startsWith(',') ? after.slice(1) : after;
      if (after === rest && !rest.startsWith('}')) throw new SyntaxError(`no end of: ${line}`);
    }
    rest = rest.slice(1);
  }
  const [space, number = '', more] = rest.split(' ');
  if (space !== '' || more !== undefined || !NUMBER.test(number)) {
    throw new SyntaxError(`not a value in: ${line}`);
  }
  return { name, labels, value: Number(number.replace('Inf', 'Infinity')) };
}

function readQuoted(text: string, line: string): [string, string] {
  if (!text.startsWith('="')) throw new SyntaxError(`no label value in: ${line}`);
  let value = '';
  for (let at = 2; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === '"') return [value, text.slice(at + 1)];
    if (char !== '\\') {
      value += char;
      continue;
    }
    at += 1;
    const escaped = { '\\': '\\', '"': '"', n: '\n' }[text[at] ?? ''];
    if (escaped === undefined) throw new SyntaxError(`no such escape in: ${line}`);
    value += escaped;
  }
  throw new SyntaxError(`no end of a label value in: ${line}`);
}

const belongs = (name: string, family: ReadFamily) =>
  family.type === 'histogram'
    ? ['_bucket', '_sum', '_count'].some((suffix) => name === family.name + suffix)
    : name === family.name;

function checkFamily({ name, type, samples }: ReadFamily): void {
  if (type === '') throw new SyntaxError(`${name} has no type`);
  if (type === 'counter') {
    if (!name.endsWith('_total')) throw new SyntaxError(`the counter ${name} is no _total`);
    if (samples.some(({ value }) => !(value >= 0))) throw new SyntaxError(`${name} went below 0`);
  }
  if (type !== 'histogram') return;
  const series = new Map<string, ReadSample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(Object.entries(labels).toSorted());
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const own of series.values()) checkHistogram(name, own);
}

function checkHistogram(name: string, own: readonly ReadSample[]): void {
  const buckets = own.filter((sample) => sample.name === `${name}_bucket`);
  const bounds = buckets.map(({ labels }) => Number((labels.le ?? 'x').replace('Inf', 'Infinity')));
  const ascending = (list: number[], strictly: boolean) =>
    list.every((value, at) => {
      const before = at === 0 ? Number.NEGATIVE_INFINITY : (list[at - 1] ?? Number.NaN);
      return strictly ? value > before : value >= before;
    });
  const counts = buckets.map(({ value }) => value);
  const only = (suffix: string) => {
    const found = own.filter((sample) => sample.name === name + suffix);
    if (found.length !== 1) throw new SyntaxError(`${name} has ${found.length} ${suffix}`);
    return found[0]?.value;
  };
  only('_sum');
  if (!ascending(bounds, true)) throw new SyntaxError(`the bounds of ${name} do not ascend`);
  if (bounds.at(-1) !== Number.POSITIVE_INFINITY) throw new SyntaxError(`${name} lacks +Inf`);
  if (!ascending(counts, false)) throw new SyntaxError(`the buckets of ${name} do not add up`);
  if (only('_count') !== counts.at(-1)) throw new SyntaxError(`${name}_count is not its +Inf`);
}
