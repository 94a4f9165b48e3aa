// The little of JUnit's XML that Schemathesis writes: for each endpoint what went wrong with it. Pure.

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
  '&amp;': '&',
};
/** Enough to see what happened; a generated body can be the size of a book. */
const LONGEST = 4_000;

const plain = (xml: string) =>
  xml.replaceAll(/&(?:lt|gt|quot|apos|amp);/g, (entity) => ENTITIES[entity] ?? entity);

export function readReport(xml: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [, name = '', inner = ''] of xml.matchAll(
    /<testcase name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g,
  )) {
    const wrong = [...inner.matchAll(/<(failure|error|skipped)\b[^>]*?(?:\/>|>([\s\S]*?)<\/\1>)/g)];
    const said = wrong.map(([, kind = '', words = '']) => `${kind}: ${plain(words)}`);
    const key = plain(name);
    found.set(key, [...(found.get(key) ?? []), ...said.map((one) => one.slice(0, LONGEST))]);
  }
  return found;
}
