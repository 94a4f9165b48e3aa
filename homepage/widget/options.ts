// Reads what a page says on the script tag: <script src="…/widget.js" data-title="…">. Pure.
import * as z from 'zod/mini';
import { themes } from '../chat/theme.ts';

const filled = z.string().check(z.trim(), z.minLength(1));

const optionsSchema = z.object({
  /** A CSS selector: the chat fills this element. Without it a button opens a panel. */
  target: z.optional(filled),
  title: z.optional(filled),
  intro: z.optional(filled),
  /** Questions to start with, with | between them. */
  ideas: z.optional(
    z.pipe(
      z.string(),
      z.transform((text) =>
        text
          .split('|')
          .map((idea) => idea.trim())
          .filter((idea) => idea !== ''),
      ),
    ),
  ),
  theme: z.optional(z.enum(themes)),
  privacyUrl: z.optional(z.url({ protocol: /^https?$/ })),
  /** The Worker, where it is not the host that served the script. */
  host: z.optional(z.url({ protocol: /^https?$/ })),
});

export type WidgetOptions = z.infer<typeof optionsSchema>;

/** Throws an error that names what is wrong and what would be right. */
export function readOptions(dataset: Readonly<Record<string, string | undefined>>): WidgetOptions {
  const parsed = optionsSchema.safeParse({ ...dataset });
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map(({ path }) => attributeOf(String(path[0] ?? '')));
  throw new Error(
    `widget.js: ${names.join(', ')} cannot be read. data-theme is auto, light or dark; data-host and data-privacy-url are http(s) addresses.`,
  );
}

function attributeOf(name: string): string {
  return `data-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
