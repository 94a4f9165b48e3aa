// What a Markdown text becomes: a small tree of plain values, drawn by chat/markdown.tsx. It has no
// place for HTML and none for an address that is not safe, so neither can reach the page.

export type Inline =
  | { type: 'text' | 'code'; text: string }
  | { type: 'strong' | 'em' | 'del'; inner: readonly Inline[] }
  | { type: 'link'; href: string; inner: readonly Inline[] }
  | { type: 'br' };

export interface ListItem {
  /** A task's box, or null where the item is none. */
  checked: boolean | null;
  blocks: readonly Block[];
}

export type Block =
  | { type: 'paragraph'; inner: readonly Inline[] }
  /** The text of an item in a tight list: no paragraph of its own. */
  | { type: 'plain'; inner: readonly Inline[] }
  | { type: 'heading'; depth: number; inner: readonly Inline[] }
  | { type: 'code'; language: string; text: string }
  | { type: 'quote'; blocks: readonly Block[] }
  | { type: 'list'; ordered: boolean; start: number; items: readonly ListItem[] }
  | { type: 'table'; header: readonly Cell[]; rows: readonly (readonly Cell[])[] }
  | { type: 'rule' };

export type Cell = readonly Inline[];
