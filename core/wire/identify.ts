// What a homepage's server sends when one of its users is known to be a visitor.

import { z } from 'zod';
import { textSchema } from './shared.ts';

export const identifyRequestSchema = z.strictObject({
  visitor_token: z.string().min(1).max(4096),
  /** The homepage's own id of its user: the same on every device, and no name or address. */
  user: textSchema(200),
});
