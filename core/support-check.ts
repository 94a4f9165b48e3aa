// Hallucination without a judge: numbers, identifiers and links that an answer states and neither its
// sources nor its question hold. It sees a wrong port, not a wrong claim in plain words, so wherever its
// verdicts are shown it is named a deterministic check (core/judge-view.ts), with how much it catches and
// how often it is wrong, as measured by bench/support-check.ts. Another result is another SUPPORT_CHECK.

import type { Source } from './wire/shared.ts';

export interface SupportCheck {
  /** Details that were looked up in the sources, 200 at most. */
  checked: number;
  /** Those found nowhere, as the answer writes them, each once. */
  unsupported: string[];
}

/** It runs where answers are recorded: thousands of names against long sources would take seconds. */
const MOST_DETAILS = 200;

const LINK = /\bhttps?:\/\/[^\s<>()[\]"'`]+/giu;
const CODE = /`([^`\n]{1,200})`/gu;
// A flag, a path, a dotted, snake_case or CONSTANT name, camelCase, or letters mixed with digits.
const IDENTIFIER =
  /(?<![\w/.-])(?:--?[a-z][\w-]+|(?:\.{0,2}\/)?[\w-]+(?:\/[\w.-]+)+|[a-z]\w*(?:[._:]\w+)+|[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+|[a-z]{2,}[A-Z]\w*|[a-z]+[-_]?\d[\w.-]*)(?![\w/])/gu;
const NUMBER = /(?<![\w.])\d+(?:[.,'\u00a0\u202f]\d+)*(?![\w])/gu;
const ORDINAL = /^[ \t]*(?:\d+[.)]|\(\d+\))[ \t]+/gmu;
const CITATION = /\[\d+\]/gu;

/** Lower case, one kind of space and quote, no thousands separators: how two spellings meet. */
function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/(?<=\d)[,'\u202f\u00a0 ](?=\d{3}(?!\d))/gu, '')
    .replace(/\s+/gu, ' ');
}

const trimmed = (detail: string) => detail.replace(/[.,;:!?]+$/u, '');

interface Details {
  links: string[];
  names: string[];
  numbers: string[];
}

/** Each kind is taken out of the text before the next is looked for, so that none counts twice. */
function detailsOf(answer: string): Details {
  let rest = answer.replace(ORDINAL, '').replace(CITATION, ' ');
  const take = (pattern: RegExp, group = 0) => {
    const found = [...rest.matchAll(pattern)].map((match) => trimmed(match[group] ?? ''));
    rest = rest.replace(pattern, ' ');
    return found.filter((detail) => detail !== '');
  };
  const links = take(LINK);
  const names = [...take(CODE, 1), ...take(IDENTIFIER)];
  rest = plain(rest);
  return { links, names, numbers: take(NUMBER) };
}

/** Whether `detail` stands in `text` as a whole: 80 is not in 8080, nor `pod` in `podman`. */
function holds(text: string, detail: string): boolean {
  for (let at = text.indexOf(detail); at !== -1; at = text.indexOf(detail, at + 1)) {
    const before = text[at - 1] ?? ' ';
    const after = text.slice(at + detail.length, at + detail.length + 2);
    const joined = /^[\p{L}\p{N}_]/u.test(after) || /^[.,]\p{N}/u.test(after);
    if (
      !/[\p{L}\p{N}_]/u.test(before) &&
      !(/[.,]/u.test(before) && /\p{N}/u.test(text[at - 2] ?? '')) &&
      !joined
    ) {
      return true;
    }
  }
  return false;
}

/**
 * What an answer states and nothing it was given holds. Undefined when it was given no sources: then
 * it is not measured, which is not the same as supported.
 */
export function checkSupport(
  answer: string,
  sources: readonly Source[],
  question: string,
): SupportCheck | undefined {
  if (sources.length === 0) return undefined;
  const given = plain(
    [question, ...sources.flatMap(({ title, url, text }) => [title, url ?? '', text ?? ''])].join(
      '\n',
    ),
  );
  const { links, names, numbers } = detailsOf(answer);
  const details = [...new Set([...links, ...names, ...numbers])].slice(0, MOST_DETAILS);
  const unsupported = details.filter((detail) => !holds(given, plain(detail)));
  return { checked: details.length, unsupported };
}
