// One network for each way of writing an address in it, and another for its neighbours.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { networkOf } from './network.ts';

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['2001:db8:0:1:aaaa:bbbb:cccc:dddd', '2001:db8:0:1::/64'],
  ['2001:DB8:0:1::5', '2001:db8:0:1::/64'],
  ['2001:0db8:0000:0001::', '2001:db8:0:1::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::ffff:cb00:7107', '203.0.113.7'],
  ['64:ff9b::203.0.113.7', '64:ff9b:0:0::/64'],
])('%s is of %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test.each([
  undefined,
  '',
  ':::',
  '1:2:3',
  '1:2:3:4:5:6:7:8:9',
  '1::2::3',
  '1:2:3:4:5:6:7:8::',
  'g::1',
  '256.1.1.1',
  '1.2.3',
  'localhost',
  '12345::',
])('%j is no address', (address) => {
  expect(networkOf(address)).toBe('unknown');
});

const group = fc.integer({ min: 1, max: 0xffff });
const written = (groups: readonly number[]) => groups.map((one) => one.toString(16)).join(':');

test('all 2^64 addresses of a /64 are one network, and none is of the next', () => {
  const half = fc.array(group, { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(half, half, half, (prefix, one, other) => {
      fc.pre(prefix[0] !== 0 && (prefix[3] ?? 0) < 0xffff);
      const next = [...prefix.slice(0, 3), (prefix[3] ?? 0) + 1];
      const network = networkOf(written([...prefix, ...one]));
      expect(networkOf(written([...prefix, ...other]))).toBe(network);
      expect(networkOf(written([...next, ...one]))).not.toBe(network);
    }),
  );
});
