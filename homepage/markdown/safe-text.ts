// What of a model's text may become an address, and what its entities mean as plain text.
// Pure; used by the Markdown drawing and the list of sources.

/** An absolute http, https or mailto address, or null for everything else. */
export function safeUrl(text: string | null | undefined): string | null {
  if (text === null || text === undefined) return null;
  const url = URL.parse(text.trim());
  if (url === null) return null;
  return ['https:', 'http:', 'mailto:'].includes(url.protocol) ? url.href : null;
}

const ENTITIES: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  '#39': "'",
  nbsp: '\u00A0',
};

/** Markdown keeps entities for a browser to read; drawn as text nodes they are read here, once. */
export function plainText(text: string): string {
  return text.replace(
    /&(amp|lt|gt|quot|apos|#39|nbsp);/g,
    (all, name: string) => ENTITIES[name] ?? all,
  );
}
