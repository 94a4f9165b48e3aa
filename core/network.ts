// The network that an address belongs to, as rate limits count it. A home or a server is given a
// /64 of IPv6, 2^64 addresses, so counting each alone would limit nobody; IPv4 is counted singly.

/** Such as `203.0.113.7` or `2001:db8:0:1::/64`; `unknown` for what is no address. */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const v4 = octets(address);
  if (v4) return v4.join('.');
  const groups = hextets(address);
  if (groups === undefined) return 'unknown';
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups;
  // ::ffff:a.b.c.d is an IPv4 address in IPv6's clothes.
  if ([a, b, c, d, e].every((group) => group === 0) && f === 0xffff) {
    return [g >> 8, g & 255, h >> 8, h & 255].join('.');
  }
  return `${[a, b, c, d].map((group) => group.toString(16)).join(':')}::/64`;
}

function octets(text: string): number[] | undefined {
  const parts = text.split('.');
  const fit = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && +part < 256);
  return fit ? parts.map(Number) : undefined;
}

/** The eight groups of an IPv6 address (RFC 4291, 2.2), or undefined. */
function hextets(text: string): number[] | undefined {
  const [address = ''] = text.split('%');
  const halves = address.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(groupsOf);
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const known = head.length + (tail?.length ?? 0);
  if (tail === undefined) return known === 8 ? head : undefined;
  return known < 8 ? [...head, ...new Array<number>(8 - known).fill(0), ...tail] : undefined;
}

function groupsOf(half: string): number[] | undefined {
  if (half === '') return [];
  const parts = half.split(':');
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    const v4 = index === parts.length - 1 ? octets(part) : undefined;
    if (v4) {
      const [a = 0, b = 0, c = 0, d = 0] = v4;
      groups.push(a * 256 + b, c * 256 + d);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}
