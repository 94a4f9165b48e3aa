// The question bank: facts, the ways visitors ask for them, and what counts as right or wrong.
// Read by the simulation; the shape is described in banks/README.md. A bank that breaks a rule is
// refused with the fact and the rule by name, before anything is started.

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { containsAll } from './judge.ts';

const MIN_ASKED = 4;
const MIN_HELD_OUT = 2;
const MIN_PHRASINGS = MIN_ASKED + MIN_HELD_OUT;

const text = z.string().trim().min(1).max(1000);
const keys = z.array(z.string().trim().min(1).max(200)).min(1).max(10);

const factSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'expected a kebab-case id such as dns-ttl'),
  topic: z.string().trim().min(1).max(100),
  key: keys,
  answer: text,
  wrong: z.array(z.strictObject({ answer: text, key: keys })).min(1),
  phrasings: z.array(text),
  held_out: z.array(text),
});
export type Fact = z.infer<typeof factSchema>;

const bankSchema = z.strictObject({
  version: z.literal(1, { error: 'only version 1 of the bank format is known' }),
  name: z.string().regex(/^[a-z0-9-]{1,50}$/, 'expected lower-case letters, digits and dashes'),
  facts: z.array(factSchema).min(2),
});
export type Bank = z.infer<typeof bankSchema>;

export class BankError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The question bank is not usable: ${problems.slice(0, 5).join('; ')}.`);
    this.name = 'BankError';
    this.problems = problems;
  }
}

const normal = (phrasing: string) => phrasing.trim().replace(/\s+/g, ' ').toLowerCase();

function answerProblems(fact: Fact): string[] {
  const problems: string[] = [];
  if (!containsAll(fact.answer, fact.key)) {
    problems.push(`its answer does not contain every key (${fact.key.join(', ')})`);
  }
  for (const { answer, key } of fact.wrong) {
    if (!containsAll(answer, key)) {
      problems.push(
        `the wrong answer "${answer}" does not contain its own key (${key.join(', ')})`,
      );
    }
    if (containsAll(fact.answer, key)) {
      problems.push(`the wrong key (${key.join(', ')}) appears in the right answer`);
    }
    if (containsAll(answer, fact.key)) {
      problems.push(`the wrong answer "${answer}" contains the right key`);
    }
  }
  return problems;
}

function phrasingProblems(fact: Fact): string[] {
  const problems: string[] = [];
  const asked = fact.phrasings.map(normal);
  const heldOut = fact.held_out.map(normal);
  const total = asked.length + heldOut.length;
  if (total < MIN_PHRASINGS || asked.length < MIN_ASKED || heldOut.length < MIN_HELD_OUT) {
    problems.push(
      `expected at least ${MIN_PHRASINGS} phrasings (${MIN_ASKED} asked, ${MIN_HELD_OUT} held out), ` +
        `got ${asked.length} and ${heldOut.length}`,
    );
  }
  const both = asked.find((phrasing) => heldOut.includes(phrasing));
  if (both !== undefined) problems.push(`"${both}" is both asked and held out`);
  for (const list of [asked, heldOut]) {
    const twice = list.find((phrasing, at) => list.indexOf(phrasing) !== at);
    if (twice !== undefined) problems.push(`"${twice}" is listed twice`);
  }
  return problems;
}

function crossProblems(facts: readonly Fact[]): string[] {
  const problems: string[] = [];
  const owner = new Map<string, string>();
  const ids = new Set<string>();
  for (const fact of facts) {
    if (ids.has(fact.id)) problems.push(`fact "${fact.id}": the id is used twice`);
    ids.add(fact.id);
    for (const phrasing of [...fact.phrasings, ...fact.held_out].map(normal)) {
      const other = owner.get(phrasing);
      if (other !== undefined && other !== fact.id) {
        problems.push(`fact "${fact.id}": "${phrasing}" is also a phrasing of fact "${other}"`);
      }
      owner.set(phrasing, fact.id);
    }
  }
  return problems;
}

function place(path: readonly PropertyKey[], input: unknown): string {
  const [, index, ...rest] = path;
  if (path[0] !== 'facts' || typeof index !== 'number') return path.join('.') || 'bank';
  const named = z
    .object({ facts: z.array(z.object({ id: z.string() }).catch({ id: '' })) })
    .safeParse(input);
  const id = named.success ? named.data.facts[index]?.id : undefined;
  return `fact ${id ? `"${id}"` : `number ${index + 1}`}: ${rest.join('.') || 'entry'}`;
}

/** Throws BankError with every problem found, each beginning with the fact at fault. */
export function parseBank(input: unknown): Bank {
  const parsed = bankSchema.safeParse(input);
  if (!parsed.success) {
    throw new BankError(
      parsed.error.issues.map((issue) => `${place(issue.path, input)}: ${issue.message}`),
    );
  }
  const problems = [
    ...crossProblems(parsed.data.facts),
    ...parsed.data.facts.flatMap((fact) =>
      [...answerProblems(fact), ...phrasingProblems(fact)].map((it) => `fact "${fact.id}": ${it}`),
    ),
  ];
  if (problems.length > 0) throw new BankError(problems);
  return parsed.data;
}

export async function readBank(file: string): Promise<Bank> {
  let raw: string;
  try {
    raw = await readFile(file, 'utf8');
  } catch {
    throw new BankError([`expected a readable file at ${file}`]);
  }
  let input: unknown;
  try {
    input = JSON.parse(raw);
  } catch (error) {
    throw new BankError([
      `${file} is not valid JSON (${error instanceof Error ? error.message : ''})`,
    ]);
  }
  return parseBank(input);
}
