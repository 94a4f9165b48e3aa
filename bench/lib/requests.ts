// Prepared HTTP requests: as texts, because the load generator sends bytes and builds nothing.

import { z } from 'zod';

export function httpRequest(path: string, headers: Record<string, string>, body: unknown): string {
  const text = JSON.stringify(body);
  const lines = Object.entries({
    host: '127.0.0.1',
    'content-type': 'application/json',
    ...headers,
    'content-length': String(Buffer.byteLength(text)),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`;
}

/** The same question for everyone, as a client would ask it. */
export const chatBody = (model: string, stream: boolean) => ({
  model,
  messages: [
    { role: 'system', content: 'Answer for a small team that runs Kubernetes.' },
    { role: 'user', content: 'How do I see why my Loki pods restart again and again?' },
  ],
  max_tokens: 128,
  temperature: 0.7,
  ...(stream ? { stream: true } : {}),
});

const sessionSchema = z.object({ visitor_token: z.string() });
const NETWORKS = 64;

/** Many networks, as visitors have: the limits by network count, and none is reached. */
export const networkOf = (index: number) => `10.${index % NETWORKS}.7.1`;

/** New visitors' tokens, issued by the server itself. */
export async function newVisitors(port: number, count: number): Promise<string[]> {
  const tokens: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const response = await fetch(`http://127.0.0.1:${port}/api/chat/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'cf-connecting-ip': networkOf(index) },
      body: '{}',
      signal: AbortSignal.timeout(10_000),
    });
    tokens.push(sessionSchema.parse(await response.json()).visitor_token);
  }
  return tokens;
}

export const ourChats = (tokens: readonly string[], stream: boolean): string[] =>
  tokens.map((token, index) =>
    httpRequest(
      '/v1/chat/completions',
      { authorization: `Bearer ${token}`, 'cf-connecting-ip': networkOf(index) },
      chatBody('agent-bruno', stream),
    ),
  );
