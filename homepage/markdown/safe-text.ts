// What of a model's text may become an address, and what its entities mean as plain text.
// Pure; used by the Markdown drawing and the list of sources.

/** An absolute http, https or mailto address, or null for everything else. */
export function safeUrl(text: string | null | undefined): string | null {
  if (text === null || text === undefined) return null;
  try {
    // Not URL.parse, which is no older than 2024: thrown while drawing it would cost the page its chat.
    const { protocol, href } = new URL(text.trim());
    return ['https:', 'http:', 'mailto:'].includes(protocol) ? href : null;
  } catch {
    return null;
  }
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
