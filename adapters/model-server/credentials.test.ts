// How the edge shows the gateway, and Cloudflare Access where it stands before the tunnel, who it is.

import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { embed, gatewayReport, type ModelServerConfig, streamAnswer } from './index.ts';

let server: Server;
let url: string;
let asked: (string | undefined)[][];
let status = 200;
beforeAll(async () => {
  server = createServer(({ headers }, response) => {
    const given = ['authorization', 'cf-access-client-id', 'cf-access-client-secret'];
    asked.push(given.map((name) => headers[name]?.toString()));
    if (status === 302) response.writeHead(302, { location: '/sign-in' }).end();
    else response.end(JSON.stringify({ status: 'ok', models: ['tiny'], data: [] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
});
beforeEach(() => {
  asked = [];
  status = 200;
});
afterAll(() => server.close());

const firstPiece = (config: ModelServerConfig) =>
  streamAnswer(
    config,
    { model: 'tiny', messages: [], parameters: {} },
    AbortSignal.timeout(5_000),
  ).next();

/** The server's answer is no stream, which is not what matters here. */
async function everything(config: ModelServerConfig) {
  await gatewayReport(config);
  await embed(config, 'mini', []);
  await expect(firstPiece(config)).rejects.toMatchObject({ failure: 'broken' });
}

test('every request carries the token, and the service token of Access where there is one', async () => {
  await everything({ url, token: 't' });
  expect(asked).toEqual(Array.from({ length: 3 }, () => ['Bearer t', undefined, undefined]));
  asked = [];
  await everything({ url, token: 't', access: { clientId: 'id.access', clientSecret: 's' } });
  expect(asked).toEqual(Array.from({ length: 3 }, () => ['Bearer t', 'id.access', 's']));
});

test('a sign-in page in the gateway\u2019s place is no gateway, and gets no token', async () => {
  status = 302;
  expect(await gatewayReport({ url, token: 't' })).toBeUndefined();
  const refused = { name: 'ModelServerError', failure: 'refused' };
  await expect(embed({ url, token: 't' }, 'mini', ['a'])).rejects.toMatchObject(refused);
  await expect(firstPiece({ url, token: 't' })).rejects.toMatchObject(refused);
  expect(asked).toHaveLength(3);
});
